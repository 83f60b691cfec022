"""Raw files → one tidy table, if it meets the data set's expectations; a report of it in any case."""

import sys
from collections import Counter
from pathlib import Path

from stages.console import Problem, run
from stages.files import remove, whole, write_json, write_text
from stages.params import load
from stages.tasks import task_module

TEMPLATES = Path(__file__).parent / "templates"
COUNTED = {"labels": ("label", "(no label)"), "parts": ("part", "(not given)")}  # columns whose values are counted
SHOWN = 200  # characters of a sample in the report, 60 in a message


def validate(dataset: str) -> None:
    """Read a data set's raw files, hold them against its expectations, and write the table and a report.

    Raises:
        Problem: the files cannot be read, or an expectation is not met; then no table is written.
    """
    from stages.expectations import check_table

    reading = load().dataset(dataset).reading
    output = Path("data/prepared") / dataset / "table.parquet"
    remove(output)  # a table that passed once must not outlive a validation that fails
    source = Path("data/expectations") / f"{dataset}.yaml"
    items = read_expectations(source)
    table = task_module(dataset, "reading").read(Path("data/raw") / dataset, reading)
    _note_detected(dataset, reading, table.files)
    outcome = check_table(table.rows.to_pandas(), items, source)
    report = make_report(dataset, table, outcome)
    reports = Path("reports/validation")
    write_json(reports / f"{dataset}.json", report)
    write_text(reports / f"{dataset}.html", render(report))
    if not report["success"]:
        raise Problem(failure_message(report, source))
    write_table(output, table.rows)
    dropped = "".join(f", {count} dropped ({reason})" for reason, count in report["rows_dropped"].items())
    print(f"{dataset}: {report['rows']} rows{dropped}, {len(report['expectations'])} expectations met")


def read_expectations(path: Path) -> list:
    """Read a data set's list of expectations.

    Raises:
        Problem: the file is missing, or holds no list.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError

    try:
        items = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Problem(f"{path} is missing: `python -m stages.check` writes a starter to edit") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Problem(f"{path}:{mark.line + 1}: not valid YAML: {error.problem or error.context}") from None
    except ValueError as error:
        raise Problem(f"{path} is not UTF-8 text: {error}") from None
    if not isinstance(items, list) or not items:
        raise Problem(f"{path} must be a list of expectations, each with a 'type' and its arguments")
    return items


def make_report(dataset: str, table, outcome: dict) -> dict:
    """Return what is written as JSON and as a page: where the rows come from, counts, and each expectation's outcome.

    Args:
        dataset: its name.
        table: what the `read` of the task's package returned.
        outcome: what `stages.expectations.check_table` returned.
    """
    results = [
        result | {"samples": [sample | {"value": _cut(sample["value"], SHOWN)} for sample in result["samples"]]}
        for result in outcome["expectations"]
    ]
    about = getattr(table, "about", None)  # what else the task's reading found out
    told = {"about": about} if about else {}
    return (
        {
            "dataset": dataset,
            "success": outcome["success"],
            "files": table.files,
            "rows_read": table.rows_read,
            "rows_dropped": table.rows_dropped,
            "rows": table.rows.num_rows,
            "expectations": results,
        }
        | told
        | {
            name: _counts(table.rows[column], missing)
            for name, (column, missing) in COUNTED.items()
            if column in table.rows.column_names
        }
    )


def render(report: dict) -> str:
    """Return the report as a page that loads nothing; whatever comes from the data is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["plain"] = _plain
    return environment.get_template("validation.html.j2").render(report=report)


def failure_message(report: dict, source: Path) -> str:
    """Return a message that lists every failed expectation with its arguments, counts and samples."""
    failed = [result for result in report["expectations"] if not result["success"]]
    lines = [f"{report['dataset']}: {len(failed)} of {len(report['expectations'])} expectations of {source} not met"]
    for result in failed:
        arguments = ", ".join(f"{name}={value!r}" for name, value in result["arguments"].items())
        lines.append(f"  {result['type']}({arguments}): {_reason(result)}")
        for sample in result["samples"]:
            where = f"{sample['file']}, row {sample['row']}: " if sample["file"] else ""
            lines.append(f"    {where}{_cut(sample['value'], 60)!r}")
    lines.append(f"mend the data or the expectations; the whole report: reports/validation/{report['dataset']}.html")
    return "\n".join(lines)


def write_table(path: Path, rows) -> None:
    """Write the tidy table (an Arrow table) as Parquet, with the same bytes for the same rows."""
    import pyarrow.parquet as pq

    with whole(path) as partial:
        pq.write_table(rows, partial, compression="zstd")


def _note_detected(dataset: str, reading, files: list[dict]) -> None:
    """Say which encodings were guessed: a wrong guess fails nowhere, it only garbles letters."""
    for file in files:
        if reading.encoding is None and file["encoding"] not in (None, "utf-8"):
            print(
                f"note: {file['name']} is not UTF-8 but '{file['encoding']}', as far as detection can tell: "
                f"look at its texts, and settle datasets.{dataset}.reading.encoding in params.yaml",
                file=sys.stderr,
            )


def _reason(result: dict) -> str:
    if result["error"]:
        return result["error"]
    parts = []
    if result["unexpected_count"] is not None:
        share = f" ({result['unexpected_percent']:.4g} %)" if result["unexpected_percent"] is not None else ""
        parts.append(f"{result['unexpected_count']} unexpected{share}")
    if result["observed_value"] is not None:
        parts.append(f"observed {_plain(result['observed_value'])}")
    return ", ".join(parts) or "not met"


def _counts(column, missing: str) -> dict[str, int]:
    """Count a column's values, the most frequent first."""
    counts = Counter(missing if value is None else value for value in column.to_pylist())
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _cut(value: object, length: int) -> object:
    return f"{value[: length - 1]}…" if isinstance(value, str) and len(value) > length else value


def _plain(value: object) -> str:
    """Show a value of a report as people write it."""
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_plain(each)}" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(_plain(each) for each in value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    run(validate)
