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

COLUMNS = {"target": pa.string(), "labels": pa.list_(pa.string()), "boxes": pa.list_(pa.float32())}


def read(dataset: Dataset, reading: Reading) -> Table:
    """Read a dataset's raw files; boxes are in pixels of the pictures as they were read.

    Raises:
        UserError: a file cannot be read as `reading` says, boxes are none, or nothing is left.
    """
    names = {} if reading.boxes is None else reading.boxes.model_dump()
    further = [Column(name, f"boxes.{key}") for key, name in names.items()]

    def meaning(rows: Sequence[Row], size: Size) -> Mapping[str, Any]:
        shrunk = min(1.0, reading.longest_side / max(size))
        boxes = [_box(row, size) if row.further else [0.0, 0.0, size.width, size.height] for row in rows]
        target = "\n".join(f"{row.said} {box}" for row, box in zip(rows, boxes, strict=True))
        if any(row.further for row in rows):
            boxes = [[value * shrunk for value in box] for box in boxes]
        labels = [row.said for row in rows]
        return {"target": target, "labels": labels, "boxes": [value for box in boxes for value in box]}

    return read_pictures(dataset, reading, COLUMNS, meaning, further)


def _box(row: Row, size: Size) -> list[float]:
    """Return an object's box.

    Raises:
        UserError: it is none, or none within the picture; names the row.
    """
    try:
        left, top, right, bottom = map(float, row.further)
    except ValueError:
        raise UserError(f"{row.where}: the box {', '.join(row.further)} is not four numbers") from None
    if not (0 <= left < right <= size.width and 0 <= top < bottom <= size.height):
        raise UserError(
            f"{row.where}: the box {left:g}, {top:g}, {right:g}, {bottom:g} (left, top, right, bottom) does not lie "
            f"within the picture, {size.width} pixels wide and {size.height} high"
        )
    return [left, top, right, bottom]
