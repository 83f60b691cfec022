"""Pairs: reading, parts, audit and vocabularies, with what is refused in which words."""

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
from stages.seq2seq.auditing import lost_sources, near_sources, shared_sources, split_references
from stages.seq2seq.data import END, UNKNOWN, Batches, Rows, Vocabularies, bucket_bounds, fit
from stages.seq2seq.params import Reading, Side, Split, Tokenizer
from stages.seq2seq.reading import read, verses
from stages.seq2seq.splitting import groups, split_table
from stages.seq2seq.tokenizing import fit_both, learned
from stages.split import split
from stages.tokenize import tokenize
from stages.validate import validate

PARAMS = (
    """
seeds: [1]
parallel: {}
datasets:
  mine:
    task: seq2seq
    source: {path: mine}
    split: {validation: 0.2, test: 0.2}
    tokenizer: {source: {unit: character, maximum_length: 12}, target: {maximum_length: 12}, length_ratio: 4}
seq2seq: {datasets: [mine], seeds: [1], training: {}, models: {copy: {}}}
"""
    + others("seq2seq")
    + "evaluation: {}\n"
)
WORDS = [f"{a}{b}{c}" for a in "abc" for b in "def" for c in "ghijkl"]
LINES = [f"{word}\t{' '.join(word).upper()}\n" for word in WORDS]


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Return a function that prepares a dataset of some files' contents."""
    monkeypatch.chdir(tmp_path)
    params.load.cache_clear()
    (tmp_path / "params.yaml").write_text(PARAMS)

    def prepare(files: dict[str, str]) -> None:
        for name, content in files.items():
            path = Path("data/raw/mine", name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        Path("data/expectations").mkdir(parents=True, exist_ok=True)
        Path("data/expectations/mine.yaml").write_text("- {type: expect_column_to_exist, column: source}\n")
        for stage in (validate, split, tokenize, audit):
            stage("mine")

    yield prepare
    params.load.cache_clear()


def table(*pairs: tuple[str, str], parts: list | None = None) -> pd.DataFrame:
    source, target = zip(*pairs, strict=True)
    ids = [f"r{number}" for number in range(len(pairs))]
    return pd.DataFrame({"id": ids, "source": source, "target": target, "part": parts or [None] * len(pairs)})


def write(folder: Path, **files: str) -> Path:
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_text(content, encoding="utf-8")
    return folder


def test_a_users_own_pairs(project):
    project({"own.tsv": "source\ttarget\n" + "".join(LINES)})
    report = json.loads(Path("reports/tokens/mine.json").read_text())
    assert report["vocabulary"] == {"source": 12 + 4, "target": 12 + 4}
    assert json.loads(Path("reports/audit/mine.json").read_text())["passed"]
    parts = [pd.read_parquet(f"data/prepared/mine/{name}.parquet") for name in ("train", "validation", "test")]
    assert sorted(source for part in parts for source in part["source"]) == sorted(WORDS)
    ids = np.load("data/prepared/mine/tokens/train.target.ids.npy")
    assert (ids == END).sum() == len(parts[0]) == report["learned"]


@pytest.mark.parametrize(("maximum", "lengths"), [(12, [4, 12]), (8, [4, 8]), (7, [7])])
def test_a_shorter_length_is_read_only_where_it_saves_half(project, maximum, lengths):
    Path("params.yaml").write_text(PARAMS.replace("maximum_length: 12", f"maximum_length: {maximum}"))
    project({"own.tsv": "source\ttarget\n" + "".join(LINES)})
    assert json.loads(Path("data/prepared/mine/tokens/vocabularies.json").read_text())["lengths"] == lengths


def test_two_aligned_files_are_the_same_pairs(project, tmp_path):
    sides = zip(*(line.rstrip("\n").split("\t") for line in LINES), strict=True)
    source, target = ("\n".join(texts) + "\n" for texts in sides)
    project({"source.txt": source, "target.txt": target})
    aligned = pd.read_parquet("data/prepared/mine/table.parquet")
    own = tmp_path / "tsv"
    own.mkdir()
    again = read(write(own, own_tsv="source\ttarget\n" + "".join(LINES)), Reading()).rows.to_pandas()
    assert aligned[["source", "target"]].equals(again[["source", "target"]])


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a.tsv": "source\tgoal\nx\ty\n"}, "has no column 'target': valid: goal, source: mend .*reading.target"),
        ({"a.tsv": "source\ttarget\nx\ty\nx\n"}, "2 tab-separated fields a row expected, but row 2 has 1"),
        ({"a.tsv": "source\ttarget\n \ty\nx\t\n"}, "holds no pair with text on both sides"),
        ({"source.txt": "a\nb\n", "target.txt": "A\n"}, r"source.txt has 2 lines, .*target.txt has 1: line by line"),
        (
            {"source.txt": "a\n", "target.txt": "A\n", "notes.txt": "x\n"},
            "notes.txt is neither 'source' nor 'target' by what stands between the dots",
        ),
        ({"train.source": "a\n", "train.target": "A\n", "test.source": "b\n"}, "test.source has no counterpart"),
        ({"a.tsv": "source\ttarget\na\tx\nb\tx\n"}, "no source is left for"),
        ({"a.tsv": "source\ttarget\n" + "".join(f"{word}\tx\n" for word in WORDS)}, "holds one word alone, ' x'"),
        (
            {"a.tsv": "source\ttarget\n" + "".join(f"{word}\t{'x y ' * 20}\n" for word in WORDS)},
            "no pair of mine is left to learn from: raise tokenizer's maximum_length or length_ratio",
        ),
    ],
)
def test_pairs_that_are_refused(project, files, message):
    with pytest.raises(Problem, match=message):
        project(files)


def test_no_file_and_no_text(tmp_path):
    with pytest.raises(Problem, match="holds no file"):
        read(tmp_path, Reading())
    (tmp_path / "a.tsv").write_bytes(b"source\ttarget\ncaf\xe9\tx\n")
    with pytest.raises(Problem, match=r"byte 17 is not utf-8: set reading\.encoding"):
        read(tmp_path, Reading())
    assert read(tmp_path, Reading(encoding="latin-1")).rows["source"].to_pylist() == ["café"]


def test_empty_sides_are_dropped_and_counted(tmp_path):
    found = read(write(tmp_path, a_tsv="source\ttarget\na  b\tx\n\ty\nc\t \n"), Reading())
    assert found.rows_dropped == {"empty source": 1, "empty target": 1}
    assert found.rows.to_pylist() == [
        {"id": "a-1", "file": "a.tsv", "row": 1, "source": "a b", "target": "x", "part": None}
    ]


def test_cmudict(tmp_path):
    text = "word W ER1 D\nword(2) W AO1 R D # a remark\na's EY1 Z\n"
    rows = read(write(tmp_path, c_dict=text), Reading(format="cmudict", stress=False)).rows.to_pydict()
    assert rows["source"] == ["word", "word", "a's"]
    assert rows["target"] == ["W ER D", "W AO R D", "EY Z"]
    stressed = read(tmp_path, Reading(format="cmudict")).rows["target"].to_pylist()
    assert stressed[0] == "W ER1 D"


def test_verses_are_told_by_their_own_numbers(tmp_path):
    text = "1. In [the] day.2. And so 3.\\\\2:1\\\\New. 2. Old: 2. and on.1. A Psalm. 1. Sing."
    found = verses(tmp_path, f'bible = Bible(V, """{text}""", {{}})')
    assert {place: " ".join(verse.split()) for place, verse in found.items()} == {
        (1, 1): "In the day.",
        (1, 2): "And so",
        (2, 1): "New.",
        (2, 2): "Old: and on.",
        (3, 1): "Sing.",
    }
    with pytest.raises(Problem, match="no Python file: line 1"):
        verses(tmp_path, "a b c")
    with pytest.raises(Problem, match="no text with numbered verses"):
        verses(tmp_path, "a = 1")


def test_fewer_sources_are_some_of_the_more(tmp_path):
    write(tmp_path, a_tsv="source\ttarget\n" + "".join(LINES) + "".join(line.replace("\t", "\tX ") for line in LINES))
    few, more = (set(read(tmp_path, Reading(sources=count)).rows["source"].to_pylist()) for count in (5, 10))
    assert len(few) == 5 and few < more


def test_different_targets_are_references_and_repeated_pairs_count_once():
    pairs = [("a", "x"), ("b", "y"), ("a", "z"), ("a", "x"), *((word, "w") for word in WORDS)]
    parts, dropped = split_table(table(*pairs), Split(validation=0.3, test=0.3))
    (row,) = (row for part in parts.values() for row in part.itertuples() if row.source == "a")
    assert list(row.targets) == ["x", "z"] and row.id == "r0"
    assert dropped == {"repeated pair": 1}


@given(st.permutations([f"{word}{mark}" for word in WORDS[:12] for mark in ("", "!", "'")]))
def test_forms_of_a_source_stay_in_one_part_wherever_they_stand(sources):
    pairs = [(source.upper() if "!" in source else source, "x") for source in sources]
    parts, _ = split_table(table(*pairs, *((word, "y") for word in WORDS[12:])), Split(validation=0.3, test=0.3))
    where = {source: name for name, part in parts.items() for source in part["source"]}
    assert all(where[source] == where[source.strip("!'").lower()] for source in where if source[-1] in "!'")
    assert all(where[word.upper() + "!"] == where[word] for word in WORDS[:12])


def test_sources_that_are_nearly_the_same_are_one_group():
    verse = "and the lord spoke to moses in the tent saying"
    found = groups([verse, verse + " thus", "in the beginning was the word and the word", "short"], 0.6)
    assert found[0] == found[1] and len(set(found)) == 3
    assert len(set(groups(["a", "b c"], 0.6))) == 2


def test_official_parts_stand_and_what_is_near_to_them_goes():
    verse = "and the lord spoke to moses in the tent saying"
    pairs = [
        (verse, "x"),
        (verse + " thus", "y"),
        ("other words stand in this long verse here", "z"),
        *[("a", "b")] * 2,
    ]
    parts, dropped = split_table(table(*pairs, parts=["test", "train", "train", "validation", None]), Split())
    assert parts["train"]["source"].tolist() == [pairs[2][0]]
    assert dropped == {"also in the test part": 1, "also in the validation part": 1}


def test_leaks_are_found():
    verse = "and the lord spoke to moses in the tent saying"
    rows = pd.DataFrame({"id": ["r1", "r2"], "source": ["A word.", verse], "targets": [["x"], ["y"]]})
    other = pd.DataFrame({"id": ["r3", "r4"], "source": ["a word", verse + " thus"], "targets": [["x"], ["z"]]})
    empty = rows[:0]
    parts = {"train": rows, "validation": empty, "test": other}
    assert shared_sources(parts) == ["train and test share 1 source(s), rows r1 = r3"]
    assert near_sources(parts, 0.6) == ["train and test hold 1 near pair(s) of sources: r2 = r4"]
    assert near_sources(parts, 0.95) == []
    assert split_references({"train": pd.concat([rows, rows[:1]])}) == ["train holds sources twice: r1"]
    known = table(("A word.", "x"), (verse, "y"), ("more", "w"))
    assert lost_sources(known, {"train": rows}) == ["1 pair(s) of the table are in no part, such as 'more'"]


@pytest.mark.parametrize("unit", ["character", "word", "bpe"])
def test_tokens_decoded_are_the_text(unit):
    texts = ["In the beginning, God (who is) made 2 lights.", "AA1 B", "[PAD] is no marker"]
    side = fit([texts], Side(unit=unit, vocabulary=80), "target")
    both = Vocabularies(side, side, {"source": 99, "target": 99}, {}, [])
    for text, ids in zip(texts, both.encode("target", texts), strict=True):
        assert both.decode(ids) == text and ids[-1] == END and (ids[:-1] > END).all()
    assert UNKNOWN in both.encode("target", ["zzz ☃"])[0]
    assert len(both.encode("source", [texts[0] * 9])[0]) == 99 or unit == "word"


def test_a_vocabulary_that_is_empty_or_too_small():
    with pytest.raises(Problem, match=r"no word of train's source occurs 3 times; lower tokenizer.source.minimum_freq"):
        fit([["a b"]], Side(minimum_frequency=3), "source")
    with pytest.raises(Problem, match=r"tokenizer.target.vocabulary is 5, but the characters .* are 8"):
        fit([["abc"]], Side(unit="bpe", vocabulary=5), "target")


def test_one_vocabulary_for_both_sides():
    found = fit_both(pd.DataFrame({"source": ["a b", "c"], "target": ["d", "e"]}), Tokenizer(shared=True))
    assert found.sizes == (5 + 4, 5 + 4, True)


def test_pairs_that_are_too_long_or_too_uneven_do_not_train():
    counts = {"source": np.array([5, 30, 3, 21]), "target": np.array([6, 4, 20, 21])}
    kept, reasons = learned(counts, {"source": 24, "target": 24}, 5)
    assert kept.tolist() == [True, False, False, True]
    assert reasons == {"longer than maximum_length": 1, "one side more than 5 times the other": 1}


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(1, 30)), min_size=1, max_size=60), st.integers(1, 4))
def test_an_epoch_holds_every_pair_once_within_its_buckets_lengths(sizes, buckets):
    sides = [Rows.gather([np.full(size[side], 4 + number) for number, size in enumerate(sizes)]) for side in (0, 1)]
    bounds = bucket_bounds(*(rows.lengths for rows in sides), buckets)
    seen = []
    for (source, before), target, weights in Batches(*sides, bounds, 64).epoch(1, 0):
        rows = source[weights > 0]
        seen += rows[:, 0].tolist()
        assert ((rows > 0).sum(axis=1) == [sizes[number - 4][0] for number in rows[:, 0]]).all()
        assert (before[:, 1:] == target[:, :-1]).all() and (target[weights == 0] == 0).all()
    assert sorted(seen) == [4 + number for number in range(len(sizes))]


def test_a_pass_may_take_several_epochs_and_holds_every_pair_once():
    sides = [Rows.gather([np.full(1 + number % 7, 4 + number) for number in range(60)]) for _ in range(2)]
    bounds = bucket_bounds(*(rows.lengths for rows in sides), 2)
    parted, whole = Batches(*sides, bounds, 64, parts=3), Batches(*sides, bounds, 64)
    for number in range(2):
        epochs = [parted.epoch(1, 3 * number + part) for part in range(3)]
        seen = [row for epoch in epochs for (source, _), _, weights in epoch for row in source[weights > 0, 0]]
        assert sorted(seen) == [4 + row for row in range(60)]
        assert sum(map(len, epochs)) == len(whole.epoch(1, number)) and min(map(len, epochs)) > 0
    one_batch = Batches(*sides, bounds, 100_000, parts=9)
    assert all(len(one_batch.epoch(1, epoch)) == 1 for epoch in range(4))
