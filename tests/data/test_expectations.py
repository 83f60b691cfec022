"""Great Expectations behind one function. One import of it (some seconds) serves all tests of this module."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from stages.data.expectations import check_table
from stages.runtime.errors import UserError
from stages.validate import read_expectations

PROJECT = Path(__file__).parents[2]
SOURCE = Path("mine.yaml")
LISTS = sorted([*PROJECT.glob("data/expectations/*.yaml"), *PROJECT.glob("stages/tasks/*/expectations.yaml")])
TEXTS = pd.DataFrame(
    {
        "id": [f"mine-{n}" for n in range(1, 13)],
        "file": "mine.csv",
        "row": range(1, 13),
        "text": [f"text {n}" for n in range(12)],
        "label": ["ham" if n % 3 else "spam" for n in range(12)],
    }
)

pytestmark = pytest.mark.xdist_group("great_expectations")


def check(*items: Any, table: pd.DataFrame = TEXTS) -> dict[str, Any]:
    """Hold a table against expectations; what comes out can be written as JSON."""
    outcome = check_table(table, list(items), SOURCE)
    json.dumps(outcome, allow_nan=False)
    return outcome


def test_expectations_that_are_met():
    outcome = check(
        {"type": "expect_column_values_to_be_unique", "column": "id"},
        {"type": "expect_column_values_to_match_regex", "column": "text", "regex": r"\S"},
    )
    assert outcome["success"]
    assert outcome["expectations"][1] == {
        "type": "expect_column_values_to_match_regex",
        "arguments": {"column": "text", "regex": r"\S"},
        "success": True,
        "unexpected_count": 0,
        "unexpected_percent": 0.0,
        "observed_value": None,
        "samples": [],
        "error": None,
    }


def test_at_most_three_samples_with_their_rows():
    (result,) = check({"type": "expect_column_values_to_be_in_set", "column": "label", "value_set": ["spam"]})[
        "expectations"
    ]
    assert (result["success"], result["unexpected_count"]) == (False, 8)
    assert result["samples"] == [{"file": "mine.csv", "row": row, "value": "ham"} for row in (2, 3, 5)]


def test_null_values_are_told_with_their_rows():
    table = TEXTS.assign(label=[*TEXTS["label"][:-1], None])
    (result,) = check({"type": "expect_column_values_to_not_be_null", "column": "label"}, table=table)["expectations"]
    assert result["unexpected_percent"] == pytest.approx(100 / 12)
    assert result["samples"] == [{"file": "mine.csv", "row": 12, "value": None}]


def test_a_missing_column_is_told():
    (result,) = check({"type": "expect_column_values_to_not_be_null", "column": "txt"})["expectations"]
    assert not result["success"] and 'The column "txt"' in result["error"] and "Traceback" not in result["error"]


def test_results_keep_the_order_of_the_items():
    items = [
        {"type": "expect_column_values_to_not_be_null", "column": "text"},
        {"type": "expect_table_row_count_to_be_between", "min_value": 100},
        {"type": "expect_column_values_to_not_be_null", "column": "label"},
        {"type": "expect_column_values_to_not_be_null", "column": "text"},
    ]
    results = check(*items)["expectations"]
    assert [{"type": result["type"]} | result["arguments"] for result in results] == items
    assert [result["success"] for result in results] == [True, False, True, True]
    assert results[1]["observed_value"] == 12


def test_sets_of_values_are_sorted():
    values = [f"label {n}" for n in range(30)]
    item = {"type": "expect_column_distinct_values_to_equal_set", "column": "label", "value_set": values}
    (result,) = check(item)["expectations"]
    assert result["observed_value"] == {"missing": ["label 0", "label 1", "label 10"]}
    assert result["samples"] == [
        {"file": "mine.csv", "row": 2, "value": "ham"},
        {"file": "mine.csv", "row": 1, "value": "spam"},
    ]


def test_shares_of_labels():
    shares = {"values": ["ham", "spam"], "weights": [0.1, 0.9]}
    item = {"type": "expect_column_kl_divergence_to_be_less_than", "column": "label", "partition_object": shares}
    (result,) = check(item | {"threshold": 0.1})["expectations"]
    assert not result["success"] and result["observed_value"] > 0.9


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (
            {"type": "expect_column_values_to_be_uniqe", "column": "id"},
            "mine.yaml: item 1: unknown type 'expect_column_values_to_be_uniqe': did you mean "
            "expect_column_values_to_be_unique or ",
        ),
        ({"type": "nothing"}, "mine.yaml: item 1: unknown type 'nothing'"),
        (
            {"type": "expect_column_values_to_be_unique", "colum": "id"},
            "mine.yaml: item 1 (expect_column_values_to_be_unique): unknown argument 'colum': did you mean 'column'? ",
        ),
        (
            {"type": "expect_column_values_to_be_unique"},
            "mine.yaml: item 1 (expect_column_values_to_be_unique): bad arguments: 'column': field required",
        ),
        (
            {"type": "expect_column_values_to_be_unique", "column": "id", "mostly": 7},
            "mine.yaml: item 1 (expect_column_values_to_be_unique): bad arguments: 'mostly': ",
        ),
        ("expect_column_values_to_be_unique", "mine.yaml: item 1 must be a mapping with the key 'type'"),
    ],
)
def test_bad_items(item, message):
    with pytest.raises(UserError) as caught:
        check(item)
    assert str(caught.value).startswith(message)


def test_all_bad_items_are_told_at_once():
    with pytest.raises(UserError) as caught:
        check({"type": "nothing"}, {"type": "expect_column_to_exist", "column": "id"}, "no mapping")
    first, second = str(caught.value).split("\n")
    assert "item 1: unknown type 'nothing'" in first and "item 3 must be a mapping" in second


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.relative_to(PROJECT).as_posix())
def test_the_projects_own_lists_hold_known_expectations(path):
    from stages.data.expectations import _build_all

    items = read_expectations(path)
    assert len(_build_all(items, path)) == len(items)


@pytest.mark.parametrize("name", ["reuters_r8", "movie_reviews"])
def test_the_default_datasets_expectations_refuse_empty_texts(name):
    items = read_expectations(PROJECT / "data/expectations" / f"{name}.yaml")
    assert {"type": "expect_column_values_to_match_regex", "column": "text", "regex": r"\S"} in items
    assert {"type": "expect_column_values_to_not_be_null", "column": "text"} in items
