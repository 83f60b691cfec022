"""How raw files are read: the keys that the `reading` of all tasks share."""

import codecs
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from stages.config.schema import Delimiter, Frozen

Compression = Literal["gzip", "bz2", "xz", "zstd", "lz4", "zip", "none"]


def _text_encoding(name: str | None) -> str | None:
    """Refuse an encoding that Python does not know, or that is none of text, such as base64."""
    if name is not None:
        try:
            "a".encode(name)
            codecs.getincrementaldecoder(name)
        except (LookupError, ValueError):
            raise ValueError("must be a text encoding that Python knows, such as utf-8, cp1252 or utf-16") from None
    return name


class FileReading(Frozen):
    """How the bytes of a raw file become text."""

    encoding: Annotated[str | None, AfterValidator(_text_encoding)] = Field(
        default=None, description="under any of its names in Python, such as utf-8, cp1252 or u16; detected when null"
    )
    compression: Compression | None = Field(
        default=None,
        description="by the file's first bytes when null, else by its ending; zip: an archive that holds one file",
    )
    unpack_limit: int = Field(default=1 << 30, gt=0, description="bytes that a compressed file may unpack to")


class TableReading(FileReading):
    """How a raw file becomes a table."""

    format: str | None = Field(default=None, description="by the file's ending when null")  # each task says which
    delimiter: Delimiter | None = None
    columns: tuple[str, ...] | None = Field(
        default=None, description="column names of CSV, TSV or a spreadsheet, where the file has no header"
    )
    quotes: bool | None = Field(default=None, description="fields may stand in double quotes; null: in CSV, not in TSV")
    skip_rows: int = Field(
        default=0, ge=0, description="rows of CSV, TSV or a spreadsheet to pass over after the header"
    )
    sheet: str | None = Field(
        default=None, description="of a spreadsheet; null: the only one that is not hidden or empty"
    )
