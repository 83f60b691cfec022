"""Raw files → one tidy table of pictures and what is said of them; __init__.py names its columns."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from stages.config.dataset import Dataset
from stages.config.pictures import PictureReading
from stages.config.schema import Part
from stages.data.beside import Columns, Row, is_of, read_tables, table_files
from stages.data.pictures.picture import ENDINGS, content_hash, read_picture
from stages.data.pictures.pixel_table import read_pixels
from stages.data.raw import RawFile, account, part_remarks, raw_files
from stages.data.table import Table
from stages.runtime.errors import UserError, listed
from stages.runtime.progress import progress

Raw = RawFile[PictureReading]
BATCH = 500  # pictures
SHOWN = 10  # pictures that cannot be read
OF_TABLES = Columns("picture", "label", "group")
EMPTY, UNNAMED = "nothing is said", "no row of the table names it"
TEXTS, COUNTS = ("id", "file", "target", "group", "part", "content"), ("row", "lowest", "highest")
SHAPE = pa.schema(
    [
        *((name, pa.string()) for name in TEXTS),
        *((name, pa.int32()) for name in (*COUNTS, "height", "width", "channels")),
        ("pixels", pa.binary()),
    ]
)


def read(dataset: Dataset, reading: PictureReading) -> Table:
    """Read a dataset's raw files.

    Raises:
        UserError: a file cannot be read as `reading` says, rows of a table name no picture, or nothing is left.
    """
    every = raw_files(dataset, reading, subfolders=True)
    if reading.pixels is not None:
        return _read_tables_of_pixels(dataset, every)
    tables, pictures = table_files(every, ENDINGS), [file for file in every if is_of(file, ENDINGS)]
    if not pictures:
        raise UserError(
            f"{dataset.raw} holds no picture ({', '.join(ENDINGS)}): look at {dataset.key('source')}, or set "
            f"{dataset.key('reading.pixels')} if a table holds them"
        )
    if reading.group is not None and not tables:
        raise UserError(f"{dataset.key('reading.group')}: no table lies beside the pictures that would name them")
    said = read_tables(tables, pictures, OF_TABLES, several=True) if tables else _by_folders(pictures, dataset)
    dropped: Counter[str] = Counter()
    rows = pa.Table.from_batches(_batches(_rows(pictures, said, dropped)), SHAPE)
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
            f"{listed(lost)}: set source.subfolders to true, or add a table ({dataset.key('reading.picture')}, label)"
        )
    return {place: [Row(folders[-1], None, None)] for place, folders in below.items()}


def _passed_over(every: list[Raw], tables: list[Raw], pictures: list[Raw]) -> list[str]:
    others = [file.place.as_posix() for file in every if file not in tables and file not in pictures]
    return [f"{len(others)} file(s) among the pictures are none, and are passed over: {listed(others)}"] * bool(others)


def _rows(pictures: list[Raw], said: dict[Path, list[Row]], dropped: Counter[str]) -> Iterator[dict[str, Any]]:
    """Yield the rows of pictures; count those of which nothing is said.

    Raises:
        UserError: names the first pictures that cannot be read, and counts the others.
    """
    faults: list[str] = []
    for file in progress(pictures, desc="read", unit="picture"):
        rows = said.get(file.place, [])
        texts = [row.said for row in rows if row.said]
        if not texts:
            dropped[EMPTY if rows else UNNAMED] += 1
            continue
        try:
            picture = read_picture(file.path, 3 if file.reading.colour else 1, file.reading.longest_side)
        except UserError as error:
            faults.append(str(error))
            continue
        place = file.place.as_posix()
        yield _row(place, place, 1, picture, "\n".join(texts), rows[0].group, rows[0].part or file.part)
    if faults:
        more = f"\n… and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        raise UserError("\n".join(faults[:SHOWN]) + more + "\nmend them, or take them away")


def _row(
    name: str, place: str, row: int, picture: np.ndarray, target: str, group: str | None, part: Part | None
) -> dict[str, Any]:
    values = (name, place, target, group, part, content_hash(picture), row, int(picture.min()), int(picture.max()))
    columns = dict(zip((*TEXTS, *COUNTS), values, strict=True))
    sizes = dict(zip(("height", "width", "channels"), picture.shape, strict=True))
    return columns | sizes | {"pixels": picture.tobytes()}


def _batches(rows: Iterator[dict[str, Any]]) -> Iterator[pa.RecordBatch]:
    """Yield rows a few at a time, so that they are not all in memory twice."""
    few: list[dict[str, Any]] = []
    for row in rows:
        few.append(row)
        if len(few) == BATCH:
            yield pa.RecordBatch.from_pylist(few, SHAPE)
            few = []
    yield pa.RecordBatch.from_pylist(few, SHAPE)


def _read_tables_of_pixels(dataset: Dataset, files: list[Raw]) -> Table:
    """Read tables of which each row is a picture; rows without a label are dropped."""
    dropped: Counter[str] = Counter()
    accounts = []

    def rows() -> Iterator[dict[str, Any]]:
        for file in files:
            number = 0
            for number, label, picture in progress(read_pixels(file), desc=file.path.name, unit="picture"):
                if not label:
                    dropped[EMPTY] += 1
                    continue
                name = f"{file.stem}-{number}"
                yield _row(name, file.place.as_posix(), number, picture, label, None, file.part)
            accounts.append(account(file.path, number))

    table = pa.Table.from_batches(_batches(rows()), SHAPE)
    if not table.num_rows:
        raise UserError(f"{dataset.raw} holds no picture of which anything is said ({dict(dropped)})")
    count = sum(each["rows"] for each in accounts)
    return Table(table, accounts, count, dict(dropped), remarks=part_remarks(files))
