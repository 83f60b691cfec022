"""Tables of which each row is a picture: CSV or TSV, compressed or not, with a header or without."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from stages.config.pictures import PictureReading
from stages.data.beside import as_text
from stages.data.compression import content_name
from stages.data.encoding import inspect_text
from stages.data.formats.delimited import Tsv
from stages.data.raw import Faults, RawFile
from stages.runtime.errors import UserError

CHUNK = 1_000  # rows


def read_pixels(file: RawFile[PictureReading]) -> Iterator[tuple[int, str, np.ndarray]]:
    """Yield each row's number, counted from 1, what it shows, and its picture (H, W, 1).

    Raises:
        UserError: rows have other numbers of fields, or values that are none of 0 to `highest`; names them.
    """
    shape = file.reading.pixels
    assert shape is not None
    count, faults, begin = shape.height * shape.width, Faults(file.path), 1
    advice = f"mend them, or see {file.key('pixels')}"
    for chunk in _chunks(file, count + 1):
        label = count if shape.label == "last" else 0
        labels = chunk[label].fillna("").map(as_text)
        values = chunk.drop(columns=[label, count + 1]).apply(pd.to_numeric, errors="coerce").to_numpy(float)
        wide, rows = chunk[count + 1].notna().to_numpy(), np.arange(begin, begin + len(chunk))
        faulty = wide | ~np.isfinite(values).all(axis=1)
        outside = ~faulty & ((values < 0) | (values > shape.highest)).any(axis=1)
        for wrong, problem in (
            (faulty, f"rows have not {count} numbers and a label: "),
            (outside, f"rows have values that are none of 0 to {shape.highest:g}: "),
        ):
            for row in rows[wrong]:
                faults.add(problem, advice, f"row {row}")
        pictures = (np.clip(values / shape.highest, 0, 1) * 255).round()
        for row, shown, picture in zip(rows, labels, pictures, strict=True):
            if not faulty[row - begin]:
                yield int(row), shown, picture.astype(np.uint8).reshape(shape.height, shape.width, 1)
        begin += len(chunk)
    faults.refuse()


def _chunks(file: RawFile[PictureReading], fields: int) -> Iterator[pd.DataFrame]:
    """Yield some rows at a time as texts: the fields, and a last one that is there if a row has more."""
    text, ending = inspect_text(file), Path(content_name(file)).suffix.lower()
    is_tsv = file.reading.format == Tsv.FORMAT or (file.reading.format is None and ending in Tsv.ENDINGS)
    mark = file.reading.delimiter or (Tsv.DELIMITER if is_tsv else ",")
    with text.open(newline="") as stream:
        first = next(islice(stream, 1), "")
    if not first.strip():
        raise UserError(f"{file.path} holds no rows: remove the file, or put data into it")
    options: dict[str, Any] = {
        "header": None,
        "sep": mark,
        "dtype": str,
        "keep_default_na": False,
        "na_values": [""],
        "chunksize": CHUNK,
        "names": range(fields + 1),
        "index_col": False,
    }
    with text.open(newline="") as stream:
        try:
            yield from pd.read_csv(stream, skiprows=int(_is_header(first, mark)), **options)
        except pd.errors.ParserError as error:
            raise UserError(
                f"{file.path} cannot be read as a table of pixels ({error}): see {file.key('pixels')}"
            ) from None


def _is_header(line: str, mark: str) -> bool:
    """Tell whether a first line names columns: in its midst stands no number."""
    field = line.rstrip("\r\n").split(mark)
    return pd.isna(pd.to_numeric(pd.Series(field[len(field) // 2].strip('" ')), errors="coerce")).item()
