import bz2
import gzip
import json
import lzma
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stages.classification.params import Reading
from stages.classification.reading import read
from stages.console import Problem

FRENCH = "le café était fermé à l'heure où la forêt brûlait déjà près du château,bad\nça ira très bien à l'été,good\n"


@pytest.fixture
def folder(tmp_path):
    """An empty data/raw/<data set>."""
    path = tmp_path / "mine"
    path.mkdir()
    return path


def put(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def rows(folder, **reading):
    return read(folder, Reading(**reading)).rows.to_pylist()


def pairs(folder, **reading):
    return [(row["text"], row["label"]) for row in rows(folder, **reading)]


def message(folder, **reading):
    with pytest.raises(Problem) as caught:
        read(folder, Reading(**reading))
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
def test_formats_and_compressions(folder, name, content):
    put(folder, name, content)
    assert pairs(folder) == EXPECTED


def test_parquet_with_a_dictionary_column(folder):
    table = pa.table({"label": [1, 0], "text": pa.array(["a", "b"]).dictionary_encode(), "other": [[1], [2]]})
    pq.write_table(table, folder / "d.parquet")
    assert pairs(folder) == [("a", "1"), ("b", "0")]


def test_text_files_are_named_by_their_label(folder):
    put(folder, "ham.txt", "one\n\ntwo\u2028still two\n")
    put(folder, "spam.txt", "three")
    table = read(folder, Reading())
    assert table.rows.to_pylist() == [
        {"id": "ham-1", "file": "ham.txt", "row": 1, "text": "one", "label": "ham", "part": None},
        {"id": "ham-2", "file": "ham.txt", "row": 2, "text": "two\u2028still two", "label": "ham", "part": None},
        {"id": "spam-1", "file": "spam.txt", "row": 1, "text": "three", "label": "spam", "part": None},
    ]
    assert (table.rows_read, table.rows_dropped) == (4, {"blank line": 1})


def test_declared_format_and_compression(folder):
    put(folder, "download", gzip.compress(TSV.encode(), mtime=0))
    assert pairs(folder, format="tsv", compression="gzip") == EXPECTED


def test_skipped_rows_blank_lines_and_official_parts(folder):
    put(folder, "train.tab", "Category\tText\nd\tstring\nclass\t\n\nx\ta\ny\tb\n")
    put(folder, "test.tab", "Category\tText\nd\tstring\nclass\t\n\ny\tc\n\n")
    table = read(folder, Reading(text="Text", label="Category", skip_rows=2))
    assert [(row["id"], row["row"], row["text"], row["part"]) for row in table.rows.to_pylist()] == [
        ("test-1", 1, "c", "test"),
        ("train-1", 1, "a", "train"),
        ("train-2", 2, "b", "train"),
    ]
    assert (table.rows_read, table.rows_dropped) == (6, {"blank line": 3})
    assert [file["rows"] for file in table.files] == [1, 2]


def test_sign_of_a_rating_without_header(folder):
    put(folder, "m.txt", '1\t2.5\tfine\r\n2\t-0.1\t"bad\r\n3\t0\tnothing\r\n')
    reading = Reading(label="rating", label_rule="sign", format="tsv", columns=("id", "rating", "text"))
    table = read(folder, reading)
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
def test_a_rating_may_be_label_and_weight(folder, name, content):
    put(folder, name, content)
    found = rows(folder, label="rating", label_rule="sign", weight="rating")
    assert [(row["text"], row["label"], row["weight"]) for row in found] == [
        ("fine", "positive", 2.5),
        ("bad", "negative", 0.1),
    ]
    assert "weight" not in rows(folder, label="rating", label_rule="sign")[0]


def test_weights_of_parquet_and_of_a_column_of_their_own(folder):
    table = pa.table({"w": [3, 1], "label": ["x", "y"], "part": ["train", "test"], "text": ["a", "b"]})
    pq.write_table(table, folder / "d.parquet")
    found = [(row["text"], row["label"], row["part"], row["weight"]) for row in rows(folder, part="part", weight="w")]
    assert found == [("a", "x", "train", 3.0), ("b", "y", "test", 1.0)]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            ("1", "much"),
            r"d\.csv: the column 'w' must hold weights \(finite numbers\), but row 2: 'much': mend the file",
        ),
        (("inf", "1"), "but row 1: 'inf'"),
        (("1", "9" * 400), "but row 2: '999"),
        (("1", ""), "but row 2: ''"),
        (("0", "1"), r"the weight in the column 'w' is 0: d\.csv, row 1: a text that shall not train has no place"),
    ],
)
def test_weights_that_are_none(folder, values, expected):
    put(folder, "d.csv", "text,label,w\na,x,{}\nb,y,{}\n".format(*values))
    assert re.search(expected, message(folder, weight="w"))


def test_a_rating_of_more_digits_than_a_number_has(folder):
    put(folder, "d.jsonl", '{"text": "a", "label": ' + "9" * 400 + "}\n")
    assert "must hold ratings (numbers), but row 1: 999" in message(folder, label_rule="sign")


def test_the_weights_of_test_do_not_matter(folder):
    put(folder, "train.csv", "text,label,w\na,x,1\nb,y,2\n")
    put(folder, "test.csv", "text,label,w\nc,x,0\n")
    assert len(rows(folder, weight="w")) == 3


def test_the_label_that_is_a_files_name_may_be_the_weight(folder):
    put(folder, "3.txt", "good\n")
    put(folder, "-2.txt", "bad\n")
    found = rows(folder, label_rule="sign", weight="label")
    assert [(row["label"], row["weight"]) for row in found] == [("negative", 2), ("positive", 3)]


def test_no_column_of_weights(folder):
    put(folder, "d.csv", CSV)
    assert "has no column 'weigth': " in message(folder, weight="weigth")
    assert "datasets.mine.reading.weight in params.yaml" in message(folder, weight="weigth")


def test_labels_that_are_numbers(folder):
    put(folder, "d.jsonl", "\n".join(json.dumps({"text": "a", "label": label}) for label in [1, 2.0, 2.5, "02", None]))
    assert [row["label"] for row in rows(folder)] == ["1", "2", "2.5", "02", None]


def test_a_column_of_parts_goes_before_the_files_name(folder):
    put(folder, "train.csv", "text,label,fold\na,x,test\nb,y,\n")
    assert [row["part"] for row in rows(folder, part="fold")] == ["test", "train"]


def test_rows_are_thinned_out_by_a_hash_for_each_part(folder):
    put(folder, "train.csv", "text,label\n" + "".join(f"t{n},{n % 2}\n" for n in range(50)))
    put(folder, "test.csv", "text,label\na,0\nb,1\n")
    table = read(folder, Reading(rows=20))
    kept = [row["row"] for row in table.rows.to_pylist() if row["part"] == "train"]
    assert len(kept) == 20
    assert kept == sorted(kept)
    assert table.rows_dropped == {"beyond reading.rows": 30}
    assert table.rows.num_rows == 22
    fewer = [row["row"] for row in rows(folder, rows=10) if row["part"] == "train"]
    assert set(fewer) < set(kept)


def test_several_lines_in_a_quoted_field(folder):
    put(folder, "d.csv", 'text,label\n"a\r\nb",x\nc,y\n')
    assert pairs(folder) == [("a\r\nb", "x"), ("c", "y")]


@pytest.mark.parametrize(("encoding", "found"), [("latin-1", "cp1252"), ("utf-16", "utf_16")])
def test_encoding_is_detected(folder, encoding, found):
    put(folder, "d.csv", ("text,label\n" + FRENCH).encode(encoding))
    table = read(folder, Reading())
    assert table.rows["text"][1].as_py() == "ça ira très bien à l'été"
    assert table.files[0]["encoding"] == found


def test_an_encoding_other_than_western_is_detected(folder):
    polish = "text,label\nZażółć gęślą jaźń,a\nTen film był naprawdę świetny: polecam każdemu,b\n"
    put(folder, "d.csv", polish.encode("cp1250"))
    assert rows(folder)[0]["text"] == "Zażółć gęślą jaźń"


def test_declared_encoding(folder):
    put(folder, "d.csv", ("text,label\n" + FRENCH).encode("cp1252"))
    table = read(folder, Reading(encoding="windows-1252"))
    assert table.rows["text"][1].as_py() == "ça ira très bien à l'été"
    assert table.files[0]["encoding"] == "cp1252"


def test_declared_encoding_that_does_not_fit(folder):
    put(folder, "d.csv", ("text,label\nplain,good\n" + FRENCH).encode("cp1252"))
    told = message(folder, encoding="utf-8")
    assert "d.csv is not encoded in 'utf-8': byte 28 (line 3)" in told
    assert "detection suggests 'cp125" in told
    assert "datasets.mine.reading.encoding" in told


def test_unknown_encoding(folder):
    put(folder, "d.csv", CSV)
    assert "unknown encoding 'utf-88'" in message(folder, encoding="utf-88")


def test_bytes_that_are_no_text(folder):
    put(folder, "d.csv", bytes(range(256)) * 20)
    assert "d.csv" in message(folder)


def test_ragged_rows_are_all_counted(folder):
    put(folder, "d.csv", "text,label\na,x\n\nb,y,z\n" + "c\n" * 6)
    told = message(folder)
    assert "2 fields a row expected, but row 2 (line 4) has 3; row 3 (line 5) has 1; " in told
    assert "… and 2 more" in told


@pytest.mark.parametrize("content", ['text,label\na,x\n"b,y\nc,z\n', 'text,label\na,x\n"b"c,y\n'])
def test_broken_quotes(folder, content):
    put(folder, "d.csv", content)
    assert "the record that begins in line 3 cannot be read" in message(folder)


@pytest.mark.parametrize(
    ("content", "expected"), [("", "is empty"), ("text,label\n", "holds no rows"), ("\n\n \n", "is empty")]
)
def test_empty_file(folder, content, expected):
    put(folder, "d.csv", content)
    assert expected in message(folder)


def test_empty_compressed_file(folder):
    put(folder, "d.jsonl.gz", gzip.compress(b"", mtime=0))
    assert "d.jsonl.gz is empty" in message(folder)


@pytest.mark.parametrize(("codec", "module"), [("gzip", gzip), ("xz", lzma)])
def test_damaged_compression(folder, codec, module):
    put(folder, "d.csv", module.compress(CSV.encode() * 500)[:-30])
    assert f"d.csv is damaged or not compressed by {codec}" in message(folder)


@pytest.mark.parametrize(("name", "declared"), [("d.csv", "gzip"), ("d.csv.gz", None)])
def test_what_is_not_compressed(folder, name, declared):
    put(folder, name, CSV)
    assert f"{name} is damaged or not compressed by gzip" in message(folder, compression=declared)


@pytest.mark.parametrize(("name", "other"), [("d.csv", ";"), ("d.csv", "\t"), ("d.tsv", ","), ("d.csv", "|")])
@pytest.mark.parametrize("quote", ["", '"'])
def test_another_delimiter(folder, name, other, quote):
    header, _, body = CSV.replace(",", other).replace(f"a{other}", "a,").partition("\n")
    put(folder, name, other.join(f"{quote}{name}{quote}" for name in header.split(other)) + "\n" + body)
    told = f"set datasets.mine.reading.delimiter in params.yaml to {json.dumps(other)}"
    assert told in message(folder)
    assert pairs(folder, delimiter=other, quotes=True) == EXPECTED


@pytest.mark.parametrize(
    ("name", "content"), [("d.csv", "txt,label\na,x\n"), ("d.jsonl", '{"txt": "a", "label": "x"}\n')]
)
def test_missing_column(folder, name, content):
    put(folder, name, content)
    assert f"{name} has no column 'text': did you mean 'txt'? valid: label, txt: mend datasets.mine.reading.text" in (
        message(folder)
    )


def test_column_given_twice(folder):
    put(folder, "d.csv", "text,label,text\na,x,b\n")
    assert "2 columns named 'text'" in message(folder)


def test_text_of_a_wrong_type(folder):
    pq.write_table(pa.table({"text": [1, 2], "label": ["x", "y"]}), folder / "d.parquet")
    assert "the column 'text' must hold text, but row 1: 1; row 2: 2" in message(folder)


def test_one_text_of_a_wrong_type(folder):
    put(folder, "d.jsonl", '{"text": "a", "label": "x"}\n\n{"text": ["b"], "label": "y"}\n')
    assert "must hold text, but row 2: ['b']" in message(folder)


def test_label_of_a_wrong_type(folder):
    put(folder, "d.jsonl", '{"text": "a", "label": ["x"]}\n{"text": "b", "label": "y"}\n')
    assert "the column 'label' must hold text or numbers, but row 1: ['x']" in message(folder)


@pytest.mark.parametrize("value", ["good", "", "nan"])
def test_rating_that_is_no_number(folder, value):
    put(folder, "d.csv", f"text,label\na,1\nb,{value}\n")
    assert f"must hold ratings (numbers), but row 2: {value!r}" in message(folder, label_rule="sign")


@pytest.mark.parametrize("line", ["{bad}", "[1]", '{"text": NaN}', '{"text": "\\ud800"}', "[" * 100_000], ids=range(5))
def test_invalid_json_line(folder, line):
    put(folder, "d.jsonl", f'{{"text": "a", "label": "x"}}\n\n{line}\n')
    assert "d.jsonl: line 3 is not a JSON object" in message(folder)


def test_parquet_that_is_none(folder):
    put(folder, "d.parquet", CSV)
    assert "d.parquet is not a whole Parquet file" in message(folder)


def test_unknown_part(folder):
    put(folder, "d.csv", "text,label,fold\na,x,train\nb,y,dev\n")
    assert "the column 'fold' must hold train, validation, test or nothing, but row 2: 'dev'" in (
        message(folder, part="fold")
    )


def test_unknown_ending(folder):
    put(folder, "d.xlsx", CSV)
    assert "the ending '.xlsx' tells no format: set datasets.mine.reading.format" in message(folder)


def test_one_label_only(folder):
    put(folder, "d.csv", "text,label\na,x\nb,x\nc,\n")
    assert "only one label 'x'" in message(folder)


def test_text_file_named_as_a_part(folder):
    put(folder, "train.txt", "a\n")
    assert "'train' is the name of a part" in message(folder)


def test_folders_that_cannot_be_read(folder):
    assert "holds no file" in message(folder)
    assert "run `dvc repro fetch@other`" in message(folder.with_name("other"))
    put(folder, "d.csv", CSV)
    put(folder, "d.tsv", TSV)
    assert "have the same name up to the first dot" in message(folder)
    (folder / "a").mkdir()
    assert "is a folder" in message(folder)
