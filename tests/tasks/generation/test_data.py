"""Running text: reading, parts, tokens and windows, with what is refused in which words."""

import itertools
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.audit import audit
from stages.config.schema import PARTS
from stages.runtime.errors import UserError
from stages.tasks.discovery import find_task
from stages.tasks.generation.config import SplitConfig, WindowConfig
from stages.tasks.generation.evaluation import block_statistics
from stages.tasks.generation.leakage import foreign_tokens, lost_text, shared_lines, shared_spans, works_in_two_parts
from stages.tasks.generation.modeling.data import Batches, WindowMeta, encode, window_starts
from stages.tasks.generation.splitter import split_works
from stages.tasks.generation.windowing import fit_tokenizer
from tests.tasks.generation.small import make_dataset, write_params, write_raw

LINES = [f"line {number} of a work that is long enough\n" for number in range(400)]
SHORT_WINDOWS = {"window": {"length": 16}}


def table(*texts: str) -> pd.DataFrame:
    ids = [f"w{number}" for number in range(len(texts))]
    return pd.DataFrame({"id": ids, "text": texts, "part": [None] * len(texts)})


def test_a_users_own_file(tmp_path):
    dataset = make_dataset(tmp_path, {"mine.txt": "".join(LINES).encode()}, entry=SHORT_WINDOWS)
    audit(dataset)
    folder = dataset.prepared / "window"
    ids, starts = (np.load(folder / f"train.{name}.npy") for name in ("ids", "starts"))
    assert json.loads((folder / "meta.json").read_text())["length"] == 16 and starts[-1] + 16 < len(ids)
    assert json.loads(dataset.report("audit").read_text())["passed"]
    report = json.loads(dataset.report("prepare").read_text())
    assert report["train"]["tokens"] == len(ids) and report["train"]["windows"] == len(starts)
    assert "".join(pd.read_parquet(dataset.part(part))["text"][0] for part in PARTS) == "".join(LINES)


def test_a_folder_of_files_is_split_by_works(tmp_path):
    acts = {f"act{number}.txt": "".join(LINES[100 * number : 100 * (number + 1)]).encode() for number in range(4)}
    dataset = make_dataset(tmp_path, acts, entry=SHORT_WINDOWS)
    audit(dataset)
    ids = {part: pd.read_parquet(dataset.part(part))["id"].tolist() for part in PARTS}
    assert ids == {"train": ["act0", "act1"], "validation": ["act2"], "test": ["act3"]}


def test_ten_files_are_works_in_the_order_of_their_numbers(tmp_path):
    acts = {f"{number}.txt": "".join(LINES[30 * number : 30 * (number + 1)]).encode() for number in range(8, 12)}
    dataset = make_dataset(tmp_path, acts, entry=SHORT_WINDOWS)
    assert pd.read_parquet(dataset.part("train"))["id"].tolist() == ["8", "9"]


@pytest.mark.parametrize("end", ["", "\n"])
@pytest.mark.parametrize(
    "text", ["the quick brown fox " * 400, "some lines\n" * 300 + "one long end " * 90, "x" * 4000]
)
def test_a_last_line_longer_than_the_test_part_is_cut_all_the_same(text, end):
    works = pd.DataFrame({"id": ["a"], "text": [text + end], "part": [None]})
    parts = split_works(works, SplitConfig(validation=0.1, test=0.1)).parts
    assert "".join(part["text"][0] for part in parts.values()) == text + end
    assert all(len(part["text"][0]) > 100 for part in parts.values())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"ab", "no text is left for"),
        (b"".join(b"%d\n" % number for number in range(100)), "too few for one window of 16 .* lower generation"),
        (b"a" * 4000, r"train has 1 character\(s\) .* nothing to predict"),
    ],
)
def test_texts_that_are_refused(tmp_path, content, message):
    with pytest.raises(UserError, match=message):
        make_dataset(tmp_path, {"mine.txt": content}, entry=SHORT_WINDOWS)


@pytest.mark.parametrize("content", [b"line one\n\x00\x01line two\n" * 50, b"caf\xe9\n" * 50])
def test_files_that_are_not_of_the_declared_encoding(tmp_path, content):
    with pytest.raises(UserError, match=r"mine\.txt"):
        make_dataset(tmp_path, {"mine.txt": content}, entry={"reading": {"encoding": "utf-8"}})


def test_no_file(tmp_path):
    with pytest.raises(UserError, match="holds no file"):
        make_dataset(tmp_path, {})


def test_line_ends_empty_files_and_parts(tmp_path):
    dataset = write_params(tmp_path, entry={"reading": {"characters": 4}})
    write_raw(dataset, {"test.txt": b"\xef\xbb\xbfa\r\nb\rc", "x.txt": b" \n", "y.txt": b"hello"})
    result = find_task("generation").read(dataset)
    assert result.rows.to_pydict() == {
        "id": ["test", "y"],
        "file": ["test.txt", "y.txt"],
        "row": [1, 1],
        "text": ["a\nb\n", "hell"],
        "part": ["test", None],
    }
    assert (result.rows_read, dict(result.rows_dropped)) == (3, {"empty file": 1})


@given(st.lists(st.integers(1, 50), min_size=3, max_size=12))
def test_works_stay_whole_and_in_order(sizes):
    split = split_works(table(*("x" * size for size in sizes)), SplitConfig())
    assert [name for part in split.parts.values() for name in part["id"]] == [f"w{i}" for i in range(len(sizes))]
    assert all(len(part) for part in split.parts.values()) and split.dropped == {}


def test_one_work_is_cut_between_lines():
    parts = split_works(table("".join(LINES)), SplitConfig(test=0.1, validation=0.05)).parts
    texts = [part["text"][0] for part in parts.values()]
    assert "".join(texts) == "".join(LINES) and all(text.endswith("\n") for text in texts)
    assert len(texts[2]) / len("".join(LINES)) == pytest.approx(0.1, abs=0.01)


def test_official_parts_stand():
    works = table("train\n", "validation\n", "test\n", "more train\n").assign(
        part=["train", "validation", "test", None]
    )
    parts = split_works(works, SplitConfig()).parts
    assert {name: part["id"].tolist() for name, part in parts.items()} == {
        "train": ["w0", "w3"],
        "validation": ["w1"],
        "test": ["w2"],
    }


@pytest.mark.parametrize("works", [1, 4])
def test_where_only_train_and_test_are_official_validation_is_the_end_of_train(works):
    texts = ["".join(LINES[n::works]) for n in range(works)]
    both = table(*texts, "test\n").assign(part=["train"] * works + ["test"])
    parts = split_works(both, SplitConfig(validation=0.2)).parts
    assert "".join(parts["train"]["text"]) + "".join(parts["validation"]["text"]) == "".join(texts)
    assert not set(parts["train"]["id"]) & set(parts["validation"]["id"])
    share = parts["validation"]["text"].str.len().sum() / sum(map(len, texts))
    assert share == pytest.approx(0.2, abs=0.06) and parts["test"]["text"].tolist() == ["test\n"]


def test_official_parts_without_a_test_are_refused():
    works = table("train\n", "validation\n").assign(part=["train", "validation"])
    with pytest.raises(UserError, match="no text is left for test: add files of these names"):
        split_works(works, SplitConfig())


def test_the_audit_names_the_way_out_for_headings_that_works_share():
    heading = "this electronic text is released for everybody\n"
    parts = {name: [heading + "".join(LINES[start : start + 30])] for name, start in (("train", 0), ("test", 30))}
    parts["validation"] = ["short\n"]
    (finding,) = shared_lines(parts, 0.02)
    assert finding.endswith("or set split.shared_lines to 0.04")
    assert shared_lines(parts, 0.04) == []


@pytest.mark.parametrize(
    "text", ["a word\n" * 3 + "".join(f"{n}\n" for n in range(200)), "字" + "".join(map(chr, range(0x4E00, 0x4F00)))]
)
def test_a_work_that_stands_in_train_but_for_its_end_is_found_whatever_its_lines(text):
    parts = {
        "train": [text + " one end"],
        "validation": ["".join(LINES[:9])],
        "test": [text[:50], text[50:] + " another"],
    }
    assert shared_lines(parts, 0.1) == []  # they are too short, or each differs
    (finding,) = shared_spans(parts, 0.1)
    assert finding.endswith("stand in train as well. The same text is in both: leave one of the two out")


def test_leaks_are_found():
    parts = {"train": ["".join(LINES[:50])], "validation": ["short\n"], "test": ["".join(LINES[40:60])]}
    ids = {"train": {"w0", "w1"}, "validation": {"w0"}, "test": {"w2"}}
    assert works_in_two_parts(ids) == ["train and validation share w0"]
    assert shared_lines(parts, 0.1)[0].startswith("50.0% of test's long lines stand in train")
    assert shared_lines(parts, 0.6) == []
    assert lost_text(3, 2) == ["the table has 3 characters, the parts together 2"] and lost_text(3, 3) == []
    assert foreign_tokens(["abc", "d"], {"[UNK]", "a", "bc", "z"}) == ["1 token(s) do not stand in train: 'z'"]


@pytest.mark.parametrize("unit", ["character", "word", "bpe"])
def test_tokens_joined_are_the_text_and_unknown_ones_keep_their_length(unit):
    text = "To be, or not\n\tto be — that [UNK] is. " * 20
    tokenizer, _ = fit_tokenizer([text], WindowConfig(unit=unit, vocabulary=60))
    ids, lengths = encode(tokenizer, text)
    assert "".join(map(tokenizer.id_to_token, ids)) == text
    ids, lengths = encode(tokenizer, "to zéro\n")
    assert lengths.sum() == 8 and (ids == 0).any()
    bits = WindowMeta(unit, length=16, newline=0, characters=14).spelling_bits(ids, lengths)
    assert bits.sum() == (0 if unit == "character" else 4 * (lengths[ids == 0] + 1).sum())


def test_stateful_rows_read_on_where_they_were():
    ids, length = np.arange(1000), 10
    starts = window_starts(len(ids), length)
    batches = list(Batches(ids, starts, length, 4, range(6), None))
    for (inputs, targets, _), (later, _, _) in itertools.pairwise(batches):
        assert (targets[:, -1] == later[:, 0]).all() and (targets == inputs + 1).all()


def test_blocks_hold_every_character_and_word_once():
    text = "some words and more\n" * 200
    lengths = np.ones(len(text), int)
    works = pd.DataFrame({"id": ["a", "b", "c"], "text": [text[:2500], text[2500:2520], text[2520:]]})
    blocks = block_statistics(works, np.full(len(text), 2.0), lengths)
    assert blocks[["characters", "words", "bits"]].sum().tolist() == [4000, 800, 8000]
    assert blocks["work"].tolist() == ["a", "a", "a", "b", "c", "c"]
    assert blocks["characters"].tolist() == [1000, 1000, 500, 20, 1000, 480]


def test_a_word_of_a_script_without_spaces_is_a_character():
    text = "我爱北京 OK\n" * 9
    tokenizer, _ = fit_tokenizer([text], WindowConfig(unit="word"))
    assert tokenizer.encode("我爱北京 OK\n").tokens == ["我", "爱", "北", "京", " ", "OK", "\n"]
    assert tokenizer.decode(tokenizer.encode(text).ids) == text


def test_byte_pairs_need_room_for_every_character():
    text = "".join(chr(code) for code in range(0x4E00, 0x4E00 + 100)) * 3
    with pytest.raises(UserError, match=r"window\.vocabulary is 60, but the characters of train .* are 101: raise it"):
        fit_tokenizer([text], WindowConfig(unit="bpe", vocabulary=60))
