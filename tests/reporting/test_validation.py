"""A validation as JSON, as a page and in words."""

from pathlib import Path
from typing import Any

import pyarrow as pa

from stages.data.table import Table
from stages.reporting.validation import failure_message, make_report, render

AGGREGATE = {
    "type": "expect_column_mean_to_be_between",
    "arguments": {"column": "row", "min_value": 3},
    "success": False,
    "unexpected_count": None,
    "unexpected_percent": None,
    "observed_value": 1.23456789,
    "samples": [],
    "error": None,
}


def content(**more: Any) -> dict[str, Any]:
    """Return a report of one expectation that is not met."""
    report = {"dataset": "mine", "success": False, "files": [], "rows_read": 2, "rows_dropped": {"blank line": 1}}
    return report | {"rows": 1, "expectations": [AGGREGATE]} | more


def test_an_aggregate_without_rows():
    assert "observed: 1.235" in render(content())
    message = failure_message(content(), Path("mine.yaml"), Path("mine.html"))
    assert message.startswith("mine: 1 of 1 expectations of mine.yaml not met")
    assert "expect_column_mean_to_be_between(column='row', min_value=3): observed 1.235" in message
    assert message.endswith("the whole report: mine.html")


def test_an_expectation_that_cannot_be_tested():
    report = content(expectations=[AGGREGATE | {"observed_value": None, "error": "there is no column"}])
    assert "expect_column_mean_to_be_between(column='row', min_value=3): there is no column" in failure_message(
        report, Path("mine.yaml"), Path("mine.html")
    )
    assert "there is no column" in render(report)


def test_labels_and_parts_are_counted_where_there_are_any():
    rows = pa.table({"label": ["b", "a", None, "a"], "part": ["train", "train", None, "test"], "text": list("wxyz")})
    outcome = {"success": True, "expectations": []}
    report = make_report("mine", Table(rows, [], 5, {"blank line": 1}), outcome)
    assert report["labels"] == {"a": 2, "(no label)": 1, "b": 1}
    assert report["parts"] == {"train": 2, "(not given)": 1, "test": 1}
    assert (report["rows_read"], report["rows"], report["rows_dropped"]) == (5, 4, {"blank line": 1})
    assert "(no label)" in render(report) and "Official parts" in render(report)
    bare = make_report("mine", Table(rows.select(["text"]), [], 4, {}), outcome)
    assert "labels" not in bare and "parts" not in bare and "notes" not in bare
    assert "Labels" not in render(bare)


def test_notes_are_shown():
    notes = {"frequency": "1 h", "series": {"demand": 1}, "daylight_saving_steps": [], "filled": {"demand": 0}}
    report = content(notes=notes)
    assert "Series, a value every 1 h" in render(report)
    rows = pa.table({"text": ["a"]})
    outcome = {"success": True, "expectations": []}
    assert make_report("mine", Table(rows, [], 1, {}, notes), outcome)["notes"] == notes


def test_remarks_are_shown_and_kept():
    rows, outcome = pa.table({"text": ["a"]}), {"success": True, "expectations": []}
    report = make_report("mine", Table(rows, [], 1, {}, remarks=["1 label was <merged>"]), outcome)
    assert report["remarks"] == ["1 label was <merged>"]
    assert "1 label was &lt;merged&gt;" in render(report)
    assert "remarks" not in make_report("mine", Table(rows, [], 1, {}), outcome)


def test_what_was_dropped_is_told_where_expectations_are_not_met():
    assert "of 2 rows read: 1 dropped (blank line)" in failure_message(content(), Path("mine.yaml"), Path("mine.html"))
    assert "rows read" not in failure_message(content(rows_dropped={}), Path("mine.yaml"), Path("mine.html"))
