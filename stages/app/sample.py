"""Raw files → what they look like: their format, delimiter, header and encoding, and the first rows."""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from stages.config.reading import FileReading, SignalReading, TableReading
from stages.data.beside import UNTOLD
from stages.data.compression import content_name
from stages.data.encoding import TextFile, inspect_text
from stages.data.formats import FORMATS, is_table, open_table
from stages.data.formats.delimited import Csv, Delimited, Tsv
from stages.data.formats.json_lines import JsonLines
from stages.data.pictures.picture import ENDINGS as PICTURE_ENDINGS
from stages.data.pictures.picture import unreadable
from stages.data.raw import RawFile
from stages.data.signals import FORMATS as SIGNAL_FORMATS
from stages.data.signals import open_signals
from stages.data.signals.signal import Signal
from stages.data.signals.sound import Recording
from stages.data.tables import Column as WantedColumn
from stages.runtime.errors import UserError
from stages.tasks.guess import MOSTLY, Choice, Column, Sample

ROWS = 100_000  # that are looked at
LINES = 300  # by which a delimiter is found
BEGIN = 200_000  # characters of plain text
SIGNALS = 2_000  # that are looked at
SIGNAL_ENDINGS = {ending for kind in SIGNAL_FORMATS for ending in kind.ENDINGS}
NAMED = 1_000  # cells by which a column is known to name pictures
PICTURES = 200  # that are looked at
GREY = ("1", "L", "LA", "La", "I", "F", "I;16", "I;16B", "I;16L")  # modes of pictures
ORIENTATION, LYING = 0x112, 5  # EXIF's key of how a camera was held; from 5 on a picture is stored on its side
PROSE = 0.98  # of the lines of a file whose ending tells nothing must have the same number of fields
LONG_CELL = 60  # characters: no name of a column
DELIMITERS = ",;\t|"


class Dialect(NamedTuple):
    """How a file of delimited records is written."""

    delimiter: str
    quotes: bool
    records: list[list[str]]  # the first ones
    share: float  # of them that have the usual number of fields

    @property
    def width(self) -> int:
        """How many fields a record usually has."""
        return Counter(map(len, self.records)).most_common(1)[0][0]


def look(folder: Path, given: Mapping[str, Any]) -> Sample:
    """Return what the raw files in a folder look like.

    Args:
        folder: of the raw files.
        given: keys of the entry, with dots, that are settled.

    Raises:
        UserError: a file is neither a table, nor text, nor signals, nor a picture.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not hidden(path, folder))
    if any(path.suffix.lower() in SIGNAL_ENDINGS for path in files):
        return _look_at_signals(folder, files, given)
    if about_pictures(files, given):
        return _look_at_pictures(folder, files, given)
    choices = _table_choices(files[0], given)
    if choices is None:
        return _look_at_texts(files, given)
    reading = _reading({str(choice.key): choice.value for choice in choices} | dict(given))
    columns, rows = _columns(files, reading)
    return Sample(files, columns, rows, given=given, read_by=(*choices, *_encoding_choices(files[0], reading)))


def _reading(given: Mapping[str, Any]) -> TableReading:
    """Return the given keys that say how a table is read; those of a task alone are left out."""
    keys = {key.removeprefix("reading."): value for key, value in given.items() if key.startswith("reading.")}
    known = {key: value for key, value in keys.items() if key in TableReading.model_fields}
    if known.get("format") not in {kind.FORMAT for kind in FORMATS}:
        known.pop("format", None)
    return TableReading(**known)


# --- Is it a table, and how is it written? ---


def _table_choices(path: Path, given: Mapping[str, Any]) -> list[Choice] | None:
    """Return what the reader must be told of a table; None if the file is no table."""
    reading = _reading(given)
    file = RawFile(path, reading)
    if given.get("reading.format") not in (None, *(kind.FORMAT for kind in FORMATS)):
        return None
    ending = Path(content_name(file)).suffix.lower()
    kinds = [
        kind for kind in FORMATS if reading.format == kind.FORMAT or (not reading.format and ending in kind.ENDINGS)
    ]
    if kinds and not issubclass(kinds[0], Delimited):
        return []
    declared = kinds[0] if kinds and issubclass(kinds[0], Delimited) else None
    dialect = _dialect(inspect_text(file), reading, declared)
    if dialect is None:
        return [] if declared else None
    return [*_format_choices(dialect, declared), *_header_choices(dialect, reading)]


def _dialect(text: TextFile, reading: TableReading, declared: type[Delimited] | None) -> Dialect | None:
    """Return how the records are written; None if nothing but an ending could make it a table, and none does."""
    with text.open(newline="") as stream:
        lines = list(islice(stream, LINES))
    first = declared.DELIMITER if declared else "\t"
    marks = reading.delimiter or first + DELIMITERS.replace(first, "")
    quotes = (reading.quotes,) if reading.quotes is not None else (True, False)
    found = [dialect for mark in marks for quote in quotes if (dialect := _records(lines, mark, quote))]
    found = [dialect for dialect in found if dialect.width > 1]
    if declared is None:
        found = [dialect for dialect in found if _is_surely_a_table(dialect)]
    usual = declared.QUOTES if declared else False
    best = max(found, key=lambda dialect: (dialect.share > PROSE, _score(dialect, usual)), default=None)
    return best or (_records(lines, first, usual) if declared else None)


def _score(dialect: Dialect, usual: bool) -> tuple[float, bool]:
    """Rank by the share of whole records; of equals, fields without their quotes win, then the usual way."""
    cells = [cell for record in dialect.records for cell in record]
    bare = not any(len(cell) > 1 and cell.startswith('"') and cell.endswith('"') for cell in cells)
    return dialect.share + bare, dialect.quotes == usual


def _is_surely_a_table(dialect: Dialect) -> bool:
    """Tell a table from prose, which has commas as well, but with spaces behind them, and not as many in each line."""
    needed = PROSE if dialect.delimiter == "\t" else 1.0
    further = [cell for record in dialect.records for cell in record[1:]]
    spaced = sum(cell.startswith(" ") for cell in further) > len(further) / 2
    return len(dialect.records) >= 5 and dialect.share >= needed and not spaced


def _records(lines: Sequence[str], delimiter: str, quotes: bool) -> Dialect | None:
    """Return the records that the lines hold; the last may be cut off in the midst of quotes."""
    records: list[list[str]] = []
    reader = csv.reader(
        lines, delimiter=delimiter, quoting=csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE, strict=True
    )
    try:
        records.extend(record for record in reader if any(map(str.strip, record)))
    except csv.Error:
        if reader.line_num < len(lines) or not records:
            return None
    if not records:
        return None
    share = Counter(map(len, records)).most_common(1)[0][1] / len(records)
    return Dialect(delimiter, quotes, records, share)


def _format_choices(dialect: Dialect, declared: type[Delimited] | None) -> list[Choice]:
    """Return format, delimiter and quotes where they are not what the file's ending stands for."""
    kind: type[Delimited] = declared or (Tsv if dialect.delimiter == "\t" else Csv)
    choices = []
    if declared is None:
        choices.append(
            Choice("reading.format", kind.FORMAT, "the ending tells none, but all lines have as many fields")
        )
    if dialect.delimiter != kind.DELIMITER:
        choices.append(Choice("reading.delimiter", dialect.delimiter, f"{dialect.width} fields in each row"))
    if dialect.quotes != kind.QUOTES:
        because = "fields stand in double quotes" if dialect.quotes else "quotes do not close: they are plain text"
        choices.append(Choice("reading.quotes", dialect.quotes, because))
    return choices


def _header_choices(dialect: Dialect, reading: TableReading) -> list[Choice]:
    """Return names for the columns if the first record is none of names."""
    if reading.columns is not None or len(dialect.records) < 2:
        return []
    first, others = dialect.records[0], dialect.records[1:]
    for place, cell in enumerate(first):
        below = {record[place] for record in others if len(record) > place}
        if cell.strip() in below and cell.strip():
            reason = f"'{cell.strip()}' stands in further rows as well"
        elif _is_number(cell):
            reason = f"its first line holds '{cell.strip()}', which is a value"
        elif len(cell) > LONG_CELL:
            reason = "its first line holds a long text"
        elif cell.strip()[-1:] in tuple(".!?") and len(cell.split()) > 1:
            reason = f"its first line holds a sentence, '{cell.strip()}'"
        else:
            continue
        names = [f"column_{number}" for number in range(1, len(first) + 1)]
        return [Choice("reading.columns", names, f"the file has no header: {reason}")]
    return []


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True


def _encoding_choices(path: Path, reading: TableReading) -> list[Choice]:
    text_kinds = (Delimited, JsonLines)
    table = open_table(RawFile(path, reading))
    if not isinstance(table, text_kinds) or not table.guessed:
        return []
    because = "not UTF-8, and as far as detection can tell: look at its letters"
    return [Choice("reading.encoding", table.encoding, because)]


# --- The first rows ---


def _columns(files: Sequence[Path], reading: TableReading) -> tuple[list[Column], int]:
    """Return the columns of all files' first rows, and how many rows they have."""
    frames: list[pd.DataFrame] = []
    for path in files:
        table = open_table(RawFile(path, reading))
        names = table.names()
        wanted = [WantedColumn(name, "columns") for name in names if name.strip() and names.count(name) == 1]
        for batch in table.batches(wanted) if wanted else ():
            frames.append(pd.DataFrame({column.name: batch.series(column.name) for column in wanted}))
            if sum(map(len, frames)) >= ROWS:
                break
        if sum(map(len, frames)) >= ROWS:
            break
    if not frames:
        return [], 0
    frame = pd.concat(frames, ignore_index=True).head(ROWS)
    plain = [name for name in frame if not frame[name].map(lambda value: isinstance(value, list | dict)).any()]
    return [Column(str(name), frame[name]) for name in plain], len(frame)


# --- Plain text ---


def _look_at_texts(files: Sequence[Path], given: Mapping[str, Any]) -> Sample:
    """Return the begin of each text file."""
    keys = {key: given[f"reading.{key}"] for key in FileReading.model_fields if f"reading.{key}" in given}
    texts, characters, encodings = {}, {}, {}
    for path in files:
        text = inspect_text(RawFile(path, FileReading(**keys)))
        with text.open() as stream:
            texts[path.name] = stream.read(BEGIN)
            more = bool(stream.read(1))
        characters[path.name] = path.stat().st_size if more else len(texts[path.name])
        if text.guessed:
            encodings[text.encoding] = path.name
    if not any(map(str.strip, texts.values())):
        raise UserError(f"{files[0].parent} holds no text: put data into it")
    remarks: tuple[Choice, ...] = ()
    if len(encodings) == 1 and len(files) == 1:
        ((encoding, _),) = encodings.items()
        remarks = (Choice("reading.encoding", encoding, "not UTF-8, and as far as detection can tell"),)
    return Sample(files, texts=texts, characters=characters, given=given, read_by=remarks)


# --- Signals and pictures ---


def _look_at_signals(folder: Path, files: Sequence[Path], given: Mapping[str, Any]) -> Sample:
    """Return the first signals, evenly from all files."""
    asked = nested(given.items()).get("reading", {})
    recordings = [path for path in files if path.suffix.lower() in Recording.ENDINGS]
    columns, choices = _table_beside([path for path in files if is_table(path)], given) if recordings else ([], [])
    of_tables = TableReading.model_fields if recordings else {}  # then such keys are for the table beside them
    known = SignalReading.model_fields.keys() - of_tables
    reading = SignalReading(**{key: value for key, value in asked.items() if key in known})
    signals: list[Signal] = []
    chosen = (recordings or files)[:: max(1, len(recordings or files) // SIGNALS)]
    for path in chosen:
        opened = open_signals(RawFile(path, reading, place=path.relative_to(folder)), labelled=not columns)
        signals += islice(opened.signals(), max(1, SIGNALS // len(chosen)))
        opened.faults.refuse()
    places = [path.relative_to(folder) for path in files]
    return Sample(places, columns, len(signals), signals=signals, given=given, read_by=tuple(choices))


def hidden(path: Path, folder: Path) -> bool:
    """Tell whether a file, or a folder on the way to it, is hidden."""
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def about_pictures(files: Sequence[Path], given: Mapping[str, Any]) -> bool:
    """Tell whether files are pictures, and not other data with a picture beside them.

    Where tables lie among them, one must name the pictures; texts must be fewer than pictures.
    """
    pictures = [path for path in files if path.suffix.lower() in PICTURE_ENDINGS]
    texts = [path for path in files if path.suffix.lower() not in PICTURE_ENDINGS and not is_table(path)]
    if not pictures or tables_of_pictures(files, given):
        return bool(pictures)
    return not any(map(is_table, files)) and len(texts) < len(pictures)


def tables_of_pictures(files: Sequence[Path], given: Mapping[str, Any]) -> list[Path]:
    """Return the tables among files that name the pictures among them, also those whose ending tells no format."""
    pictures = [path for path in files if path.suffix.lower() in PICTURE_ENDINGS]
    names = {name for path in pictures for name in (path.name, path.stem)}
    return [path for path in files if (is_table(path) or path.suffix.lower() in UNTOLD) and _names(path, names, given)]


def _names(path: Path, names: set[str], given: Mapping[str, Any]) -> bool:
    """Tell whether a column of a table names files."""
    try:
        choices = _table_choices(path, given)
        if choices is None:
            return False
        columns, _ = _columns([path], _reading({str(each.key): each.value for each in choices} | dict(given)))
    except UserError:  # a file of another kind, which says nothing of the pictures
        return False
    named = (column.texts.head(NAMED).map(lambda text: Path(text.replace("\\", "/")).name) for column in columns)
    return any(texts.isin(names).mean() > MOSTLY for texts in named)


def _look_at_pictures(folder: Path, files: Sequence[Path], given: Mapping[str, Any]) -> Sample:
    """Return the sizes of some pictures, evenly from all of them."""
    from PIL import Image

    pictures = [path for path in files if path.suffix.lower() in PICTURE_ENDINGS]
    columns, choices = _table_beside(tables_of_pictures(files, given), given)
    sizes = []
    for path in pictures[:: -(-len(pictures) // PICTURES)]:
        try:
            with Image.open(path) as image:
                height, width = image.height, image.width
                if image.getexif().get(ORIENTATION, 1) >= LYING:
                    height, width = width, height
                sizes.append((height, width, 1 if image.mode in GREY else 3))
        except unreadable() as error:
            raise UserError(f"{path} is no picture that can be read ({error})") from None
    places = [path.relative_to(folder) for path in files]
    return Sample(places, columns, len(pictures), pictures=sizes, given=given, read_by=tuple(choices))


def _table_beside(tables: Sequence[Path], given: Mapping[str, Any]) -> tuple[list[Column], list[Choice]]:
    """Return the columns of tables, and how they are read; nothing where there is none."""
    if not tables:
        return [], []
    choices = _table_choices(tables[0], given) or []
    columns, _ = _columns(tables, _reading({str(each.key): each.value for each in choices} | dict(given)))
    return columns, choices


def nested(given: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return keys with dots, and their values, as mappings in mappings."""
    content: dict[str, Any] = {}
    for key, value in given:
        *parents, last = key.split(".")
        node = content
        for parent in parents:
            node = node.setdefault(parent, {})
        node[last] = value
    return content
