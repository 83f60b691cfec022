"""Raw files → one tidy table of pictures and what is said of them; __init__.py names its columns."""

import pyarrow as pa

from stages.config.dataset import Dataset
from stages.config.pictures import PictureReading
from stages.data.pictures.rows import read_pictures
from stages.data.table import Table


def read(dataset: Dataset, reading: PictureReading) -> Table:
    """Read a dataset's raw files; several descriptions of a picture are lines of one text.

    Raises:
        UserError: a file cannot be read as `reading` says, rows of a table name no picture, or nothing is left.
    """
    columns = {"target": pa.string()}
    return read_pictures(
        dataset, reading, columns, lambda rows, *_: {"target": "\n".join(dict.fromkeys(row.said for row in rows))}
    )
