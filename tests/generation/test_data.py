"""Running text: reading, parts, tokens and windows, with what is refused in which words."""

import itertools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_params import others

from stages import params
from stages.audit import audit
from stages.console import Problem
from stages.generation.auditing import foreign_tokens, lost_text, shared_lines, works_in_two_parts
from stages.generation.data import Steps, encode, fit, spelling_bits, window_starts
from stages.generation.evaluation import _blocks
from stages.generation.params import Reading, Split, Window
from stages.generation.reading import read
from stages.generation.splitting import PARTS, split_table
from stages.split import split
from stages.validate import validate
from stages.window import window

PARAMS = (
    """
seeds: [1]
parallel: {}
datasets:
  mine: {task: generation, source: {path: mine}, window: {length: 16}}
generation: {datasets: [mine], seeds: [1], training: {}, models: {ngram: {}}}
"""
    + others("generation")
    + "evaluation: {}\n"
)
LINES = [f"line {number} of a work that is long enough\n" for number in range(400)]


def table(*texts: str) -> pd.DataFrame:
    ids = [f"w{number}" for number in range(len(texts))]
    return pd.DataFrame({"id": ids, "text": texts, "part": [None] * len(texts)})


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Return a function that prepares a dataset of one file's bytes."""
    monkeypatch.chdir(tmp_path)
    params.load.cache_clear()
    (tmp_path / "params.yaml").write_text(PARAMS)

    def prepare(**files: bytes) -> None:
        for name, content in files.items():
            path = Path("data/raw/mine", f"{name}.txt")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        Path("data/expectations").mkdir(parents=True, exist_ok=True)
        Path("data/expectations/mine.yaml").write_text("- {type: expect_column_to_exist, column: text}\n")
        for stage in (validate, split, window, audit):
            stage("mine")

    yield prepare
    params.load.cache_clear()


def test_a_users_own_file(project):
    project(mine="".join(LINES).encode())
    meta = json.loads(Path("data/prepared/mine/window/meta.json").read_text())
    ids, starts = (np.load(f"data/prepared/mine/window/train.{name}.npy") for name in ("ids", "starts"))
    assert meta["length"] == 16 and starts[-1] + 16 < len(ids)
    assert json.loads(Path("reports/audit/mine.json").read_text())["passed"]
    whole = "".join(
        pd.read_parquet(f"data/prepared/mine/{part}.parquet")["text"][0] for part in ("train", "validation", "test")
    )
    assert whole == "".join(LINES)


def test_a_folder_of_files_is_split_by_works(project):
    project(**{f"act{number}": "".join(LINES[100 * number : 100 * (number + 1)]).encode() for number in range(4)})
    ids = {part: pd.read_parquet(f"data/prepared/mine/{part}.parquet")["id"].tolist() for part in PARTS}
    assert ids == {"train": ["act0", "act1"], "validation": ["act2"], "test": ["act3"]}
    assert json.loads(Path("reports/audit/mine.json").read_text())["passed"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x00\x01" * 50, "mine.txt is not text: byte 0 is zero"),
        (b"caf\xe9\n" * 50, "mine.txt: byte 3 is not utf-8: set reading.encoding"),
        (b"a\nb", "no text is left for|too few for one window of 16"),
        (b"a" * 4000, r"train has 1 character\(s\) .* nothing to predict"),
    ],
)
def test_texts_that_are_refused(project, content, message):
    with pytest.raises(Problem, match=message):
        project(mine=content)


def test_no_file(tmp_path):
    with pytest.raises(Problem, match="holds no file"):
        read(tmp_path, Reading())


def test_line_ends_empty_files_and_parts(tmp_path):
    for name, content in {"test.txt": b"\xef\xbb\xbfa\r\nb\rc", "x.txt": b" \n", "y.txt": b"hello"}.items():
        (tmp_path / name).write_bytes(content)
    found = read(tmp_path, Reading(characters=4))
    assert found.rows.to_pydict() == {
        "id": ["test", "y"],
        "file": ["test.txt", "y.txt"],
        "row": [1, 1],
        "text": ["a\nb\n", "hell"],
        "part": ["test", None],
    }
    assert (found.rows_read, found.rows_dropped) == (3, {"empty file": 1})


@given(st.lists(st.integers(1, 50), min_size=3, max_size=12))
def test_works_stay_whole_and_in_order(sizes):
    parts, dropped = split_table(table(*("x" * size for size in sizes)), Split())
    assert [name for part in parts.values() for name in part["id"]] == [f"w{i}" for i in range(len(sizes))]
    assert all(len(part) for part in parts.values()) and dropped == {}


def test_one_work_is_cut_between_lines():
    parts, _ = split_table(table("".join(LINES)), Split(test=0.1, validation=0.05))
    texts = [part["text"][0] for part in parts.values()]
    assert "".join(texts) == "".join(LINES) and all(text.endswith("\n") for text in texts)
    assert len(texts[2]) / len("".join(LINES)) == pytest.approx(0.1, abs=0.01)


def test_leaks_are_found():
    one, other = table("".join(LINES[:50])), table("".join(LINES[40:60]))
    parts = {"train": one, "validation": table("short\n"), "test": other}
    assert works_in_two_parts(parts)[0] == "train and validation share w0"
    assert shared_lines(parts, 0.1)[0].startswith("50.0% of test's long lines stand in train")
    assert shared_lines(parts, 0.6) == []
    assert lost_text(table("abc"), {"train": table("ab")}) == ["the table has 3 characters, the parts together 2"]
    assert foreign_tokens("abc", {"[UNK]", "a", "z"}) == ["1 token(s) do not stand in train: 'z'"]


@pytest.mark.parametrize("unit", ["character", "word", "bpe"])
def test_tokens_joined_are_the_text_and_unknown_ones_keep_their_length(unit):
    text = "To be, or not\n\tto be — that [UNK] is. " * 20
    tokenizer = fit(text, Window(unit=unit, vocabulary=60))
    ids, lengths = encode(tokenizer, text)
    assert "".join(map(tokenizer.id_to_token, ids)) == text
    ids, lengths = encode(tokenizer, "to zéro\n")
    assert lengths.sum() == 8 and (ids == 0).any()
    cost = spelling_bits(ids, lengths, unit, 15)
    assert cost.sum() == (0 if unit == "character" else 4 * lengths[ids == 0].sum())


def test_stateful_rows_read_on_where_they_were():
    ids, length = np.arange(1000), 10
    starts = window_starts(len(ids), length)
    batches = list(Steps(ids, starts, length, 4, range(6), None))
    for (inputs, targets, _), (later, _, _) in itertools.pairwise(batches):
        assert (targets[:, -1] == later[:, 0]).all() and (targets == inputs + 1).all()


def test_blocks_hold_every_character_and_word_once():
    text = "some words and more\n" * 200
    lengths = np.ones(len(text), int)
    blocks = _blocks(text, np.full(len(text), 2.0), lengths)
    assert blocks[["characters", "words", "bits"]].sum().tolist() == [4000, 800, 8000]
