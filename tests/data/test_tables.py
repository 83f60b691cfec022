"""The reader of tables: formats, headers, quotes, batches, and what is refused in which words."""

import csv
import gzip
import io
import json
import lzma
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.config.dataset import Dataset
from stages.config.paths import Paths
from stages.config.reading import TableReading
from stages.data import tables
from stages.data.formats import delimited, lines, open_table
from stages.data.raw import RawFile, raw_files
from stages.data.tables import Column
from stages.runtime.errors import UserError

WANTED = [Column("text", "text"), Column("label", "label")]
ROWS = [("a, b", "x"), ("NA", "y")]
CSV = 'text,label\n"a, b",x\nNA,y\n'
TSV = "text\tlabel\na, b\tx\nNA\ty\n"
JSONL = '{"text": "a, b", "label": "x"}\n{"label": "y", "text": "NA", "more": 1}\n'
NAMESPACES = (
    'xmlns="http://schemas.openxmlformats.org/{0}" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
)
RELATIONS = "package/2006/relationships"
SHEETS = "spreadsheetml/2006/main"
ODS = "urn:oasis:names:tc:opendocument:xmlns:{0}:1.0"


def archive(files: dict[str, str]) -> bytes:
    """Return a zip archive."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, text in files.items():
            opened.writestr(name, text)
    return content.getvalue()


def xlsx(**sheets: list[list[str]]) -> bytes:
    """Return a workbook of Excel's; a cell that begins with a bracket is XML, any other a text."""

    def cell(value: str) -> str:
        return value if value.startswith("<") else f'<c t="inlineStr"><is><t>{value}</t></is></c>'

    root = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    names = list(enumerate(sheets, start=1))
    entries = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"/>' for n, name in names)
    targets = "".join(
        f'<Relationship Id="r{n}" Type="{root}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n, _ in names
    )
    files = {
        "_rels/.rels": f"<Relationships {NAMESPACES.format(RELATIONS)}>"
        f'<Relationship Id="r1" Type="{root}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f"<workbook {NAMESPACES.format(SHEETS)}><sheets>{entries}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f"<Relationships {NAMESPACES.format(RELATIONS)}>{targets}</Relationships>",
    }
    for n, name in names:
        rows = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in sheets[name])
        files[f"xl/worksheets/sheet{n}.xml"] = (
            f"<worksheet {NAMESPACES.format(SHEETS)}><sheetData>{rows}</sheetData></worksheet>"
        )
    return archive(files)


def ods(rows: list[list[str]]) -> bytes:
    """Return a sheet of OpenDocument."""

    def cell(value: str) -> str:
        return f'<table:table-cell office:value-type="string"><text:p>{value}</text:p></table:table-cell>'

    names = " ".join(f'xmlns:{name}="{ODS.format(name)}"' for name in ("office", "table", "text"))
    body = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
    return archive(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": f'<m:manifest xmlns:m="{ODS.format("manifest")}"/>',
            "content.xml": f"<office:document-content {names}><office:body><office:spreadsheet>"
            f'<table:table table:name="S">{body}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
        }
    )


def parquet(table: pa.Table) -> bytes:
    """Return a Parquet file."""
    content = io.BytesIO()
    pq.write_table(table, content)
    return content.getvalue()


PARQUET = parquet(pa.table({"label": ["x", "y"], "other": [[1], [2]], "text": ["a, b", "NA"]}))
SPREADSHEET = xlsx(Data=[["text", "label"], ["a, b", "x"], ["NA", "y"]], Empty=[])


@pytest.fixture
def put(tmp_path):
    """Return a function that writes a file."""

    def write(name: str, content: str | bytes, **reading) -> RawFile[TableReading]:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return RawFile(path, TableReading(**reading), "task.datasets.mine.reading")

    return write


def rows(file: RawFile[TableReading], wanted: list[Column] = WANTED) -> list[tuple]:
    """Return the wanted columns' values by row."""
    table = open_table(file)
    names = tables.distinct_names(wanted)
    values = [
        row for batch in table.batches(wanted) for row in zip(*(batch.values(name) for name in names), strict=True)
    ]
    table.faults.refuse()
    return values


def message(file: RawFile[TableReading], wanted: list[Column] = WANTED) -> str:
    with pytest.raises(UserError) as caught:
        rows(file, wanted)
    return str(caught.value)


@pytest.mark.parametrize(
    ("ending", "content"),
    [
        ("csv", CSV.encode()),
        ("CSV", CSV.replace("\n", "\r\n").encode()),
        ("tsv", TSV.encode()),
        ("tab", TSV.encode()),
        ("jsonl", JSONL.encode()),
        ("ndjson", JSONL.encode()),
        ("parquet", PARQUET),
        ("xlsx", SPREADSHEET),
        ("ods", ods([["text", "label"], ["a, b", "x"], ["NA", "y"]])),
    ],
)
def test_every_format_in_every_compression(put, ending, content):
    assert rows(put(f"d.{ending}", content)) == ROWS
    assert rows(put(f"d.{ending}.gz", gzip.compress(content, mtime=0))) == ROWS
    assert rows(put(f"d.{ending}", lzma.compress(content))) == ROWS
    assert rows(put(f"d.{ending}.zst", pa.compress(content, "zstd", asbytes=True))) == ROWS
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as opened:
        opened.writestr(f"inner.{ending}", content)
    assert rows(put("d.zip", packed.getvalue())) == ROWS


def test_a_declared_format_goes_before_the_ending(put):
    assert rows(put("download", TSV, format="tsv")) == ROWS
    reason = message(put("d.docx", TSV))
    assert "the ending '.docx' tells no format: set task.datasets.mine.reading.format" in reason
    assert "(csv, jsonl, parquet, spreadsheet, tsv)" in reason


def test_an_account_of_a_file(put):
    table = open_table(put("d.csv", "text,label\n\na,x\n \nb,y\n"))
    assert sum(len(batch.rows) for batch in table.batches(WANTED)) == 2
    assert table.account() == {
        "name": "d.csv",
        "bytes": 22,
        "encoding": "utf-8",
        "encoding_guessed": False,
        "rows": 2,
    }
    assert table.blank_lines == 2


@pytest.mark.parametrize("name", ["d.csv", "d.jsonl", "d.parquet", "d.xlsx"])
def test_records_come_in_batches(put, name, monkeypatch):
    monkeypatch.setattr(tables, "BATCH", 3)
    monkeypatch.setattr(delimited, "PIECE", 1)
    monkeypatch.setattr("stages.data.formats.parquet.BATCH", 3)
    values = [str(n) for n in range(8)]
    content = {
        "d.csv": "text,label\n" + "".join(f"{n},x\n" for n in values),
        "d.jsonl": "".join(json.dumps({"text": n, "label": "x"}) + "\n" for n in values),
        "d.parquet": parquet(pa.table({"text": values, "label": ["x"] * 8})),
        "d.xlsx": xlsx(S=[["text", "label"], *([n, "x"] for n in values)]),
    }[name]
    batches = list(open_table(put(name, content)).batches(WANTED))
    assert [list(batch.rows) for batch in batches] == [[1, 2, 3], [4, 5, 6], [7, 8]]
    assert [value for batch in batches for value in batch.values("text")] == values
    assert [value for batch in batches for value in batch.series("text")] == values


def test_a_batch_of_long_records_is_cut_short(put, monkeypatch):
    monkeypatch.setattr(tables, "BATCH_SIZE", 10)
    monkeypatch.setattr(delimited, "PIECE", 1)
    content = "text,label\n" + "aaaa,x\n" * 6
    assert [len(batch.rows) for batch in open_table(put("d.csv", content)).batches(WANTED)] == [2, 2, 2]


def test_a_column_may_have_two_uses(put):
    assert rows(put("d.csv", CSV), [Column("label", "label"), Column("label", "weight")]) == [("x",), ("y",)]


# --- CSV and TSV ---


def test_quotes_are_text_in_tsv_unless_a_key_says_otherwise(put):
    content = 'text\tlabel\n"a\tb"\tx\nc\ty\n'
    reason = message(put("d.tsv", content))
    assert "2 fields a row expected, but row 1 (line 2) has 3: if fields stand in double quotes, set " in reason
    assert "task.datasets.mine.reading.quotes in params.yaml to true" in reason
    assert rows(put("d.tsv", content, quotes=True)) == [("a\tb", "x"), ("c", "y")]
    assert rows(put("d.tsv", 'text\tlabel\n"a"\tx\n')) == [('"a"', "x")]
    assert rows(put("d.csv", 'text,label\n"a"b,x\n', quotes=False)) == [('"a"b', "x")]


def test_a_header_in_quotes_names_the_key(put):
    content = '"text"\t"label"\n"a"\t"x"\n'
    assert "the header's names stand in quotes: set task.datasets.mine.reading.quotes" in message(put("d.tsv", content))
    assert rows(put("d.tsv", content, quotes=True)) == [("a", "x")]


@pytest.mark.parametrize(("name", "other"), [("d.csv", ";"), ("d.csv", "\t"), ("d.tsv", ","), ("d.csv", "|")])
@pytest.mark.parametrize("quote", ["", '"'])
def test_another_delimiter_is_named(put, name, other, quote):
    header = other.join(f"{quote}{column}{quote}" for column in ("text", "label"))
    content = f'{header}\n"a{other}b"{other}x\n'
    expected = f"set task.datasets.mine.reading.delimiter in params.yaml to {json.dumps(other)}"
    assert expected in message(put(name, content))
    assert rows(put(name, content, delimiter=other, quotes=True)) == [(f"a{other}b", "x")]


def test_a_file_without_header(put):
    file = put("d.csv", "1,a,x\n2,b,y\n", columns=["id", "text", "label"])
    assert rows(file) == [("a", "x"), ("b", "y")]
    assert "there is no column 'label': valid: id, text: fix task.datasets.mine.reading.label in params.yaml, or " in (
        message(put("d.csv", "1,a\n", columns=["id", "text"]))
    )


def test_rows_after_the_header_are_skipped(put):
    assert rows(put("d.csv", "\ntext,label\nstring,class\n,\na,x\n", skip_rows=2)) == [("a", "x")]
    assert rows(put("d.xlsx", xlsx(S=[["text", "label"], ["string", "class"], ["a", "x"]]), skip_rows=1)) == [
        ("a", "x")
    ]


def test_several_lines_in_a_quoted_field(put):
    assert rows(put("d.csv", 'text,label\n"a\r\n\n b",x\nc,y\n')) == [("a\r\n\n b", "x"), ("c", "y")]


def test_ragged_rows_are_all_counted(put):
    reason = message(put("d.csv", "text,label\na,x\n\nb\n" + "c\n" * 6))
    assert "2 fields a row expected, but row 2 (line 4) has 1; row 3 (line 5) has 1; " in reason
    assert "… and 2 more: fix these rows, or look at task.datasets.mine.reading.format" in reason


def test_rows_with_more_fields_than_the_header(put):
    assert "is there a decimal comma, or a delimiter at their end?" in message(put("d.csv", "text,label\na,1,5\n"))


@pytest.mark.parametrize("content", ['text,label\na,x\n"b,y\nc,z\n', 'text,label\na,x\n"b"c,y\n'])
def test_broken_quotes(put, content):
    assert "the record that begins in line 3 cannot be read" in message(put("d.csv", content))


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("d.csv", "", "d.csv is empty: remove it"),
        ("d.csv", "\n\n \n", "d.csv is empty"),
        ("d.csv.gz", gzip.compress(b"", mtime=0), "d.csv.gz is empty"),
        ("d.csv", "text,label\n", "d.csv: holds no rows"),
        ("d.parquet", parquet(pa.table({"text": [], "label": []})), "d.parquet: holds no rows"),
        ("d.xlsx", xlsx(S=[], T=[]), "d.xlsx is empty"),
        ("d.xlsx", xlsx(S=[["text", "label"]]), "d.xlsx: holds no rows"),
    ],
)
def test_files_without_rows(put, name, content, expected):
    assert expected in message(put(name, content))


def test_a_line_that_no_record_has(put, monkeypatch):
    monkeypatch.setattr(lines, "LONGEST_LINE", 1000)
    assert "has a line of more than 1,000 characters: this is no table" in message(put("d.csv", "text" * 300))


def test_a_small_file_that_unpacks_to_a_huge_one(put):
    bomb = gzip.compress(b"text,label\n" + b"aaaaaaaaaaaaaaa,x\n" * 100_000)
    assert "unpacks to more than 1,000,000 bytes: if that is right, raise task.datasets.mine.reading.unpack_limit" in (
        message(put("d.csv.gz", bomb, unpack_limit=1_000_000))
    )
    table = pa.table({"text": pa.array(["a" * 1000] * 5000).dictionary_encode(), "label": ["x"] * 5000})
    assert "unpacks to more than" in message(put("d.parquet", parquet(table), unpack_limit=10_000))
    assert "unpacks to more than" in message(put("d.xlsx", SPREADSHEET, unpack_limit=100))


def test_broken_quotes_in_the_header_or_a_skipped_row(put):
    assert "the record that begins in line 1 cannot be read" in message(put("d.csv", '"text"s,label\na,x\n'), [])
    file = put("d.csv", 'text,label\n"type"s,\na,x\n', skip_rows=1)
    assert "the record that begins in line 2 cannot be read" in message(file)


TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=8)


@given(
    st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=9), st.sampled_from(["utf-8", "utf-16"]), st.integers(1, 9)
)
def test_what_was_written_as_csv_is_read_again(records, encoding, chunk):
    content = io.StringIO(newline="")
    csv.writer(content, quoting=csv.QUOTE_ALL).writerows([("text", "label"), *records])
    with TemporaryDirectory() as folder, mock.patch("stages.data.encoding.CHUNK", chunk):
        path = Path(folder, "d.csv")
        path.write_bytes(content.getvalue().encode(encoding))
        assert rows(RawFile(path, TableReading(encoding=encoding))) == records


# --- Columns, in all formats alike ---


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("d.csv", "txt,labels\na,x\n"),
        ("d.jsonl", '{"txt": "a"}\n{"labels": "x"}\n'),
        ("d.parquet", parquet(pa.table({"txt": ["a"], "labels": ["x"]}))),
        ("d.xlsx", xlsx(S=[["txt", "labels"], ["a", "x"]])),
    ],
)
def test_all_missing_columns_are_named(put, name, content):
    reason = message(put(name, content))
    for column, near in (("text", "txt"), ("label", "labels")):
        assert (
            f"{name}: there is no column '{column}': did you mean '{near}'? valid: labels, txt: "
            f"fix task.datasets.mine.reading.{column}" in reason
        )


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("d.csv", "text,label,text\na,x,b\n"),
        ("d.tsv", "text\ttext\tlabel\na\tb\tx\n"),
        ("d.parquet", parquet(pa.table([["a"], ["b"], ["x"]], names=["text", "text", "label"]))),
        ("d.xlsx", xlsx(S=[["text", "label", "text"], ["a", "x", "b"]])),
    ],
)
def test_a_column_that_stands_twice_is_refused(put, name, content):
    assert "2 columns are named 'text': rename all but one" in message(put(name, content))


def test_columns_that_are_not_read_may_have_any_name_or_none(put):
    assert rows(put("d.csv", ",text,label,a,a\n0,b,x,1,2\n")) == [("b", "x")]


# --- JSON Lines ---


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{bad}", "Expecting property name"),
        ("[1]", "it is a list"),
        ('{"text": NaN}', "NaN is no JSON number"),
        ('{"text": "\\ud800"}', "surrogates not allowed"),
        ("[" * 100_000, "recursion"),
        ('{"text": "a", "text": "b"}', "it has the name 'text' twice"),
    ],
)
def test_lines_that_are_no_objects(put, line, reason):
    content = f'{{"text": "a", "label": "x"}}\n\n{line}\n{{}}\n{line}\n'
    problem = message(put("d.jsonl", content))
    assert "d.jsonl: what stands in these lines is not a JSON object: line 3 (" in problem
    assert "; line 5 (" in problem and reason in problem


def test_what_an_object_lacks_is_null(put):
    assert rows(put("d.jsonl", '{"text": "a"}\n{"label": 1.5}\n')) == [("a", None), (None, 1.5)]
    assert open_table(put("d.jsonl", '{"b": 1}\n\n{bad}\n{"a": 1}\n')).names() == ["b", "a"]


@pytest.mark.parametrize("piece", [1, 2, 100])
def test_lines_and_rows_are_counted_right_after_faults(put, piece, monkeypatch):
    monkeypatch.setattr(delimited, "PIECE", piece)
    table = open_table(put("d.csv", 'text,label\n"a\r\n\nb",x\nc\n\nd,y\ne\n"f"g,z\n'))
    assert [(list(b.rows), b.values("label")) for b in table.batches(WANTED)] in ([([1, 3], ["x", "y"])],)
    with pytest.raises(UserError) as caught:
        table.faults.refuse()
    assert "row 2 (line 5) has 1; row 4 (line 8) has 1" in str(caught.value)
    assert "the record that begins in line 9 cannot be read" in str(caught.value)


def test_rows_are_counted_right_after_one_that_cannot_be_read(put):
    table = open_table(put("d.jsonl", '{"text": "a", "label": 1}\n{bad}\n{"text": "b", "label": 2}\n'))
    assert [(batch.rows, batch.values("text")) for batch in table.batches(WANTED)] == [([1, 3], ["a", "b"])]


# --- Parquet ---


def test_an_index_that_pandas_wrote_is_a_column(put):
    frame = pd.DataFrame({"text": ["a", "b"], "label": ["x", "y"]}, index=pd.Index(["k", "l"], name="key"))
    content = io.BytesIO()
    frame.to_parquet(content)
    file = put("d.parquet", content.getvalue())
    assert rows(file, [Column("key", "text"), Column("label", "label")]) == [("k", "x"), ("l", "y")]
    assert open_table(file).index_names() == {"key"}
    assert open_table(put("d.parquet", PARQUET)).index_names() == set()


def test_a_column_of_a_dictionary(put):
    table = pa.table({"label": [1, 0], "text": pa.array(["a", "b"]).dictionary_encode()})
    assert rows(put("d.parquet", parquet(table))) == [("a", 1), ("b", 0)]


@pytest.mark.parametrize("content", [CSV.encode(), PARQUET[:-20]])
def test_a_parquet_file_that_is_none(put, content):
    assert "d.parquet is not a whole Parquet file" in message(put("d.parquet", content))


# --- Spreadsheets ---


def test_cells_are_texts_as_in_csv(put):
    cells = [
        "<c><v>2</v></c>",
        "<c><v>2.50</v></c>",
        '<c t="b"><v>1</v></c>',
        '<c t="d"><v>2024-01-31T10:00:00</v></c>',
    ]
    content = xlsx(S=[[], ["text", "label"], *([cell, "x"] for cell in cells), [], ["", "y"]])
    values = [text for text, _ in rows(put("d.xlsx", content))]
    assert values == ["2", "2.5", "TRUE", "2024-01-31 10:00:00", ""]


def test_one_sheet_is_read(put):
    content = xlsx(Plan=[["text", "label"], ["a", "x"]], Notes=[["a note"]])
    assert "d.xlsx has 2 sheets: set task.datasets.mine.reading.sheet in params.yaml to one of Plan; Notes" in (
        message(put("d.xlsx", content))
    )
    assert rows(put("d.xlsx", content, sheet="Plan")) == [("a", "x")]
    assert "has no sheet 'Plans': set task.datasets.mine.reading.sheet" in message(
        put("d.xlsx", content, sheet="Plans")
    )


def test_a_sheet_without_header(put):
    content = xlsx(S=[["a", "x", ""], ["b", "y", "stray"]])
    assert "2 cells a row expected, but row 2 has 3: name all columns" in (
        message(put("d.xlsx", content, columns=["text", "label"]))
    )
    assert rows(put("d.xlsx", content, columns=["text", "label", "more"])) == [("a", "x"), ("b", "y")]


@pytest.mark.parametrize("content", [CSV.encode(), SPREADSHEET[:-30]])
def test_a_spreadsheet_that_is_none(put, content):
    assert "d.xlsx cannot be read as a spreadsheet" in message(put("d.xlsx", content))


# --- The folder of raw files ---


def test_folders_that_cannot_be_read(tmp_path):
    dataset = Dataset(Paths(tmp_path), "task", "mine")
    with pytest.raises(UserError, match="mine is missing: run `dvc repro fetch@mine` first"):
        raw_files(dataset, TableReading())
    dataset.raw.mkdir(parents=True)
    with pytest.raises(UserError, match=r"holds no file: look at task\.datasets\.mine\.source in params\.yaml"):
        raw_files(dataset, TableReading())
    (dataset.raw / "b.csv").touch()
    (dataset.raw / "a.csv").touch()
    (dataset.raw / ".hidden").touch()
    assert [file.path.name for file in raw_files(dataset, TableReading())] == ["a.csv", "b.csv"]
    (dataset.raw / "more").mkdir()
    with pytest.raises(UserError, match=r"there are folders: .*more: move their files up"):
        raw_files(dataset, TableReading())


@pytest.mark.parametrize(
    ("name", "declared", "unused"),
    [
        ("mine.csv", {"sheet": "one"}, ["sheet"]),
        ("mine.jsonl", {"delimiter": ";", "skip_rows": 2}, ["delimiter", "skip_rows"]),
        (
            "mine.parquet",
            {"encoding": "cp1252", "quotes": True, "columns": ("text",)},
            ["encoding", "columns", "quotes"],
        ),
        ("mine.xlsx", {"encoding": "cp1252", "delimiter": ";"}, ["encoding", "delimiter"]),
    ],
)
def test_a_declared_key_that_the_format_has_no_use_for_is_refused(name, declared, unused, tmp_path):
    file = RawFile(tmp_path / name, TableReading(**declared), "classification.datasets.mine.reading")
    with pytest.raises(UserError) as problem:
        open_table(file)
    keys = ", ".join(f"classification.datasets.mine.reading.{key} in params.yaml" for key in unused)
    assert f"which has no use for {keys}: remove it" in str(problem.value)
