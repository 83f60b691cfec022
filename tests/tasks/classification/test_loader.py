import bz2
import gzip
import json
import lzma
import re
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stages.config.dataset import Dataset
from stages.config.paths import Paths
from stages.data import tables
from stages.data.formats import delimited
from stages.runtime.errors import UserError
from stages.tasks.classification.config import Reading
from stages.tasks.classification.loader import read


@pytest.fixture
def dataset(tmp_path):
    """A dataset without files."""
    dataset = Dataset(Paths(tmp_path), "classification", "mine")
    dataset.raw.mkdir(parents=True)
    return dataset


def put(dataset, name, content):
    path = dataset.raw / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def rows(dataset, **reading):
    return read(dataset, Reading(**reading)).rows.to_pylist()


def pairs(dataset, **reading):
    return [(row["text"], row["label"]) for row in rows(dataset, **reading)]


def message(dataset, **reading):
    with pytest.raises(UserError) as caught:
        read(dataset, Reading(**reading))
    return str(caught.value)


CSV = 'text,label\n"a, ""b""",x\nNA,y\n'
TSV = 'text\tlabel\na, "b"\tx\nNA\ty\n'
JSONL = '{"text": "a, \\"b\\"", "label": "x"}\n{"label": "y", "text": "NA"}\n'
EXPECTED = [('a, "b"', "x"), ("NA", "y")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("d.csv", CSV),
        ("d.tsv", TSV),
        ("d.tab", TSV),
        ("d.jsonl", JSONL),
        ("d.ndjson", JSONL),
        ("D.CSV", CSV.replace("\n", "\r\n")),
        ("d.csv.gz", gzip.compress(CSV.encode(), mtime=0)),
        ("d.csv.bz2", bz2.compress(CSV.encode())),
        ("d.csv.lz4", pa.compress(CSV.encode(), "lz4", asbytes=True)),
        ("d.csv.zst", pa.compress(CSV.encode(), "zstd", asbytes=True)),
        ("d.csv.xz", lzma.compress(CSV.encode())),
        ("d.csv", gzip.compress(CSV.encode(), mtime=0)),
        ("d.csv", b"\xef\xbb\xbf" + CSV.encode()),
    ],
    ids=[
        *("csv", "tsv", "tab", "jsonl", "ndjson", "upper case, CRLF", "gzip", "bz2", "lz4", "zstd", "xz"),
        *("gzip without its ending", "byte order mark"),
    ],
)
def test_formats_and_compressions(dataset, name, content):
    put(dataset, name, content)
    assert pairs(dataset) == EXPECTED


def test_parquet_with_a_dictionary_column(dataset):
    table = pa.table({"label": [1, 0], "text": pa.array(["a", "b"]).dictionary_encode(), "other": [[1], [2]]})
    pq.write_table(table, dataset.raw / "d.parquet")
    assert pairs(dataset) == [("a", "1"), ("b", "0")]


def test_text_files_are_named_by_their_label(dataset):
    put(dataset, "ham.txt", "one\n\ntwo\u2028still two\n")
    put(dataset, "spam.txt", "three")
    table = read(dataset, Reading())
    assert table.rows.to_pylist() == [
        {"id": "ham-1", "file": "ham.txt", "row": 1, "text": "one", "label": "ham", "part": None},
        {"id": "ham-2", "file": "ham.txt", "row": 2, "text": "two\u2028still two", "label": "ham", "part": None},
        {"id": "spam-1", "file": "spam.txt", "row": 1, "text": "three", "label": "spam", "part": None},
    ]
    assert (table.rows_read, table.rows_dropped) == (4, {"blank line": 1})


def test_declared_format_and_compression(dataset):
    put(dataset, "download", gzip.compress(TSV.encode(), mtime=0))
    assert pairs(dataset, format="tsv", compression="gzip") == EXPECTED


def test_skipped_rows_blank_lines_and_official_parts(dataset):
    put(dataset, "train.tab", "Category\tText\nd\tstring\nclass\t\n\nx\ta\ny\tb\n")
    put(dataset, "test.tab", "Category\tText\nd\tstring\nclass\t\n\ny\tc\n\n")
    table = read(dataset, Reading(text="Text", label="Category", skip_rows=2))
    assert [(row["id"], row["row"], row["text"], row["part"]) for row in table.rows.to_pylist()] == [
        ("test-1", 1, "c", "test"),
        ("train-1", 1, "a", "train"),
        ("train-2", 2, "b", "train"),
    ]
    assert (table.rows_read, table.rows_dropped) == (6, {"blank line": 3})
    assert [file["rows"] for file in table.files] == [1, 2]


def test_sign_of_a_rating_without_header(dataset):
    put(dataset, "m.txt", '1\t2.5\tfine\r\n2\t-0.1\t"bad\r\n3\t0\tnothing\r\n')
    reading = Reading(label="rating", label_rule="sign", format="tsv", columns=("id", "rating", "text"))
    table = read(dataset, reading)
    assert [(row["row"], row["text"], row["label"]) for row in table.rows.to_pylist()] == [
        (1, "fine", "positive"),
        (2, '"bad', "negative"),
    ]
    assert (table.rows_read, table.rows_dropped) == (3, {"rating is zero": 1})


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("m.csv", "text,rating\nfine,2.5\nbad,-0.1\nnothing,0\n"),
        (
            "m.jsonl",
            '{"text": "fine", "rating": 2.5}\n{"text": "bad", "rating": -0.1}\n{"text": "none", "rating": 0}\n',
        ),
    ],
)
def test_a_rating_may_be_label_and_weight(dataset, name, content):
    put(dataset, name, content)
    found = rows(dataset, label="rating", label_rule="sign", weight="rating")
    assert [(row["text"], row["label"], row["weight"]) for row in found] == [
        ("fine", "positive", 2.5),
        ("bad", "negative", 0.1),
    ]
    assert "weight" not in rows(dataset, label="rating", label_rule="sign")[0]


def test_weights_of_parquet_and_of_a_column_of_their_own(dataset):
    table = pa.table({"w": [3, 1], "label": ["x", "y"], "part": ["train", "test"], "text": ["a", "b"]})
    pq.write_table(table, dataset.raw / "d.parquet")
    found = [(row["text"], row["label"], row["part"], row["weight"]) for row in rows(dataset, part="part", weight="w")]
    assert found == [("a", "x", "train", 3.0), ("b", "y", "test", 1.0)]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            ("1", "much"),
            r"d\.csv: the column 'w' must hold weights \(finite numbers\), but row 2: 'much': fix the file",
        ),
        (("inf", "1"), "but row 1: 'inf'"),
        (("1", "9" * 400), "but row 2: '999"),
        (("1", ""), "but row 2: ''"),
        (("0", "1"), r"the weight in the column 'w' is 0 in row 1: a text that shall not train has no place"),
    ],
)
def test_weights_that_are_none(dataset, values, expected):
    put(dataset, "d.csv", "text,label,w\na,x,{}\nb,y,{}\n".format(*values))
    assert re.search(expected, message(dataset, weight="w"))


def test_a_rating_of_more_digits_than_a_number_has(dataset):
    put(dataset, "d.jsonl", '{"text": "a", "label": ' + "9" * 400 + "}\n")
    assert "must hold ratings (numbers), but row 1: 999" in message(dataset, label_rule="sign")


def test_the_weights_of_test_do_not_matter(dataset):
    put(dataset, "train.csv", "text,label,w\na,x,1\nb,y,2\n")
    put(dataset, "test.csv", "text,label,w\nc,x,0\n")
    assert len(rows(dataset, weight="w")) == 3


def test_the_label_that_is_a_files_name_may_be_the_weight(dataset):
    put(dataset, "3.txt", "good\n")
    put(dataset, "-2.txt", "bad\n")
    found = rows(dataset, label_rule="sign", weight="label")
    assert {(row["label"], row["weight"]) for row in found} == {("negative", 2), ("positive", 3)}


def test_no_column_of_weights(dataset):
    put(dataset, "d.csv", CSV)
    reason = message(dataset, weight="weigth")
    assert "there is no column 'weigth': " in reason
    assert "fix classification.datasets.mine.reading.weight in params.yaml" in reason


def test_labels_that_are_numbers(dataset):
    put(dataset, "d.jsonl", "\n".join(json.dumps({"text": "a", "label": label}) for label in [1, 2.0, 2.5, "02", None]))
    assert [row["label"] for row in rows(dataset)] == ["1", "2", "2.5", "02", None]


def test_a_column_of_parts_goes_before_the_files_name(dataset):
    put(dataset, "train.csv", "text,label,fold\na,x,test\nb,y,\n")
    assert [row["part"] for row in rows(dataset, part="fold")] == ["test", "train"]


def test_rows_are_thinned_out_by_a_hash_for_each_part(dataset):
    put(dataset, "train.csv", "text,label\n" + "".join(f"t{n},{n % 2}\n" for n in range(50)))
    put(dataset, "test.csv", "text,label\na,0\nb,1\n")
    table = read(dataset, Reading(rows=20))
    kept = [row["row"] for row in table.rows.to_pylist() if row["part"] == "train"]
    assert len(kept) == 20
    assert kept == sorted(kept)
    assert table.rows_dropped == {"beyond reading.rows": 30}
    assert table.rows.num_rows == 22
    fewer = [row["row"] for row in rows(dataset, rows=10) if row["part"] == "train"]
    assert set(fewer) < set(kept)


def test_several_lines_in_a_quoted_field(dataset):
    put(dataset, "d.csv", 'text,label\n"a\r\nb",x\nc,y\n')
    assert pairs(dataset) == [("a\r\nb", "x"), ("c", "y")]


def test_text_of_a_wrong_type(dataset):
    pq.write_table(pa.table({"text": [1, 2], "label": ["x", "y"]}), dataset.raw / "d.parquet")
    assert "the column 'text' must hold text, but row 1: 1; row 2: 2" in message(dataset)


def test_one_text_of_a_wrong_type(dataset):
    put(dataset, "d.jsonl", '{"text": "a", "label": "x"}\n\n{"text": ["b"], "label": "y"}\n')
    assert "must hold text, but row 2: ['b']" in message(dataset)


def test_label_of_a_wrong_type(dataset):
    put(dataset, "d.jsonl", '{"text": "a", "label": ["x"]}\n{"text": "b", "label": "y"}\n')
    assert "the column 'label' must hold text or numbers, but row 1: ['x']" in message(dataset)


@pytest.mark.parametrize("value", ["good", "", "nan"])
def test_rating_that_is_no_number(dataset, value):
    put(dataset, "d.csv", f"text,label\na,1\nb,{value}\n")
    assert f"must hold ratings (numbers), but row 2: {value!r}" in message(dataset, label_rule="sign")


def test_unknown_part(dataset):
    put(dataset, "d.csv", "text,label,fold\na,x,train\nb,y,later\n")
    assert "the column 'fold' must hold train, validation, test or nothing, but row 2: 'later'" in (
        message(dataset, part="fold")
    )


def test_other_words_for_parts(dataset):
    put(dataset, "d.csv", "text,label,fold\na,x,Training\nb,y,dev\nc,y,TEST\nd,x,\n")
    assert [row["part"] for row in rows(dataset, part="fold")] == ["train", "validation", "test", None]


def test_parts_by_the_names_of_files(dataset):
    for name in ("my_train.csv", "my_test.csv", "more.csv"):
        put(dataset, name, f"text,label\n{name} a,x\n{name} b,y\n")
    table = read(dataset, Reading())
    assert dict(zip(table.rows["file"].to_pylist(), table.rows["part"].to_pylist(), strict=True)) == {
        "more.csv": None,
        "my_test.csv": "test",
        "my_train.csv": "train",
    }
    assert table.remarks == [
        "official parts by the files' names: my_test.csv is test; my_train.csv is train",
        "no official part by the files' names: more.csv",
    ]


NFD, NFC = "cafe\u0301", "café"


def test_labels_that_look_the_same_are_one(dataset):
    labels = [NFC, NFD, " tea", "tea\u200b", "iced  tea", "iced tea", "Tea"]
    put(dataset, "d.csv", "text,label\n" + "".join(f"t{n},{label}\n" for n, label in enumerate(labels)))
    table = read(dataset, Reading())
    assert table.rows["label"].to_pylist() == [NFC, NFC, "tea", "tea", "iced tea", "iced tea", "Tea"]
    assert table.remarks == [
        "3 label(s) were merged with one that looks the same: ' tea', 'tea\\u200b'; 'cafe\\u0301', 'caf\\xe9'; "
        "'iced  tea', 'iced tea'",
        "labels that differ by case alone stay apart: 'Tea' and 'tea'",
    ]


def test_a_label_of_invisible_characters_is_empty(dataset):
    put(dataset, "d.csv", "text,label\na,\u200b\nb,y\nc,x\n")
    assert [row["label"] for row in rows(dataset)] == ["", "y", "x"]


def test_no_row_is_left(dataset):
    put(dataset, "d.csv", "text,label\na,0\n\nb,0\n")
    assert "no label (rows: 1 dropped (blank line), 2 dropped (rating is zero)), but a classifier needs two" in (
        message(dataset, label_rule="sign")
    )


def test_one_label_only(dataset):
    put(dataset, "d.csv", "text,label\na,x\nb,x\nc,\n")
    assert "only one label 'x'" in message(dataset)


def test_text_file_named_as_a_part(dataset):
    put(dataset, "train.txt", "a\n")
    assert "'train' is the name of a part" in message(dataset)


def test_equal_stems(dataset):
    put(dataset, "d.csv", CSV)
    put(dataset, "d.tsv", TSV)
    put(dataset, "e.tsv", TSV)
    reason = message(dataset)
    assert "have the same name up to the first dot" in reason
    assert "d.csv" in reason and "d.tsv" in reason and "e.tsv" not in reason


def test_formats_may_differ_from_file_to_file(dataset):
    put(dataset, "train.csv", CSV)
    put(dataset, "test.jsonl", JSONL)
    put(dataset, "ham.txt", "one\n")
    assert [(row["id"], row["part"]) for row in rows(dataset)] == [
        ("ham-1", None),
        ("test-1", "test"),
        ("test-2", "test"),
        ("train-1", "train"),
        ("train-2", "train"),
    ]


def test_all_faults_of_a_file_are_named_at_once(dataset):
    put(dataset, "d.csv", "text,label,fold\na,x,train\nb\nc,y,soon\nd,z,later\n")
    reason = message(dataset, part="fold", label_rule="sign")
    assert "3 fields a row expected, but row 2 (line 3) has 1: " in reason
    assert "must hold train, validation, test or nothing, but row 3: 'soon'; row 4: 'later': " in reason
    assert "must hold ratings (numbers), but row 1: 'x'; row 3: 'y'; row 4: 'z': " in reason


def test_many_batches_are_one_table(dataset, monkeypatch):
    monkeypatch.setattr(tables, "BATCH", 3)
    monkeypatch.setattr(delimited, "PIECE", 1)
    put(dataset, "d.csv", "text,label,w\n" + "".join(f"t{n},{n % 3 - 1},{n + 1}\n\n" for n in range(20)))
    table = read(dataset, Reading(label_rule="sign", weight="w"))
    assert [row["row"] for row in table.rows.to_pylist()] == [n + 1 for n in range(20) if n % 3 != 1]
    assert table.rows["text"].num_chunks == 1
    assert table.rows_dropped == {"blank line": 20, "rating is zero": 7}
    assert table.rows_read == 40


def test_an_archive_of_one_file_is_read_as_that_file(dataset):
    with zipfile.ZipFile(dataset.raw / "d.zip", "w") as archive:
        archive.writestr("d.csv", CSV)
    assert pairs(dataset) == EXPECTED


def test_a_nul_byte_is_named_with_its_place(dataset):
    put(dataset, "d.csv", "text,label\nmist s\0n n0,a\nbread,b\n")
    assert "d.csv holds 1 NUL byte(s), as no text does, the first in line 2 (byte 17): " in message(dataset)


def test_characters_in_arrays(dataset):
    letters = np.array(list("ACGTTA"))
    np.savez(dataset.raw / "genes.npz", X=letters, y=[3, 0], lengths=[4, 2])
    rows = read(dataset, Reading()).rows.to_pylist()
    assert [(row["id"], row["text"], row["label"]) for row in rows] == [
        ("genes-1", "ACGT", "3"),
        ("genes-2", "TA", "0"),
    ]
    np.savez(dataset.raw / "genes.npz", X=np.zeros(6), y=[3, 0], lengths=[4, 2])
    with pytest.raises(UserError, match=r"genes\.npz: the array 'X' must hold characters, but holds float64"):
        read(dataset, Reading())
