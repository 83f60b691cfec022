"""Raw files → one tidy table of texts and labels.

| column | type | meaning |
|---|---|---|
| id | string | `<file's stem>-<row>`, unique and stable |
| file | string | the raw file's name |
| row | int64 | the record in that file, counted from 1; header, skipped rows and blank lines do not count |
| text | string | as it stands in the file |
| label | string | numbers as text, integers without '.0' |
| part | string | train, validation or test where the source says so, else null |
| weight | float64 | how much the text counts in training; there is no such column if `reading.weight` names none |
"""

import codecs
import csv
import hashlib
import io
import json
import lzma
import math
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stages.classification.params import Reading
from stages.console import Problem, nearest, progress
from stages.schema import Part

PARTS = get_args(Part)
FORMATS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".txt": "text",
}
COMPRESSIONS = (  # with what a file begins with, and the ending of its name
    ("gzip", b"\x1f\x8b", ".gz"),
    ("bz2", b"BZh", ".bz2"),
    ("lz4", b"\x04\x22\x4d\x18", ".lz4"),
    ("zstd", b"\x28\xb5\x2f\xfd", ".zst"),
    ("xz", b"\xfd7zXZ\x00", ".xz"),
)
DELIMITERS = {"csv": ",", "tsv": "\t"}
SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("file", pa.string()),
        ("row", pa.int64()),
        ("text", pa.string()),
        ("label", pa.string()),
        ("part", pa.string()),
    ]
)
WEIGHT = pa.field("weight", pa.float64())
SHOWN = 5  # rows that a message lists before it only counts the others


@dataclass(frozen=True)
class Table:
    """The tidy table, and an account of where its rows come from and which were dropped."""

    rows: pa.Table
    files: list[dict]  # name, bytes, encoding, rows (data records)
    rows_read: int  # data records and blank lines
    rows_dropped: dict[str, int]  # reason → count; rows_read - their sum = rows


@dataclass
class Columns:
    """One raw file's columns as read, before their values are checked."""

    text: list
    label: list
    part: list | None = None
    weight: list | None = None
    blank_lines: int = 0
    encoding: str | None = None


def read(folder: Path, reading: Reading) -> Table:
    """Read a data set's raw files.

    Args:
        folder: `data/raw/DATASET`, which holds the files and nothing else.
        reading: how the files are to be read.

    Raises:
        Problem: a file cannot be read as `reading` says, or there are fewer than two labels.
    """
    rows, files, dropped = [], [], Counter()
    for path in progress(_files(folder), desc="read", unit="file"):
        columns = _columns(path, reading)
        rows += _rows(path, columns, reading)
        dropped["blank line"] += columns.blank_lines
        size = path.stat().st_size
        files.append({"name": path.name, "bytes": size, "encoding": columns.encoding, "rows": len(columns.text)})
    rows_read = len(rows) + dropped["blank line"]
    if reading.label_rule == "sign":
        rated = [row for row in rows if row["label"] is not None]
        dropped["rating is zero"] = len(rows) - len(rated)
        rows = rated
    _refuse_no_weight(rows, reading)
    if reading.rows is not None:
        chosen = _choose(rows, reading.rows)
        dropped["beyond reading.rows"] = len(rows) - len(chosen)
        rows = chosen
    _check_labels(folder, {row["label"] for row in rows} - {None, ""})
    return Table(
        rows=pa.Table.from_pylist(rows, schema=SCHEMA if reading.weight is None else SCHEMA.append(WEIGHT)),
        files=files,
        rows_read=rows_read,
        rows_dropped={reason: count for reason, count in sorted(dropped.items()) if count},
    )


def _files(folder: Path) -> list[Path]:
    """Return the raw files in the order of their names; what would be passed over in silence is refused."""
    if not folder.is_dir():
        raise Problem(f"{folder} is missing: run `dvc repro fetch@{folder.name}` first")
    paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    if not paths:
        raise Problem(f"{folder} holds no file: look at datasets.{folder.name}.source in params.yaml")
    stems = {}
    for path in paths:
        if path.is_dir():
            raise Problem(f"{path} is a folder, but only files directly in {folder} are read: move its files up")
        if _stem(path) in stems:
            raise Problem(
                f"{path} and {stems[_stem(path)].name} have the same name up to the first dot, "
                "which makes their rows' ids equal: rename one, or join the files"
            )
        stems[_stem(path)] = path
    return paths


def _stem(path: Path) -> str:
    return path.name.partition(".")[0]


def _key(path: Path, name: str) -> str:
    """Name the parameter that steers how a file is read."""
    return f"datasets.{path.parent.name}.reading.{name} in params.yaml"


def _columns(path: Path, reading: Reading) -> Columns:
    """Read one file by its format."""
    kind = reading.format or _format(path)
    data = _content(path, reading.compression)
    if kind == "parquet":
        columns = _parquet(path, data, reading)
    else:
        text, encoding = _decode(path, data, reading.encoding)
        parse = {"csv": _delimited, "tsv": _delimited, "jsonl": _json_lines, "text": _text_lines}[kind]
        columns = parse(path, text, reading, kind)
        columns.encoding = encoding
    if not columns.text:
        raise Problem(f"{path} holds no rows: remove it, or put data into it")
    return columns


def _format(path: Path) -> str:
    """Return the format that the file's ending stands for, the compression's ending left out."""
    name = Path(path.stem) if path.suffix.lower() in {ending for *_, ending in COMPRESSIONS} else path
    if name.suffix.lower() not in FORMATS:
        raise Problem(
            f"{path}: the ending '{name.suffix}' tells no format: set {_key(path, 'format')} "
            f"({', '.join(sorted(set(FORMATS.values())))}), or rename the file ({', '.join(FORMATS)})"
        )
    return FORMATS[name.suffix.lower()]


def _content(path: Path, declared: str | None) -> bytes:
    """Return a file's content, decompressed as declared, else as its first bytes tell, else by its ending."""
    with path.open("rb") as file:
        begins = file.read(8)
    ending = path.suffix.lower()
    codec = declared or next((name for name, mark, _ in COMPRESSIONS if begins.startswith(mark)), None)
    codec = codec or next((name for name, _, usual in COMPRESSIONS if ending == usual), "none")
    try:
        with lzma.open(path) if codec == "xz" else pa.input_stream(path, None if codec == "none" else codec) as stream:
            data = stream.read()
    except (OSError, EOFError, lzma.LZMAError, pa.ArrowInvalid) as error:
        if codec == "none":
            raise
        raise Problem(
            f"{path} is damaged or not compressed by {codec} ({error}): "
            f"fetch it anew, or mend {_key(path, 'compression')}"
        ) from None
    if not data.strip():
        raise Problem(f"{path} is empty: remove it, or put data into it")
    return data


def _decode(path: Path, data: bytes, declared: str | None) -> tuple[str, str]:
    """Return the text and its encoding: the declared one, else UTF-8 if it fits, else what detection finds."""
    try:
        encoding = codecs.lookup(declared or "utf-8").name
        text = data.decode(encoding)
    except LookupError:
        raise Problem(
            f"{path}: unknown encoding '{declared}': mend {_key(path, 'encoding')}, or set it to null"
        ) from None
    except UnicodeDecodeError as error:
        if declared:
            raise Problem(_misfit(path, data, declared, error)) from None
        text = None
    if text is None or (declared is None and "\0" in text):  # UTF-16 without a mark passes as UTF-8 full of zeros
        encoding = _detect(data)
        try:
            text = data.decode(encoding or "ascii")
        except UnicodeDecodeError:
            raise Problem(
                f"{path} is not UTF-8, and its encoding could not be detected: set {_key(path, 'encoding')} "
                "(as Python names it), or check that this is a text file"
            ) from None
    return text.removeprefix("\ufeff"), encoding


def _detect(data: bytes) -> str | None:
    """Return the likeliest encoding. Of those that read as well, Windows-1252 wins: it is by far the most used."""
    from charset_normalizer import from_bytes

    matches = from_bytes(data)
    best = matches.best()
    if best is None:
        return None
    equals = (match for match in matches if match.coherence >= best.coherence)
    return "cp1252" if any("cp1252" in match.could_be_from_charset for match in equals) else best.encoding


def _misfit(path: Path, data: bytes, declared: str, error: UnicodeDecodeError) -> str:
    line = data[: error.start].decode(declared, errors="ignore").count("\n") + 1
    detected = _detect(data)
    return (
        f"{path} is not encoded in '{declared}': byte {error.start} (line {line}) does not fit; "
        f"detection suggests {repr(detected) if detected else 'no text encoding at all'}: "
        f"mend {_key(path, 'encoding')}, or set it to null"
    )


def _delimited(path: Path, text: str, reading: Reading, kind: str) -> Columns:
    """Read CSV or TSV: every value stays text, every row has as many fields as there are columns."""
    delimiter = reading.delimiter or DELIMITERS[kind]
    _refuse_another_delimiter(path, text, delimiter, reading)
    records = _records(path, text, kind == "csv" if reading.quotes is None else reading.quotes, delimiter)
    header = list(reading.columns or next((values for _, values in records if values), []))
    for _ in range(reading.skip_rows):
        next(records, None)
    wanted = {key: header.index(name) for key, name in _wanted(path, header, reading).items()}
    ragged, picked, blank, row = [], [], 0, 0
    for line, values in records:
        if not values:
            blank += 1
            continue
        row += 1
        if len(values) == len(header):
            picked.append([values[index] for index in wanted.values()])
        else:
            ragged.append(f"row {row} (line {line}) has {len(values)}")
    if ragged:
        raise Problem(
            f"{path}: {len(header)} fields a row expected, but {_listed(ragged)}: mend these rows, or look at "
            f"{_key(path, 'format')} ({kind} now), delimiter, quotes and columns beside it"
        )
    columns = [list(column) for column in zip(*picked, strict=True)] or [[] for _ in wanted]
    return Columns(**dict(zip(wanted, columns, strict=True)), blank_lines=blank)


def _refuse_another_delimiter(path: Path, text: str, delimiter: str, reading: Reading) -> None:
    """Refuse a header that has the wanted columns if it is separated otherwise."""
    header = next((line for line in io.StringIO(text) if line.strip()), "")
    names = {mark: {name.strip('"') for name in header.strip().split(mark)} for mark in (delimiter, *",;\t|")}
    fitting = [mark for mark, found in names.items() if {reading.text, reading.label} <= found]
    if fitting and delimiter not in fitting and reading.columns is None:
        raise Problem(
            f"{path}: its header is separated by {fitting[0]!r}, not by {delimiter!r}: set "
            f"{_key(path, 'delimiter')} to {json.dumps(fitting[0])}"
        )


def _records(path: Path, text: str, quotes: bool, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each record with the line that it begins in; a blank line is an empty record."""
    csv.field_size_limit(2**31 - 1)
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=delimiter,
        quoting=csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE,
        strict=True,
    )
    while True:
        line = reader.line_num + 1
        try:
            yield line, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise Problem(
                f"{path}: the record that begins in line {line} cannot be read ({error}): double the quotes inside a "
                f"quoted field and close it, or set {_key(path, 'quotes')} to false if quotes are plain text"
            ) from None


def _json_lines(path: Path, text: str, reading: Reading, kind: str) -> Columns:
    records, blank = [], 0
    for number, line in enumerate(io.StringIO(text, newline=None), start=1):
        if not line.strip():
            blank += 1
            continue
        try:
            records.append(_json_object(line))
        except (ValueError, RecursionError) as error:
            raise Problem(
                f"{path}: line {number} is not a JSON object ({error}): mend it, or set {_key(path, 'format')}"
            ) from None
    names = list(dict.fromkeys(name for record in records for name in record))
    wanted = _wanted(path, names, reading).items()
    return Columns(**{key: [record.get(name) for record in records] for key, name in wanted}, blank_lines=blank)


def _json_object(line: str) -> dict:
    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is no JSON number")

    record = json.loads(line, parse_constant=refuse)
    if not isinstance(record, dict):
        raise ValueError(f"found {type(record).__name__}")  # noqa: TRY004 - told to the user as invalid content
    if "\\u" in line:  # half of a surrogate pair is no text: it cannot be encoded
        json.dumps(record, ensure_ascii=False).encode()
    return record


def _text_lines(path: Path, text: str, reading: Reading, kind: str) -> Columns:
    label = _stem(path)
    if label in PARTS:
        raise Problem(
            f"{path}: in the format 'text' a file's name is its label, and '{label}' is the name of a part: rename the "
            f"file to its label, or set {_key(path, 'format')} to a format with a column of labels"
        )
    wanted = _wanted(path, [reading.text, reading.label], reading)
    lines = [line.rstrip("\n") for line in io.StringIO(text, newline=None)]
    texts = [line for line in lines if line.strip()]
    columns = {reading.text: texts, reading.label: [label] * len(texts)}
    return Columns(**{key: columns[name] for key, name in wanted.items()}, blank_lines=len(lines) - len(texts))


def _parquet(path: Path, data: bytes, reading: Reading) -> Columns:
    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        wanted = _wanted(path, file.schema_arrow.names, reading)
        table = file.read(columns=list(set(wanted.values())))
    except (OSError, pa.ArrowInvalid) as error:
        raise Problem(
            f"{path} is not a whole Parquet file ({error}): fetch it anew, or set {_key(path, 'format')}"
        ) from None
    return Columns(**{key: table.column(name).to_pylist() for key, name in wanted.items()})


def _wanted(path: Path, found: list[str], reading: Reading) -> dict[str, str]:
    """Return the names of the columns to read by their use, once it is sure that the file holds each of them once."""
    named = {key: getattr(reading, key) for key in ("text", "label", "part", "weight")}
    wanted = {key: name for key, name in named.items() if name is not None}
    for key, name in wanted.items():
        if name not in found:
            raise Problem(f"{path} has no column '{name}': {nearest(name, found)}: mend {_key(path, key)}")
        if found.count(name) > 1:
            raise Problem(f"{path} has {found.count(name)} columns named '{name}': rename all but one")
    return wanted


def _rows(path: Path, columns: Columns, reading: Reading) -> list[dict]:
    """Return one file's rows with checked values. By the rule 'sign' a rating of zero leaves the label null."""
    wrong = [f"row {row}: {_shown(text)}" for row, text in enumerate(columns.text, 1) if not _is_text(text)]
    if wrong:
        raise Problem(
            f"{path}: the column '{reading.text}' must hold text, but {_listed(wrong)}: "
            f"mend the file, or choose another column by {_key(path, 'text')}"
        )
    labels = (_sign_labels if reading.label_rule == "sign" else _plain_labels)(path, columns.label, reading)
    stem = _stem(path)
    file_part = stem if stem in PARTS else None
    parts = _parts(path, columns.part or [None] * len(labels), reading)
    weights = _weights(path, columns.weight or [1] * len(labels), reading)
    values = enumerate(zip(columns.text, labels, parts, weights, strict=True), start=1)
    names = (*SCHEMA.names, WEIGHT.name)
    return [
        dict(zip(names, (f"{stem}-{row}", path.name, row, text, label, part or file_part, weight), strict=True))
        for row, (text, label, part, weight) in values
    ]


def _is_text(value: object) -> bool:
    return value is None or isinstance(value, str)


def _plain_labels(path: Path, values: list, reading: Reading) -> list[str | None]:
    """Return labels as text; a missing one (null or not-a-number) stays null for the expectations to report."""
    wrong = [
        f"row {row}: {_shown(value)}"
        for row, value in enumerate(values, 1)
        if not (_is_text(value) or isinstance(value, int | float))
    ]
    if wrong:
        raise Problem(
            f"{path}: the column '{reading.label}' must hold text or numbers, but {_listed(wrong)}: "
            f"mend the file, or choose another column by {_key(path, 'label')}"
        )
    return [_plain_label(value) for value in values]


def _plain_label(value: str | float | None) -> str | None:
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return str(int(value)) if value.is_integer() else str(value)
    return value if value is None else str(value)


def _sign_labels(path: Path, values: list, reading: Reading) -> list[str | None]:
    """Return 'positive', 'negative', or null for zero."""
    ratings, wrong = _numbers(values)
    if wrong:
        raise Problem(
            f"{path}: the column '{reading.label}' must hold ratings (numbers), but {_listed(wrong)}: "
            f"mend the file, {_key(path, 'label')}, or label_rule beside it"
        )
    return ["positive" if rating > 0 else "negative" if rating < 0 else None for rating in ratings]


def _weights(path: Path, values: list, reading: Reading) -> list[float]:
    """Return how much each text counts, whatever the sign."""
    weights, wrong = _numbers(values, most=float(np.finfo(np.float32).max))  # training gets them in single precision
    if wrong:
        raise Problem(
            f"{path}: the column '{reading.weight}' must hold weights (finite numbers), but {_listed(wrong)}: "
            f"mend the file, or choose another column by {_key(path, 'weight')} (null: all texts count alike)"
        )
    return [abs(weight) for weight in weights]


def _refuse_no_weight(rows: list[dict], reading: Reading) -> None:
    trained = (row for row in rows if row["part"] in ("train", None))
    wrong = [f"{row['file']}, row {row['row']}" for row in trained if not np.float32(row["weight"])]
    if wrong:
        raise Problem(
            f"the weight in the column '{reading.weight}' is 0: {_listed(wrong)}: a text that shall not train has no "
            "place in the data; leave its row out, or give it a weight"
        )


def _numbers(values: list, most: float = sys.float_info.max) -> tuple[list[float], list[str]]:
    """Return values as numbers, and a line for every row whose value is none, or one of a size beyond the most."""
    numbers = []
    for value in values:
        try:
            numbers.append(float(value))
        except (TypeError, ValueError, OverflowError):  # an integer of 400 digits overflows
            numbers.append(math.nan)
    wrong = (row for row, number in enumerate(numbers, 1) if not abs(number) <= most)
    return numbers, [f"row {row}: {_shown(values[row - 1])}" for row in wrong]


def _parts(path: Path, values: list, reading: Reading) -> list[str | None]:
    wrong = [f"row {row}: {_shown(value)}" for row, value in enumerate(values, 1) if value and value not in PARTS]
    if wrong:
        raise Problem(
            f"{path}: the column '{reading.part}' must hold {', '.join(PARTS)} or nothing, but {_listed(wrong)}: "
            f"mend the file, or set {_key(path, 'part')} to null"
        )
    return [value or None for value in values]


def _choose(rows: list[dict], limit: int) -> list[dict]:
    """Keep at most `limit` rows a part, those with the smallest hash, in their order."""

    def digest(row: dict) -> str:
        return hashlib.sha256(f"{row['id']}\0{row['text']}".encode()).hexdigest()

    chosen = set()
    for part in {row["part"] for row in rows}:
        members = sorted((row for row in rows if row["part"] == part), key=digest)
        chosen.update(row["id"] for row in members[:limit])
    return [row for row in rows if row["id"] in chosen]


def _check_labels(folder: Path, labels: set[str]) -> None:
    if len(labels) < 2:
        found = f"only one label {min(labels)!r}" if labels else "no label"
        raise Problem(
            f"{folder}: {found}, but a classifier needs two: mend datasets.{folder.name}.reading.label in params.yaml, "
            "or the data"
        )


def _listed(items: list[str]) -> str:
    """Join the first few items and count the others."""
    more = f"; … and {len(items) - SHOWN} more" if len(items) > SHOWN else ""
    return "; ".join(items[:SHOWN]) + more


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
