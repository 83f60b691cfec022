"""Entries in and out of params.yaml as text: all else keeps its bytes."""

import pytest
from ruamel.yaml import YAML

from stages.app.params_file import with_entry, without_entry
from stages.runtime.errors import UserError
from tests.app.small import PROJECT

ENTRY = {"source": {"path": "a.csv"}}
LINES = ["mine:", "  source:", "    path: a.csv # said so"]
TASKS = ("classification", "generation", "forecasting", "seq2seq")


def put(text: str, task: str = "b") -> str:
    return with_entry(text, task, "mine", ENTRY, LINES, ["naive", "gru"])


@pytest.mark.parametrize("task", TASKS)
def test_the_shipped_file_gains_lines_alone_and_gets_them_back(task):
    text = (PROJECT / "params.yaml").read_text(encoding="utf-8")
    result = put(text, task)
    assert list(YAML(typ="safe").load(result)[task]["datasets"])[-1] == "mine"
    before, after = text.splitlines(), result.splitlines()
    start = after.index("    mine:")
    assert after[start : start + 3] == [f"    {line}" for line in LINES]
    assert after[: start - 1] + after[start + 3 :] == before and after[start - 1] == ""
    assert without_entry(result, task, "mine") == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("b:\n  datasets: {} # none\n  c: 1\n", "b:\n  datasets: # none\n    mine:\n@  c: 1\n"),
        ("b:\n  datasets:\n  c: 1\n", "b:\n  datasets:\n    mine:\n@  c: 1\n"),
        ("b:\n  datasets: null\n", "b:\n  datasets:\n    mine:\n@"),
        ("b:\n  c: 1\n", "b:\n  datasets:\n    mine:\n@  c: 1\n"),
        ("b:\n  datasets:\n    x: {}", "b:\n  datasets:\n    x: {}\n\n    mine:\n@"),
        (
            "b:\n  datasets:\n    x: {}\n    # of x\n\n  # of c\n  c: 1\n",
            "b:\n  datasets:\n    x: {}\n    # of x\n\n    mine:\n@\n  # of c\n  c: 1\n",
        ),
        ("b:\n  datasets:\n    x: {}\n\n# of d\nd: 1\n", "b:\n  datasets:\n    x: {}\n\n    mine:\n@\n# of d\nd: 1\n"),
    ],
)
def test_every_shape_of_a_section(text, expected):
    rest = "      source:\n        path: a.csv # said so\n"
    assert put(text) == expected.replace("@", rest)


@pytest.mark.parametrize("text", ["a: 1\n", "a: 1", "b:\na: 1\n", "b: {}\na: 1\n"])
def test_a_section_that_is_not_there_gets_all_models(text):
    content = YAML(typ="safe").load(put(text))
    assert content == {"a": 1, "b": {"datasets": {"mine": ENTRY}, "models": {"naive": {}, "gru": {}}}}


def test_ends_of_lines_stay():
    assert put("b:\r\n  datasets:\r\n    x: {}\r\n").count("\r\n") == put("b:\n  datasets:\n    x: {}\n").count("\n")


@pytest.mark.parametrize("text", ["b: {datasets: {x: {}}}\n", "b:\n  datasets: {x: {}}\n"])
def test_braces_are_left_to_people(text):
    with pytest.raises(UserError, match=r"put this below b\.datasets:\n    mine:"):
        put(text)


def test_an_entry_goes_with_its_comment_and_others_keep_theirs():
    mine = "    # of mine\n    mine:\n      p: 2\n\n"
    text = f"b:\n  datasets:\n    # of x\n    x: {{p: 1}}\n\n{mine}    # of z\n    z: {{p: 3}}\n"
    kept = "b:\n  datasets:\n    # of x\n    x: {p: 1}\n\n    # of z\n    z: {p: 3}\n"
    assert without_entry(text, "b", "mine") == kept
    assert without_entry(kept, "b", "x") == "b:\n  datasets:\n    # of z\n    z: {p: 3}\n"
    assert without_entry(kept, "b", "z") == "b:\n  datasets:\n    # of x\n    x: {p: 1}\n"


def test_the_last_entry_leaves_an_empty_mapping():
    text = "b:\n  datasets: # all\n    # an example\n\n    mine: {p: 2}\n  c: 1\n"
    assert without_entry(text, "b", "mine") == "b:\n  datasets: {} # all\n    # an example\n  c: 1\n"


def test_the_only_entry_leaves_the_blank_line_behind_it():
    text = "b:\n  datasets:\n    # of mine\n    mine: {p: 2}\n\n  # of c\n  c: 1\n"
    assert without_entry(text, "b", "mine") == "b:\n  datasets: {}\n\n  # of c\n  c: 1\n"
