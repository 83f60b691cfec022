"""One import of Great Expectations (some seconds) serves all tests of this module, in one process."""

import hashlib
import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from small_params import others

import stages.params
from stages.console import Problem
from stages.validate import failure_message, read_expectations, render, validate

ROOT = Path(__file__).parents[1]
STARTER = ROOT / "stages/classification/expectations.yaml"
PARAMS = (
    """
seeds: [1]
parallel: {}
datasets:
  mine:
    task: classification
    source: {path: mine.csv}
    reading: {}
    split: {}
    tokenizer: {}
classification:
  datasets: [mine]
  training: {}
  models: {majority: {}}
"""
    + others("classification")
    + "evaluation: {}\n"
)
GOOD = "text,label\n" + "".join(f"text {n},{'ham' if n % 3 else 'spam'}\n" for n in range(12))
OUTPUTS = ("reports/validation/mine.json", "reports/validation/mine.html", "data/prepared/mine/table.parquet")

pytestmark = pytest.mark.xdist_group("great_expectations")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with one data set, `mine`, that the starter's expectations hold for."""
    monkeypatch.chdir(tmp_path)
    stages.params.load.cache_clear()
    write("params.yaml", PARAMS)
    write("data/raw/mine/mine.csv", GOOD)
    write("data/expectations/mine.yaml", STARTER.read_text())
    yield tmp_path
    stages.params.load.cache_clear()


def write(path, text):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)


def expect(*items):
    write("data/expectations/mine.yaml", json.dumps(items))


def failure():
    with pytest.raises(Problem) as caught:
        validate("mine")
    assert not Path(OUTPUTS[2]).exists()
    return str(caught.value)


def report():
    return json.loads(Path(OUTPUTS[0]).read_text())


def test_valid_data(project, capsys):
    validate("mine")
    table = pq.read_table(OUTPUTS[2])
    assert table.schema.names == ["id", "file", "row", "text", "label", "part"]
    assert table.slice(0, 1).to_pylist() == [
        {"id": "mine-1", "file": "mine.csv", "row": 1, "text": "text 0", "label": "spam", "part": None}
    ]
    written = report()
    assert written["success"]
    assert (written["rows_read"], written["rows"], written["labels"]) == (12, 12, {"ham": 8, "spam": 4})
    assert written["files"] == [{"name": "mine.csv", "bytes": len(GOOD), "encoding": "utf-8", "rows": 12}]
    assert written["parts"] == {"(not given)": 12}
    assert "✓ Valid." in Path(OUTPUTS[1]).read_text()
    assert "mine: 12 rows, 7 expectations met" in capsys.readouterr().out


def test_a_detected_encoding_is_told(project, capsys):
    text = GOOD + "Die Straße war größtenteils überflutet,ham\nÄrgerlich fand der Käufer die Qualität,spam\n"
    Path("data/raw/mine/mine.csv").write_bytes(text.encode("latin-1"))
    validate("mine")
    assert "note: mine.csv is not UTF-8 but 'cp1252'" in capsys.readouterr().err
    assert report()["files"][0]["encoding"] == "cp1252"


def test_the_same_input_gives_the_same_bytes(project):
    def hashes():
        validate("mine")
        return [hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in OUTPUTS]

    assert hashes() == hashes()


def test_an_empty_text_fails_with_its_row_and_leaves_no_table(project):
    validate("mine")
    write("data/raw/mine/mine.csv", GOOD + ",ham\n  ,spam\nlast,\n")
    told = failure()
    assert "mine: 2 of 7 expectations of data/expectations/mine.yaml not met" in told
    assert r"expect_column_values_to_match_regex(column='text', regex='\\S'): 2 unexpected" in told
    assert "mine.csv, row 13: ''" in told
    assert "mine.csv, row 14: '  '" in told
    assert r"expect_column_values_to_match_regex(column='label', regex='\\S'): 1 unexpected" in told
    assert "mine.csv, row 15: ''" in told
    assert not report()["success"]
    assert "✗ Not valid." in Path(OUTPUTS[1]).read_text()


def test_null_texts_and_labels_fail_with_their_rows(project):
    lines = [{"text": f"t{n}", "label": "xy"[n % 2]} for n in range(10)] + [
        {"label": "x"},
        {"text": "t", "label": None},
    ]
    Path("data/raw/mine/mine.csv").unlink()
    write("data/raw/mine/mine.jsonl", "\n".join(map(json.dumps, lines)))
    told = failure()
    assert (
        "expect_column_values_to_not_be_null(column='text'): 1 unexpected (8.333 %)\n    mine.jsonl, row 11: None"
        in told
    )
    assert "expect_column_values_to_not_be_null(column='label'): 1 unexpected (8.333 %)\n    mine.jsonl, row 12" in told


def test_at_most_three_samples(project):
    expect({"type": "expect_column_values_to_be_in_set", "column": "label", "value_set": ["spam"]})
    told = failure()
    assert "8 unexpected" in told
    assert [sample["row"] for sample in report()["expectations"][0]["samples"]] == [2, 3, 5]


def test_a_missing_column_is_told(project):
    expect({"type": "expect_column_values_to_not_be_null", "column": "txt"})
    assert "expect_column_values_to_not_be_null(column='txt'): Error: The column \"txt\"" in failure()
    assert "Traceback" not in Path(OUTPUTS[0]).read_text()


def test_results_keep_the_order_of_the_items(project):
    items = [
        {"type": "expect_column_values_to_not_be_null", "column": "text"},
        {"type": "expect_table_row_count_to_be_between", "min_value": 100},
        {"type": "expect_column_values_to_not_be_null", "column": "label"},
        {"type": "expect_column_values_to_not_be_null", "column": "text"},
    ]
    expect(*items)
    assert "expect_table_row_count_to_be_between(min_value=100): observed 12" in failure()
    results = report()["expectations"]
    assert [{"type": result["type"]} | result["arguments"] for result in results] == items
    assert [result["success"] for result in results] == [True, False, True, True]


def test_sets_of_values_are_sorted(project):
    values = [f"label {n}" for n in range(30)]
    expect({"type": "expect_column_distinct_values_to_equal_set", "column": "label", "value_set": values})
    told = failure()
    assert "observed missing: label 0, label 1, label 10" in told
    assert report()["expectations"][0]["samples"] == [
        {"file": "mine.csv", "row": 2, "value": "ham"},
        {"file": "mine.csv", "row": 1, "value": "spam"},
    ]


def test_shares_of_labels(project):
    shares = {"values": ["ham", "spam"], "weights": [0.1, 0.9]}
    expect(
        {"type": "expect_column_kl_divergence_to_be_less_than", "column": "label", "partition_object": shares}
        | {"threshold": 0.1}
    )
    assert "observed 0.9" in failure()


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (
            {"type": "expect_column_values_to_be_uniqe", "column": "id"},
            "data/expectations/mine.yaml: item 1: unknown type 'expect_column_values_to_be_uniqe': "
            "did you mean expect_column_values_to_be_unique or ",
        ),
        ({"type": "nothing"}, "unknown type 'nothing'"),
        (
            {"type": "expect_column_values_to_be_unique", "colum": "id"},
            "item 1 (expect_column_values_to_be_unique): unknown argument 'colum': did you mean 'column'? valid: ",
        ),
        ({"type": "expect_column_values_to_be_unique"}, "bad arguments: 'column': field required"),
        ({"type": "expect_column_values_to_be_unique", "column": "id", "mostly": 7}, "bad arguments: 'mostly': "),
        ("expect_column_values_to_be_unique", "item 1 must be a mapping with the key 'type'"),
    ],
)
def test_bad_items(project, item, expected):
    expect(item)
    assert expected in failure()


def test_all_bad_items_are_told_at_once(project):
    expect({"type": "nothing"}, {"type": "expect_column_to_exist", "column": "id"}, "no mapping")
    told = failure()
    assert "item 1: unknown type 'nothing'" in told and "item 3 must be a mapping" in told and "item 2" not in told


@pytest.mark.parametrize(
    ("text", "expected"),
    [("- type: [", "mine.yaml:1: not valid YAML"), ("type: x", "must be a list"), ("", "must be a list")],
)
def test_files_that_hold_no_list_of_expectations(tmp_path, text, expected):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(Problem, match=expected):
        read_expectations(path)


def test_missing_expectations(tmp_path):
    with pytest.raises(Problem, match=r"is missing: `python -m stages.check` writes a starter"):
        read_expectations(tmp_path / "mine.yaml")


def test_the_page_escapes_what_comes_from_the_data_and_loads_nothing(project):
    evil = "<script>alert(1)</script>"
    write("data/raw/mine/mine.csv", f"{GOOD}{evil},{evil}\n{evil},ham\n")
    expect({"type": "expect_column_values_to_not_match_regex", "column": "text", "regex": "<[a-z]+>"})
    failure()
    page = Path(OUTPUTS[1]).read_text()
    assert "<script" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 3  # two samples, one label
    assert "&lt;[a-z]+&gt;" in page
    assert not re.search(r"https?:|//|src=|@import|url\(", page)
    assert "prefers-color-scheme: dark" in page
    assert 'name="viewport"' in page


def test_long_values_are_cut(project):
    write("data/raw/mine/mine.csv", GOOD + "y" * 5000 + ",ham\n")
    expect({"type": "expect_column_value_lengths_to_be_between", "column": "text", "max_value": 100})
    told = failure()
    assert "mine.csv, row 13: '" + "y" * 59 + "…'" in told
    assert len(report()["expectations"][0]["samples"][0]["value"]) == 200


def test_page_and_message_of_an_aggregate_without_rows():
    result = {
        "type": "expect_column_mean_to_be_between",
        "arguments": {"column": "row", "min_value": 3},
        "success": False,
        "unexpected_count": None,
        "unexpected_percent": None,
        "observed_value": 1.23456789,
        "samples": [],
        "error": None,
    }
    content = {"dataset": "mine", "success": False, "files": [], "rows_read": 2, "rows_dropped": {"blank line": 1}}
    content |= {"rows": 1, "labels": {"x": 1}, "parts": {"train": 1}, "expectations": [result]}
    assert "observed: 1.235" in render(content)
    told = failure_message(content, Path("e.yaml"))
    assert "expect_column_mean_to_be_between(column='row', min_value=3): observed 1.235" in told


@pytest.mark.parametrize("name", ["reuters_r8", "movie_reviews"])
def test_the_default_datasets_expectations_are_known_and_refuse_empty_texts(name):
    from stages.expectations import _build

    path = ROOT / "data/expectations" / f"{name}.yaml"
    items = read_expectations(path)
    for number, item in enumerate(items, start=1):
        _build(item, number, path)
    assert {"type": "expect_column_values_to_match_regex", "column": "text", "regex": r"\S"} in items
    assert {"type": "expect_column_values_to_not_be_null", "column": "text"} in items
