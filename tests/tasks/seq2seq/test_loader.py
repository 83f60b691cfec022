"""Raw files to pairs: formats, rows, and what is refused in which words."""

import gzip
import io
import sqlite3
from contextlib import closing

import pandas as pd
import pytest

from stages.config.dataset import Dataset
from stages.config.paths import Paths
from stages.data import tables
from stages.data.formats import delimited
from stages.runtime.errors import UserError
from stages.tasks.seq2seq import loader
from stages.tasks.seq2seq.config import Reading
from stages.tasks.seq2seq.loader import read

TSV = "source\ttarget\na  b\tx\n\nc\ty\n"


@pytest.fixture
def dataset(tmp_path):
    """A dataset without files."""
    dataset = Dataset(Paths(tmp_path), "seq2seq", "mine")
    dataset.raw.mkdir(parents=True)
    return dataset


def put(dataset, files: dict[str, str | bytes]) -> None:
    for name, content in files.items():
        (dataset.raw / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def pairs(dataset, **reading) -> list[tuple[str, str]]:
    rows = read(dataset, Reading(**reading)).rows.to_pydict()
    return list(zip(rows["source"], rows["target"], strict=True))


def message(dataset, **reading) -> str:
    with pytest.raises(UserError) as caught:
        read(dataset, Reading(**reading))
    return str(caught.value)


def test_a_missing_number_is_no_text(dataset):
    numbers = io.BytesIO()
    pd.DataFrame({"source": [1.5, float("nan"), 2.5], "target": ["one", "two", "three"]}).to_parquet(numbers)
    put(dataset, {"a.parquet": numbers.getvalue()})
    assert pairs(dataset) == [("1.5", "one"), ("2.5", "three")]


def test_rows_have_ids_parts_and_single_spaces(dataset):
    put(dataset, {"train.tsv": TSV, "own.tsv": "target\tmore\tsource\nz\t?\tw\n"})
    table = read(dataset, Reading())
    assert table.rows.to_pylist() == [
        {"id": "own-1", "file": "own.tsv", "row": 1, "source": "w", "target": "z", "part": None},
        {"id": "train-1", "file": "train.tsv", "row": 1, "source": "a b", "target": "x", "part": "train"},
        {"id": "train-2", "file": "train.tsv", "row": 2, "source": "c", "target": "y", "part": "train"},
    ]
    assert (table.rows_read, table.rows_dropped) == (4, {"blank line": 1})
    assert [(file["name"], file["encoding"], file["rows"]) for file in table.files] == [
        ("own.tsv", "utf-8", 1),
        ("train.tsv", "utf-8", 2),
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("d.csv", 'source,target\n"a  b",x\nc,y\n'),
        ("d.txt", TSV),
        ("d", TSV),
        ("d.jsonl", '{"source": "a b", "target": "x"}\n{"source": "c", "target": "y"}\n'),
        ("d.tsv.gz", gzip.compress(TSV.encode(), mtime=0)),
        ("d.gz", gzip.compress(TSV.encode(), mtime=0)),
        ("d.tsv", ("\ufeff" + TSV).encode("utf-16-le")),
    ],
)
def test_tables_of_any_format_and_compression(dataset, name, content):
    put(dataset, {name: content})
    assert pairs(dataset) == [("a b", "x"), ("c", "y")]


def test_compressed_tsv_is_read(dataset):
    put(dataset, {"d.tsv.gz": gzip.compress(b"src\ttgt\na\tx\n")})
    assert pairs(dataset, source="src", target="tgt") == [("a", "x")]


def test_a_header_with_a_column_twice_is_refused(dataset):
    put(dataset, {"d.tsv": "src\tsrc\ttgt\na\tb\tx\n"})
    assert "d.tsv: 2 columns are named 'src': rename all but one" in message(dataset, source="src", target="tgt")


def test_a_quoted_tab_is_read_where_quotes_are_declared(dataset):
    put(dataset, {"d.tsv": 'source\ttarget\nw\tz\n"a\tb"\tx\n'})
    reason = message(dataset)
    assert "d.tsv: 2 fields a row expected, but row 2 (line 3) has 3: if fields stand in double quotes, set " in reason
    assert "seq2seq.datasets.mine.reading.quotes in params.yaml to true" in reason
    assert pairs(dataset, quotes=True) == [("w", "z"), ("a b", "x")]


def test_numbers_are_texts_and_what_is_null_is_empty(dataset):
    put(dataset, {"d.jsonl": '{"source": "1+1", "target": 2}\n{"source": null, "target": "x"}\n'})
    table = read(dataset, Reading())
    assert table.rows["target"].to_pylist() == ["2"] and table.rows_dropped == {"empty source": 1}
    put(dataset, {"d.jsonl": '{"source": ["a"], "target": {}}\n'})
    reason = message(dataset)
    assert "the column 'source' must hold text, but row 1: ['a']: fix the file, or choose another column by" in reason
    assert "the column 'target' must hold text, but row 1: {}" in reason


def test_empty_sides_are_dropped_and_counted(dataset):
    put(dataset, {"a.tsv": "source\ttarget\na  b\tx\n\ty\nc\t \n"})
    table = read(dataset, Reading())
    assert table.rows_dropped == {"empty source": 1, "empty target": 1}
    assert table.rows["id"].to_pylist() == ["a-1"] and table.rows_read == 3


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, "holds no file: look at seq2seq.datasets.mine.source in params.yaml"),
        ({"a.tsv": "source\tgoal\nx\ty\n"}, "there is no column 'target': valid: goal, source: fix seq2seq.datasets."),
        ({"a.tsv": "source\ttarget\nx\ty\nx\n"}, "2 fields a row expected, but row 2 (line 3) has 1"),
        ({"a.tsv": "source\ttarget\n \ty\nx\t\n"}, "holds no pair with text on both sides: add pairs, or look at seq2"),
        ({"a.tsv": TSV, "a.csv": TSV}, "have the same name up to the first dot"),
        ({"source.txt": "a\nb\n", "target.txt": "A\n"}, "source.txt has 2 lines, "),
        ({"source.txt": "a\nb\n", "target.txt": "A\n"}, "target.txt has 1: line by line they must be pairs"),
        (
            {"source.txt": "a\n", "target.txt": "A\n", "notes.txt": "x\n"},
            "notes.txt is neither 'source' nor",
        ),
        ({"train.source": "a\n", "train.target": "A\n", "test.source": "b\n"}, "test.source has no counterpart: two"),
        ({"a.source": "a\n", "b.source": "b\n", "a.target": "A\n"}, "b.source and a.source are both 'source'"),
        ({"a.tsv": b"source\ttarget\ncaf\xe9 au lait\t\xc3\xa9\xc3\xa9\n" + b"\xc3\xa9\t\xc3\xa9\n" * 9}, "UTF-8 save"),
    ],
)
def test_what_is_refused_is_named(dataset, files, expected):
    put(dataset, files)
    assert expected in message(dataset)


def test_all_faults_of_aligned_files_are_named_at_once(dataset):
    put(dataset, {"train.source": "a\n", "test.target": "b\n", "notes": "x"})
    reason = message(dataset, format="aligned")
    assert "notes is neither" in reason
    assert "train.source has no counterpart" in reason and "test.target has no counterpart" in reason


def test_another_encoding(dataset):
    put(dataset, {"a.tsv": "source\ttarget\ncafé\tx\n".encode("latin-1")})
    assert pairs(dataset, encoding="latin-1") == [("café", "x")]


def test_aligned_files_are_the_same_pairs_in_batches(dataset, monkeypatch):
    monkeypatch.setattr(loader, "BATCH", 3)
    monkeypatch.setattr(tables, "BATCH", 3)
    monkeypatch.setattr(delimited, "PIECE", 1)
    put(dataset, {f"{part}.{side}": f"{side}\n" * 7 for part in ("train", "test") for side in ("source", "target")})
    table = read(dataset, Reading())
    assert table.rows["id"].to_pylist() == [f"{part}-{row}" for part in ("test", "train") for row in range(1, 8)]
    assert table.rows["part"].to_pylist() == ["test"] * 7 + ["train"] * 7
    assert [file["rows"] for file in table.files] == [7, 0, 7, 0] and table.rows_read == 14


def test_a_blank_line_of_aligned_files_counts_as_a_row(dataset):
    put(dataset, {"x.source": "a\n\nb\n", "x.target": "A\n\nB"})
    table = read(dataset, Reading())
    assert table.rows["id"].to_pylist() == ["x-1", "x-3"]
    assert table.rows_dropped == {"empty source and target": 1}


def test_cmudict(dataset):
    put(dataset, {"c.dict": "word W ER1 D\nword(2) W AO1 R D # a remark\n\na's EY1 Z\n"})
    rows = read(dataset, Reading(format="cmudict", stress=False)).rows.to_pydict()
    assert rows["source"] == ["word", "word", "a's"] and rows["id"] == ["c-1", "c-2", "c-4"]
    assert rows["target"] == ["W ER D", "W AO R D", "EY Z"]
    assert read(dataset, Reading(format="cmudict")).rows["target"][0].as_py() == "W ER1 D"


def verses(dataset, rows: list[tuple], name: str = "bible.db") -> None:
    """Write versions of a text: rows of version, book, chapter, verse and text."""
    with closing(sqlite3.connect(dataset.raw / name)) as connection, connection:
        connection.execute("CREATE TABLE verses (version, book, chapter, verse, text)")
        connection.executemany("INSERT INTO verses VALUES (?, ?, ?, ?, ?)", rows)


VERSES = [
    ("es", 1, 1, 2, "(1:2) Y la tie\xadrra"),
    ("es", 1, 1, 1, "EN el principio"),
    ("en", 1, 1, 1, "At the  first"),
    ("en", 1, 1, 2, "And the earth"),
    ("fr", 1, 1, 1, "Au commencement"),
    ("en", 1, 1, 3, "And God said"),
    ("es", 1, 1, 10, "Y llamó"),
    ("en", 1, 1, 10, "***"),
]


def test_verses_of_two_versions_are_aligned_by_their_place(dataset):
    verses(dataset, VERSES)
    reading = {"format": "verses", "source": "es", "target": "en", "strip": [r"\(\d+:\d+\)", "\xad", r"\*+"]}
    table = read(dataset, Reading(**reading))
    rows = table.rows.to_pydict()
    assert list(zip(rows["source"], rows["target"], strict=True)) == [
        ("EN el principio", "At the first"),
        ("Y la tierra", "And the earth"),
    ]
    assert rows["id"] == ["bible-1", "bible-2"] and table.rows_read == 4
    assert table.rows_dropped == {"empty source": 1, "empty target": 1}


def test_verses_that_cannot_be_found_are_refused_in_words(dataset):
    verses(dataset, [*VERSES, ("es", 1, 1, 2, "otra")])
    reading = {"format": "verses", "source": "es", "target": "en"}
    assert "a version has several texts of one (book, chapter, verse): (1, 1, 2): keep one" in (
        message(dataset, **reading)
    )
    assert "has no version de (it has en; es; fr): set seq2seq.datasets.mine.reading.source in params.yaml" in (
        message(dataset, format="verses", source="de", target="en")
    )
    assert "has no table 'bible' (it has verses): set seq2seq.datasets.mine.reading.verses.table" in (
        message(dataset, verses={"table": "bible"}, **reading)
    )
    assert "has no name; place (it has version; book; chapter; verse; text)" in (
        message(dataset, verses={"version": "name", "place": ["place"]}, **reading)
    )
    put(dataset, {"bible.db": "no database, but long enough to be none"})
    assert "bible.db cannot be read as SQLite: file is not a database" in message(dataset, **reading)


def test_fewer_sources_are_some_of_the_more(dataset):
    words = [f"{a}{b}" for a in "abcd" for b in "efgh"]
    put(dataset, {"a.tsv": "source\ttarget\n" + "".join(f"{word}\tx\n{word.upper()}\ty\n" for word in words)})
    few, more = (
        pd.Series(read(dataset, Reading(sources=count)).rows["source"].to_pylist()).str.lower() for count in (5, 10)
    )
    assert few.nunique() == 5 and len(few) == 10 and set(few) < set(more)


def test_names_of_files_in_another_case_are_the_sides(dataset):
    put(dataset, {"Source.txt": "a\nb\n", "TARGET.txt": "x\ny\n"})
    assert pairs(dataset) == [("a", "x"), ("b", "y")]


def test_stress_and_verses_are_for_one_format_alone(dataset):
    put(dataset, {"words.tsv": "source\ttarget\na\tA0\n"})
    assert "reading.verses in params.yaml is for the format verses alone" in message(dataset, verses={"table": "t"})
    assert message(dataset, stress=False) == (
        "seq2seq.datasets.mine.reading.stress in params.yaml is for the format cmudict alone: remove it"
    )


@pytest.mark.parametrize(("source", "expected"), [("es", "EN el principio"), ("fr", "Au commencement")])
def test_another_version_is_one_parameter(dataset, source, expected):
    verses(dataset, VERSES)
    assert pairs(dataset, format="verses", source=source, target="en")[0] == (expected, "At the first")
