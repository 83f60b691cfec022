"""Great Expectations behind one plain function. No other module imports it: it is slow to import and often changes."""

import difflib
import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from stages.runtime.errors import UserError, nearest

if TYPE_CHECKING:
    import pandas as pd
    from great_expectations.expectations.expectation import Expectation

SAMPLES = 3
# Arguments of Great Expectations that have no use here: what runs, and what is reported, is decided by this module.
RESERVED = {
    "batch_id",
    "catch_exceptions",
    "description",
    "id",
    "meta",
    "notes",
    "rendered_content",
    "result_format",
    "severity",
    "windows",
}
RESULT_FORMAT = {
    "result_format": "SUMMARY",
    "unexpected_index_column_names": ["file", "row"],
    "partial_unexpected_count": SAMPLES,
}


def check_table(frame: "pd.DataFrame", items: list[dict], source: Path) -> dict:
    """Hold a table against expectations.

    Args:
        frame: the table; its columns `file` and `row` tell where a value stands in the raw data.
        items: for each expectation its `type` in snake_case, and its arguments.
        source: the file that the items come from, for messages.

    Returns:
        `success`, and in the order of the items `expectations`: type, arguments, success, unexpected_count,
        unexpected_percent, observed_value, samples (at most three: file, row, value) and error (why an
        expectation could not be tested at all, else null).

    Raises:
        UserError: an item names no expectation, or has bad arguments.
    """
    import great_expectations as gx

    expectations = _build_all(items, source)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    suite = context.suites.add(gx.ExpectationSuite(name="expectations", expectations=expectations))
    asset = context.data_sources.add_pandas("raw").add_dataframe_asset("table")
    batch = asset.add_batch_definition_whole_dataframe("whole")
    definition = gx.ValidationDefinition(name="validation", data=batch, suite=suite)
    outcome = definition.run(batch_parameters={"dataframe": frame}, result_format=RESULT_FORMAT).to_json_dict()
    outcomes = {result["expectation_config"]["meta"]["item"]: result for result in outcome["results"]}
    results = [_plain_result(item, outcomes[number], frame) for number, item in enumerate(items, start=1)]
    return {"success": all(result["success"] for result in results), "expectations": results}


def _build_all(items: list, source: Path) -> list["Expectation"]:
    """Return every item's expectation, or raise one problem that tells of all bad items."""
    built, problems = [], []
    for number, item in enumerate(items, start=1):
        try:
            built.append(_build(item, number, source))
        except UserError as problem:
            problems.append(str(problem))
    if problems:
        raise UserError("\n".join(problems))
    return built


def _build(item: object, number: int, source: Path) -> "Expectation":
    """Return the expectation that an item describes; it carries the item's number, as results come in another order."""
    import great_expectations.expectations as library

    where = f"{source}: item {number}"
    if not isinstance(item, dict) or not isinstance(item.get("type"), str):
        raise UserError(f"{where} must be a mapping with the key 'type', such as {{type: expect_column_to_exist, …}}")
    named = {name: getattr(library, name) for name in dir(library) if name.startswith("Expect")}
    types = {kind.expectation_type: kind for name, kind in named.items() if name != "Expectation"}
    if item["type"] not in types:
        near = difflib.get_close_matches(item["type"], types, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "take one from Great Expectations' gallery"
        raise UserError(f"{where}: unknown type '{item['type']}': {hint}")
    kind = types[item["type"]]
    arguments = {name: value for name, value in item.items() if name != "type"}
    valid = set(kind.__fields__) - RESERVED
    unknown = [name for name in arguments if name not in valid]
    if unknown:
        raise UserError(f"{where} ({item['type']}): unknown argument '{unknown[0]}': {nearest(unknown[0], valid)}")
    try:
        return kind(**arguments, meta={"item": number})
    except (ValueError, TypeError) as error:
        raise UserError(f"{where} ({item['type']}): bad arguments: {_argument_errors(error)}") from None


def _argument_errors(error: Exception) -> str:
    """Word pydantic's errors; any other error speaks for itself."""
    if not hasattr(error, "errors"):
        return str(error)
    return "; ".join(f"'{'.'.join(map(str, each['loc']))}': {each['msg']}" for each in error.errors())


def _plain_result(item: dict, outcome: dict, frame: "pd.DataFrame") -> dict:
    """Keep of an outcome what is the same in every run and says something."""
    result = outcome["result"]
    observed = result.get("observed_value")
    if result.get("missing_count") and "partial_missing_list" in result:
        observed = {"missing": _sorted_difference(item["value_set"], frame[item["column"]].dropna())[:SAMPLES]}
    return {
        "type": item["type"],
        "arguments": {name: _plain(value) for name, value in item.items() if name != "type"},
        "success": bool(outcome["success"]),
        "unexpected_count": result.get("unexpected_count"),
        "unexpected_percent": result.get("unexpected_percent"),
        "observed_value": _plain(observed),
        "samples": _samples(item, result, frame),
        "error": _error(outcome["exception_info"]),
    }


def _samples(item: dict, result: dict, frame: "pd.DataFrame") -> list[dict]:
    """Return the first unexpected values with their file and row; of a set's values, where each stands first."""
    if "partial_unexpected_index_list" in result:
        rows = result["partial_unexpected_index_list"][:SAMPLES]
    elif result.get("partial_unexpected_list"):
        column = frame[item["column"]]
        values = _sorted_difference(column.dropna(), item["value_set"])[:SAMPLES]
        rows = [frame.loc[column.eq(value).idxmax()].to_dict() for value in values]
    else:
        rows = []
    samples = []
    for row in rows:
        several = {name: value for name, value in row.items() if name not in ("file", "row")}
        value = row[item["column"]] if "column" in item else several
        samples.append({"file": row["file"], "row": int(row["row"]), "value": _plain(value)})
    return samples


def _sorted_difference(values: Iterable, others: Iterable) -> list:
    """Return what is in the first alone. The library lists some of it only, chosen and ordered by chance."""
    return sorted(set(values) - set(others), key=str)


def _error(exception_info: dict) -> str | None:
    """Return why an expectation could not be tested, such as a missing column: it stands nowhere else."""
    entries = [exception_info, *(entry for entry in exception_info.values() if isinstance(entry, dict))]
    messages = {entry["exception_message"] for entry in entries if entry.get("raised_exception")}
    return "; ".join(sorted(map(str, messages))) or None


def _plain(value: object) -> object:
    """Turn NumPy's and YAML's own types into JSON's, which knows no infinity either."""
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(each) for each in (sorted(value, key=str) if isinstance(value, set) else value)]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, str | int | float) else str(value)
