"""The formats of tables, one a file, and the choice between them."""

from collections.abc import Sequence
from pathlib import Path

from stages.config.reading import TableReading
from stages.data.compression import content_name
from stages.data.formats.delimited import Csv, Tsv
from stages.data.formats.json_lines import JsonLines
from stages.data.formats.parquet import Parquet
from stages.data.formats.spreadsheet import Spreadsheet
from stages.data.raw import RawFile, refuse_unused_keys
from stages.data.tables import TableFile
from stages.runtime.errors import UserError

FORMATS: tuple[type[TableFile], ...] = (Csv, Tsv, JsonLines, Parquet, Spreadsheet)


def open_table(
    file: RawFile[TableReading],
    formats: Sequence[type[TableFile]] = FORMATS,
    default: type[TableFile] | None = None,
) -> TableFile:
    """Open a raw file as a table of the declared format, else of that which the file's ending stands for.

    Args:
        file: the file.
        formats: those that the task reads.
        default: the format of a file whose ending stands for none.

    Raises:
        UserError: the format is unknown, `reading` declares what it has no use for, or the file cannot be read.
    """
    declared, ending = file.reading.format, Path(content_name(file)).suffix.lower()
    for kind in formats:
        if kind.FORMAT == declared or (declared is None and ending in kind.ENDINGS):
            return _opened(kind, file)
    if default is not None:
        return _opened(default, file)
    raise UserError(
        f"{file.path}: the ending '{ending}' tells no format: set {file.key('format')} "
        f"({', '.join(sorted(kind.FORMAT for kind in formats))}), or rename the file "
        f"({', '.join(ending for kind in formats for ending in kind.ENDINGS)})"
    )


def _opened(kind: type[TableFile], file: RawFile[TableReading]) -> TableFile:
    refuse_unused_keys(file, kind.FORMAT, kind.KEYS)
    return kind(file)


def is_table(path: Path) -> bool:
    """Tell whether a file is a table by its ending."""
    return any(path.suffix.lower() in kind.ENDINGS for kind in FORMATS)
