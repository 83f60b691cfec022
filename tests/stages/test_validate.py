"""`validate`: a table is written only if it meets its expectations, a report in any case."""

import csv
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stages import validate as module
from stages.config.dataset import Dataset
from stages.config.paths import Paths
from stages.data.table import Table
from stages.runtime.errors import UserError
from stages.runtime.files import write_text
from stages.validate import read_expectations, validate
from tests.toy_task import TASK

STARTER = [
    {"type": "expect_table_row_count_to_be_between", "min_value": 3},
    {"type": "expect_column_values_to_match_regex", "column": "text", "regex": r"\S"},
    {"type": "expect_column_values_to_match_regex", "column": "label", "regex": r"\S"},
]
GOOD = "text,label\n" + "".join(f"text {n},{'ham' if n % 3 else 'spam'}\n" for n in range(12))

pytestmark = pytest.mark.xdist_group("great_expectations")


class Texts(type(TASK)):
    """A task that reads one table of texts and labels."""

    def read(self, dataset: Dataset) -> Table:
        """Read mine.csv, whatever its encoding is called."""
        path = dataset.raw / "mine.csv"
        rows = list(csv.DictReader(path.read_text().splitlines()))
        where = ({"id": f"mine-{n}", "file": path.name, "row": n} for n in range(1, len(rows) + 1))
        table = pa.Table.from_pylist([place | row for place, row in zip(where, rows, strict=True)])
        guessed = {"encoding": "cp1252", "encoding_guessed": True} if "\u00e9" in path.read_text() else {}
        file = {"name": path.name, "bytes": path.stat().st_size, "encoding": "utf-8", "rows": len(rows)}
        return Table(table, [file | guessed], len(rows) + 1, {"blank line": 1})


@pytest.fixture
def dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """A dataset that meets its expectations."""
    monkeypatch.setattr(module, "find_task", lambda name: Texts())
    mine = Dataset(Paths(tmp_path), "texts", "mine")
    write_text(mine.raw / "mine.csv", GOOD)
    expect(mine, *STARTER)
    return mine


def expect(dataset: Dataset, *items: dict[str, Any]) -> None:
    write_text(dataset.expectations, json.dumps(items))


def report(dataset: Dataset) -> dict[str, Any]:
    return json.loads(dataset.report("validation").read_text())


def page(dataset: Dataset) -> str:
    return dataset.report("validation").with_suffix(".html").read_text()


def failure(dataset: Dataset) -> str:
    with pytest.raises(UserError) as caught:
        validate(dataset)
    assert not dataset.table.exists()
    return str(caught.value)


def test_valid_data(dataset, capsys):
    validate(dataset)
    assert pq.read_table(dataset.table).slice(0, 1).to_pylist() == [
        {"id": "mine-1", "file": "mine.csv", "row": 1, "text": "text 0", "label": "spam"}
    ]
    written = report(dataset)
    assert written["success"]
    assert (written["rows_read"], written["rows"], written["rows_dropped"]) == (13, 12, {"blank line": 1})
    assert written["files"] == [{"name": "mine.csv", "bytes": len(GOOD), "encoding": "utf-8", "rows": 12}]
    assert "✓ Valid." in page(dataset)
    assert capsys.readouterr().out == "mine: 12 rows, 1 dropped (blank line), 3 expectations met\n"


def test_a_guessed_encoding_is_told(dataset, capsys):
    write_text(dataset.raw / "mine.csv", f"{GOOD}café,ham\n")
    validate(dataset)
    note = capsys.readouterr().err
    assert note.startswith("note: mine.csv is not UTF-8 but 'cp1252'")
    assert "settle texts.datasets.mine.reading.encoding in params.yaml" in note


def test_the_same_input_gives_the_same_bytes(dataset):
    def hashes() -> list[str]:
        validate(dataset)
        paths = (dataset.table, dataset.report("validation"), dataset.report("validation").with_suffix(".html"))
        return [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]

    assert hashes() == hashes()


def test_an_empty_text_fails_with_its_row_and_leaves_no_table(dataset):
    validate(dataset)
    write_text(dataset.raw / "mine.csv", f"{GOOD},ham\n  ,spam\nlast,\n")
    message = failure(dataset)
    assert f"mine: 2 of 3 expectations of {dataset.expectations} not met" in message
    assert r"expect_column_values_to_match_regex(column='text', regex='\\S'): 2 unexpected" in message
    assert "mine.csv, row 13: ''" in message and "mine.csv, row 14: '  '" in message
    assert r"expect_column_values_to_match_regex(column='label', regex='\\S'): 1 unexpected" in message
    assert "mine.csv, row 15: ''" in message
    assert message.endswith(f"the whole report: {dataset.report('validation').with_suffix('.html')}")
    assert not report(dataset)["success"]
    assert "✗ Not valid." in page(dataset)


def test_bad_expectations_stop_before_a_report(dataset):
    expect(dataset, {"type": "nothing"})
    assert failure(dataset).startswith(f"{dataset.expectations}: item 1: unknown type 'nothing'")
    assert not dataset.report("validation").exists()


def test_the_page_escapes_what_comes_from_the_data_and_loads_nothing(dataset):
    evil = "<script>alert(1)</script>"
    write_text(dataset.raw / "mine.csv", f"{GOOD}{evil},{evil}\n{evil},ham\n")
    expect(dataset, {"type": "expect_column_values_to_not_match_regex", "column": "text", "regex": "<[a-z]+>"})
    failure(dataset)
    text = page(dataset)
    assert "<script" not in text
    assert text.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 2  # two samples
    assert "&lt;[a-z]+&gt;" in text
    assert not re.search(r"https?:|//|src=|@import|url\(", text)
    assert "prefers-color-scheme: dark" in text and 'name="viewport"' in text


def test_long_values_are_cut(dataset):
    write_text(dataset.raw / "mine.csv", f"{GOOD}{'y' * 5000},ham\n")
    expect(dataset, {"type": "expect_column_value_lengths_to_be_between", "column": "text", "max_value": 100})
    assert "mine.csv, row 13: '" + "y" * 59 + "…'" in failure(dataset)
    assert len(report(dataset)["expectations"][0]["samples"][0]["value"]) == 200


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- type: [", "mine.yaml:1: not valid YAML"),
        ("type: x", "must be a list"),
        ("", "must be a list"),
        ("[]", "must be a list"),
    ],
)
def test_files_that_hold_no_list_of_expectations(tmp_path, text, message):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(UserError, match=message):
        read_expectations(path)


def test_expectations_that_are_not_utf8(tmp_path):
    (tmp_path / "mine.yaml").write_bytes("é".encode("latin-1"))
    with pytest.raises(UserError, match=r"mine\.yaml is not UTF-8 text"):
        read_expectations(tmp_path / "mine.yaml")


def test_missing_expectations(tmp_path):
    with pytest.raises(UserError, match=r"is missing: `python -m stages.check` writes a starter"):
        read_expectations(tmp_path / "mine.yaml")
