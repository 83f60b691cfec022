"""What a validation found: as JSON, as a page, and in words."""

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa

from stages.data.table import Table
from stages.reporting.pages import environment
from stages.runtime.remarks import dropped_rows, with_remarks

COUNTED = {"labels": ("label", "(no label)"), "parts": ("part", "(not given)")}  # columns whose values are counted
SHOWN = 200  # characters of a sample in the report, 60 in a message


def make_report(dataset: str, table: Table, outcome: dict[str, Any]) -> dict[str, Any]:
    """Return what is written as JSON and as a page: where the rows come from, counts, each expectation's outcome.

    Args:
        dataset: its name.
        table: what the task read.
        outcome: what `stages.data.expectations.check_table` returned.
    """
    results = [
        result | {"samples": [sample | {"value": _cut(sample["value"], SHOWN)} for sample in result["samples"]]}
        for result in outcome["expectations"]
    ]
    report = {
        "dataset": dataset,
        "success": outcome["success"],
        "files": table.files,
        "rows_read": table.rows_read,
        "rows_dropped": dict(table.rows_dropped),
        "rows": table.rows.num_rows,
        "expectations": results,
    }
    counts = {
        name: _counts(table.rows[column], missing)
        for name, (column, missing) in COUNTED.items()
        if column in table.rows.column_names
    }
    notes = {"notes": dict(table.notes)} if table.notes else {}
    return report | notes | with_remarks(table.remarks) | counts


def render(report: dict[str, Any]) -> str:
    """Return the report as a page that loads nothing; whatever comes from the data is escaped."""
    templates = environment({"plain": _plain})
    return templates.get_template("validation.html.j2").render(report=report)


def failure_message(report: dict[str, Any], source: Path, page: Path | None = None) -> str:
    """Return a message that lists every failed expectation with its arguments, counts and samples.

    Args:
        report: what `make_report` returned.
        source: the file of expectations.
        page: the file of the whole report, if there is one.
    """
    failed = [result for result in report["expectations"] if not result["success"]]
    lines = [f"{report['dataset']}: {len(failed)} of {len(report['expectations'])} expectations of {source} not met"]
    for result in failed:
        arguments = ", ".join(f"{name}={value!r}" for name, value in result["arguments"].items())
        lines.append(f"  {result['type']}({arguments}): {_reason(result)}")
        for sample in result["samples"]:
            where = f"{sample['file']}, row {sample['row']}: " if sample["file"] else ""
            lines.append(f"    {where}{_cut(sample['value'], 60)!r}")
    if report["rows_dropped"]:
        lines.append(f"  of {report['rows_read']} rows read: {dropped_rows(report['rows_dropped'])}")
    lines.append("mend the data or the expectations" + (f"; the whole report: {page}" if page else ""))
    return "\n".join(lines)


def _reason(result: dict[str, Any]) -> str:
    if result["error"]:
        return str(result["error"])
    parts = []
    if result["unexpected_count"] is not None:
        share = f" ({result['unexpected_percent']:.4g} %)" if result["unexpected_percent"] is not None else ""
        parts.append(f"{result['unexpected_count']} unexpected{share}")
    if result["observed_value"] is not None:
        parts.append(f"observed {_plain(result['observed_value'])}")
    return ", ".join(parts) or "not met"


def _counts(column: pa.ChunkedArray, missing: str) -> dict[str, int]:
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
