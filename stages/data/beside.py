"""Tables that lie beside files, such as recordings or pictures, and say of each what it holds."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple, TypeVar

from stages.config.reading import TableReading
from stages.config.schema import Part
from stages.data.compression import content_name
from stages.data.formats import FORMATS, is_table, open_table
from stages.data.raw import RawFile
from stages.data.tables import Column
from stages.runtime.errors import UserError, listed

MISSING = "name no file that is there: add the files, or remove the rows"
AMBIGUOUS = "name several files: give their paths, with their endings"
TWICE = "name a file again: keep one row for each"
PARTED = "name a file that a row of another official part names: keep it in one part"
GROUPED = "name a file that another row puts into another group: a file has one"
UNTOLD = ("", ".txt", ".dat", ".text")  # endings that tell no format
Reading = TypeVar("Reading", bound=TableReading)


class Columns(NamedTuple):
    """The keys of `reading` that name a table's columns."""

    file: str  # of what the rows are about
    said: str  # of what they say
    group: str  # of what files have in common; its column may be null


class Row(NamedTuple):
    """What a row of a table says of a file."""

    said: str
    group: str | None
    part: Part | None  # that the table is, by its name
    further: tuple[str, ...] = ()  # values of further columns
    where: str = ""  # the table and the row


def table_files(files: Sequence[RawFile[Reading]], endings: Collection[str]) -> list[RawFile[Reading]]:
    """Return the tables that lie beside files of some endings, none where there are no such files."""
    if not any(is_of(file, endings) for file in files):
        return []
    others = [file for file in files if not is_of(file, endings)]
    named = {kind.FORMAT for kind in FORMATS}
    declared = [file for file in others if file.reading.format in named and file.path.suffix.lower() in UNTOLD]
    return [file for file in others if is_table(Path(content_name(file))) or file in declared]


def is_of(file: RawFile[Reading], endings: Collection[str]) -> bool:
    """Tell whether a file has one of some endings, in small letters or large ones."""
    return file.path.suffix.lower() in endings


def read_tables(
    tables: Sequence[RawFile[Reading]],
    files: Sequence[RawFile[Reading]],
    columns: Columns,
    several: bool = False,
    further: Sequence[Column] = (),
) -> dict[Path, list[Row]]:
    """Return what tables say of files, by the file's place.

    Args:
        tables: the tables.
        files: what they are about.
        columns: their columns.
        several: whether several rows may say something of one file.
        further: columns that the rows have beside.

    Raises:
        UserError: a table cannot be read; or with all rows that name no file, several, or one that was named before.
    """
    places = _Places([file.place for file in files])
    known: dict[Path, list[Row]] = {}
    faults: dict[str, list[str]] = {fault: [] for fault in (MISSING, AMBIGUOUS, TWICE, PARTED, GROUPED)}
    for table in tables:
        for number, name, row in _rows(table, columns, further):
            meant = places.meant(PurePosixPath(name.replace("\\", "/")), table.place.parent)
            fault = _fault(row, meant, known, several)
            if fault is None:
                known.setdefault(next(iter(meant)), []).append(row)
            else:
                faults[fault].append(f"{table.path} row {number}: {name}")
    if lines := [f"row(s) {listed(rows)} {fault}" for fault, rows in faults.items() if rows]:
        raise UserError("\n".join(lines))
    return known


def _fault(row: Row, meant: set[Path], known: Mapping[Path, list[Row]], several: bool) -> str | None:
    """Return what is wrong with a row that means some files, given what is known of them; None: nothing."""
    if len(meant) != 1:
        return AMBIGUOUS if meant else MISSING
    (before, *_) = known.get(next(iter(meant)), [row])
    if before is row:
        return None
    if not several:
        return TWICE
    if before.part != row.part:
        return PARTED
    return GROUPED if before.group != row.group else None


def as_text(value: Any) -> str:
    """Return a value as text, a whole number without its point; nothing for what is missing, or not-a-number."""
    if value is None or value != value:
        return ""
    whole = isinstance(value, float) and value.is_integer()
    return " ".join(str(int(value) if whole else value).split())


def _rows(file: RawFile[Reading], columns: Columns, further: Sequence[Column]) -> list[tuple[int, str, Row]]:
    """Return a table's rows: number, the file that it names, and what it says of it."""
    names: Mapping[str, str | None] = {key: getattr(file.reading, key) for key in columns}
    table, rows = open_table(file), []
    wanted = [Column(name, key) for key, name in names.items() if name is not None]
    for batch in table.batches([*wanted, *further]):
        beside = [batch.values(column.name) for column in further]
        values = {key: batch.values(name) for key, name in names.items() if name is not None}
        for place, number in enumerate(batch.rows):
            cell = {key: as_text(column[place]) for key, column in values.items()}
            if columns.group in cell and not cell[columns.group]:
                table.faults.add(f"no {columns.group} is named in rows ", "fill them in", str(number))
            others = tuple(as_text(column[place]) for column in beside)
            row = Row(cell[columns.said], cell.get(columns.group), file.part, others, f"{file.path} row {number}")
            rows.append((number, cell[columns.file], row))
    table.faults.refuse()
    return rows


class _Places:
    """Files by what a table may call them."""

    def __init__(self, places: Sequence[Path]) -> None:
        self._by: list[dict[str, set[Path]]] = [{}, {}, {}, {}]
        for place in places:
            names = (place.as_posix(), place.with_suffix("").as_posix(), place.name, place.stem)
            for known, name in zip(self._by, names, strict=True):
                known.setdefault(name, set()).add(place)

    def meant(self, name: PurePosixPath, folder: Path) -> set[Path]:
        """Return what is meant by a name in a table of some folder, at best one file.

        A path from the table's folder comes first, then one from the raw files', then a name wherever it lies; each
        of them with its ending before it without.
        """
        paths, paths_without, names, stems = self._by
        for known, asked in (
            (paths, folder / name),
            (paths_without, folder / name),
            (paths, name),
            (paths_without, name),
            (names, name),
            (stems, name),
        ):
            if places := known.get(asked.as_posix()):
                return places
        return set()
