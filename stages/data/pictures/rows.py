"""Raw files of pictures → a tidy table with a row for each.

What is said of a picture is a column, or several, of the task's own.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from stages.config.dataset import Dataset
from stages.config.pictures import PictureReading
from stages.config.schema import Part
from stages.data.beside import Columns, Row, is_of, read_tables, table_files
from stages.data.compression import content_name
from stages.data.formats import is_table
from stages.data.pictures.picture import ENDINGS, content_hash, read_picture
from stages.data.pictures.pixel_table import read_pixels
from stages.data.raw import RawFile, account, part_remarks, raw_files
from stages.data.table import Table
from stages.data.tables import Column
from stages.runtime.errors import UserError, listed
from stages.runtime.progress import progress

Raw = RawFile[PictureReading]
BATCH = 500  # pictures
SHOWN = 10  # faults
OF_TABLES = Columns("picture", "label", "group")
EMPTY, UNNAMED = "nothing is said", "no row of the table names it"
COLUMNS = {
    **dict.fromkeys(("id", "file", "group", "part", "content"), pa.string()),
    **dict.fromkeys(("row", "lowest", "highest", "height", "width", "channels"), pa.int32()),
    "pixels": pa.binary(),
}


class Size(NamedTuple):
    """How large a picture is in its file, in pixels."""

    height: int
    width: int


# Of what is said of a picture, its size in the file and as it was read: the task's columns. A UserError says what is
# wrong in them.
Meaning = Callable[[Sequence[Row], Size, Size], Mapping[str, Any]]


def read_pictures(
    dataset: Dataset,
    reading: PictureReading,
    columns: Mapping[str, pa.DataType],
    meaning: Meaning,
    further: Sequence[Column] = (),
) -> Table:
    """Read a dataset's raw files.

    Args:
        dataset: where they are.
        reading: how they are read.
        columns: the task's own, beside COLUMNS.
        meaning: their values.
        further: columns of tables beside pictures that `meaning` is given beside what is said.

    Raises:
        UserError: a file cannot be read as `reading` says, rows of a table name no picture, or nothing is left.
    """
    every, shape = raw_files(dataset, reading, subfolders=True), pa.schema({**COLUMNS, **columns})
    if reading.pixels is not None:
        return _read_tables_of_pixels(dataset, every, shape, meaning)
    tables, pictures = table_files(every, ENDINGS), [file for file in every if is_of(file, ENDINGS)]
    if not pictures:
        raise UserError(
            f"{dataset.raw} holds no picture ({', '.join(ENDINGS)}): look at {dataset.key('source')}, or set "
            f"{dataset.key('reading.pixels')} if a table holds them"
        )
    if reading.group is not None and not tables:
        raise UserError(f"{dataset.key('reading.group')}: no table lies beside the pictures that would name them")
    said = (
        read_tables(tables, pictures, OF_TABLES, several=True, further=further)
        if tables
        else _by_folders(pictures, dataset)
    )
    dropped: Counter[str] = Counter()
    rows = pa.Table.from_batches(_batches(_rows(pictures, said, dropped, meaning), shape), shape)
    if not rows.num_rows:
        raise UserError(f"{dataset.raw} holds no picture of which anything is said ({dict(dropped)})")
    remarks = [*_passed_over(every, tables, pictures), *part_remarks(tables or pictures)]
    if not tables:
        remarks.append("no table lies among the pictures: each is said to be what its folder is called")
    files = [account(file.path, 1) for file in pictures]
    return Table(rows, files, len(pictures), dict(dropped), remarks=remarks)


def _by_folders(pictures: list[Raw], dataset: Dataset) -> dict[Path, list[Row]]:
    """Return what folders say of the pictures in them.

    Raises:
        UserError: pictures lie in no folder.
    """
    below = {file.place: file.place.parts[(0 if file.part is None else 1) : -1] for file in pictures}
    if lost := [place.as_posix() for place, folders in below.items() if not folders]:
        raise UserError(
            f"{dataset.raw}: pictures lie in no folder that would say what they show, and no table does: "
            f"{listed(lost)}: put them into folders that are called so (with source.subfolders: true), or add a table "
            f"of their paths and what they show, in columns that {dataset.key('reading')} names"
        )
    return {place: [Row(folders[-1], None, None)] for place, folders in below.items()}


def _passed_over(every: list[Raw], tables: list[Raw], pictures: list[Raw]) -> list[str]:
    known = {file.place for file in (*tables, *pictures)}
    others = [file.place.as_posix() for file in every if file.place not in known]
    return [f"{len(others)} file(s) among the pictures are none, and are passed over: {listed(others)}"] * bool(others)


def _rows(
    pictures: list[Raw], said: dict[Path, list[Row]], dropped: Counter[str], meaning: Meaning
) -> Iterator[dict[str, Any]]:
    """Yield the rows of pictures; count those of which nothing is said.

    Raises:
        UserError: names the first pictures that cannot be read, or of which is said what cannot be, and counts others.
    """
    faults: list[str] = []
    for file in progress(pictures, desc="read", unit="picture"):
        rows = [row for row in said.get(file.place, []) if row.said]
        if bare := [row.where for row in said.get(file.place, []) if not row.said and any(row.further)]:
            faults.append(f"{listed(bare)}: nothing is said of what is there: fill the label in")
            continue
        if not rows:
            dropped[EMPTY if file.place in said else UNNAMED] += 1
            continue
        try:
            picture, size = read_picture(file.path, 3 if file.reading.colour else 1, file.reading.longest_side)
            columns = meaning(rows, Size(*size), Size(*picture.shape[:2]))
        except UserError as error:
            faults += str(error).splitlines()
            continue
        place = file.place.as_posix()
        of_folder = file.part if len(file.place.parts) > 1 else None  # a picture's own name says nothing
        yield _row(place, place, 1, picture, rows[0], rows[0].part or of_folder) | dict(columns)
    if faults:
        more = f"\n… and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        raise UserError("\n".join(faults[:SHOWN]) + more + "\nmend them, or take them away")


def _row(name: str, place: str, number: int, picture: np.ndarray, said: Row, part: Part | None) -> dict[str, Any]:
    height, width, channels = picture.shape
    return {
        "id": name,
        "file": place,
        "row": number,
        "group": said.group,
        "part": part,
        "content": content_hash(picture),
        "lowest": int(picture.min()),
        "highest": int(picture.max()),
        "height": height,
        "width": width,
        "channels": channels,
        "pixels": picture.tobytes(),
    }


def _batches(rows: Iterator[dict[str, Any]], shape: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Yield rows a few at a time, so that they are not all in memory twice."""
    few: list[dict[str, Any]] = []
    for row in rows:
        few.append(row)
        if len(few) == BATCH:
            yield pa.RecordBatch.from_pylist(few, shape)
            few = []
    yield pa.RecordBatch.from_pylist(few, shape)


def _read_tables_of_pixels(dataset: Dataset, files: list[Raw], shape: pa.Schema, meaning: Meaning) -> Table:
    """Read tables of which each row is a picture; rows without a label are dropped."""
    dropped: Counter[str] = Counter()
    accounts = []
    others = [file.place.as_posix() for file in files if not is_table(Path(content_name(file)))]
    if files[0].reading.format is None and len(others) < len(files):
        files = [file for file in files if file.place.as_posix() not in others]
    names = {file.place: file.stem if len(file.place.parts) == 1 else file.place.as_posix() for file in files}

    def rows() -> Iterator[dict[str, Any]]:
        for file in files:
            number = 0
            for number, label, picture in progress(read_pixels(file), desc=file.path.name, unit="picture"):
                if not label:
                    dropped[EMPTY] += 1
                    continue
                said = Row(label, None, file.part)
                row = _row(f"{names[file.place]}-{number}", file.place.as_posix(), number, picture, said, file.part)
                size = Size(*picture.shape[:2])
                yield row | dict(meaning([said], size, size))
            accounts.append(account(file.path, number))

    table = pa.Table.from_batches(_batches(rows(), shape), shape)
    if not table.num_rows:
        raise UserError(f"{dataset.raw} holds no picture of which anything is said ({dict(dropped)})")
    count = sum(each["rows"] for each in accounts)
    passed = [f"{len(others)} file(s) beside the tables are none, and are passed over: {listed(others)}"] * bool(others)
    return Table(table, accounts, count, dict(dropped), remarks=[*passed, *part_remarks(files)])
