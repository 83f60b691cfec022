"""Raw files → one tidy table of pictures and the objects in them; __init__.py names its columns."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from stages.config.dataset import Dataset
from stages.data.beside import Row
from stages.data.pictures.rows import Size, read_pictures
from stages.data.table import Table
from stages.data.tables import Column
from stages.runtime.errors import UserError
from stages.tasks.detection.config import Reading

FEW = 8  # pixels: no box is smaller than one of a larger picture, unless it is meant in shares
COLUMNS = {"target": pa.string(), "labels": pa.list_(pa.string()), "boxes": pa.list_(pa.float32())}


def read(dataset: Dataset, reading: Reading) -> Table:
    """Read a dataset's raw files; boxes are in pixels of the pictures as they were read.

    Raises:
        UserError: a file cannot be read as `reading` says, boxes are none, or nothing is left.
    """
    names = {} if reading.boxes is None else reading.boxes.model_dump()
    if names and reading.pixels is not None:
        raise UserError(f"{dataset.key('reading.boxes')}: a table of pixels names no boxes: set it to null")
    further = [Column(name, f"boxes.{key}") for key, name in names.items()]

    def meaning(rows: Sequence[Row], size: Size, read: Size) -> Mapping[str, Any]:
        if names and not rows[0].further:
            raise UserError(
                f"{dataset.key('reading.boxes')}: no table names boxes of the pictures: add one, or set it to null"
            )
        if not names and len(rows) > 1:
            raise UserError(
                f"{rows[1].where}: a picture without boxes shows one object: set {dataset.key('reading.boxes')}"
            )
        boxes = [_box(row, size) if names else [0.0, 0.0, float(size.width), float(size.height)] for row in rows]
        x, y = read.width / size.width, read.height / size.height
        said = sorted(
            f"{row.said} {' '.join(f'{side:g}' for side in box)}" for row, box in zip(rows, boxes, strict=True)
        )
        return {
            "target": "\n".join(said),
            "labels": [row.said for row in rows],
            "boxes": [side * share for box in boxes for side, share in zip(box, (x, y, x, y), strict=True)],
        }

    return read_pictures(dataset, reading, COLUMNS, meaning, further)


def _box(row: Row, size: Size) -> list[float]:
    """Return an object's box, what lies less than a pixel outside cut off.

    Raises:
        UserError: it is no box within the picture; names the row.
    """
    said = ", ".join(row.further)
    try:
        left, top, right, bottom = map(float, row.further)
    except ValueError:
        raise UserError(f"{row.where}: the box {said} is not four numbers") from None
    if right <= 1 and bottom <= 1 and min(size) > FEW:
        raise UserError(f"{row.where}: the box {said} looks like shares of the picture: give it in pixels")
    if not (-1 < left < right < size.width + 1 and -1 < top < bottom < size.height + 1):
        raise UserError(
            f"{row.where}: the box {said} (left, top, right, bottom) does not lie within the picture, "
            f"{size.width} pixels wide and {size.height} high"
        )
    return [max(left, 0.0), max(top, 0.0), min(right, float(size.width)), min(bottom, float(size.height))]
