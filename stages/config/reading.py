"""How raw files are read: the keys that the `reading` of all tasks share."""

import codecs
import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

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


def _one_group(pattern: str | None) -> str | None:
    """Refuse a regular expression that is none, or that has not exactly one group."""
    if pattern is not None:
        try:
            groups = re.compile(pattern).groups
        except re.error as error:
            raise ValueError(f"must be a regular expression: {error}") from None
        if groups != 1:
            raise ValueError(f"must have one group in parentheses, which is the label, not {groups}")
    return pattern


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


class ArrayNames(Frozen):
    """What the arrays of an .npz file are called."""

    values: str = Field(default="X", description="(N, F), all signals one after the other, or (signals, T[, F])")
    labels: str = Field(default="y", description="(signals,)")
    lengths: str = Field(
        default="lengths", description="(signals,), where values are one after the other; may be missing elsewhere"
    )


class Sound(Frozen):
    """How a recording becomes frames."""

    features: Literal["log_mel", "mfcc"] = Field(
        default="log_mel", description="the logarithm of the energy in each band of the mel scale, or its cosines"
    )
    bands: int = Field(default=40, ge=4, le=256, description="of the mel scale")
    coefficients: int = Field(default=13, ge=1, le=256, description="of mfcc, at most as many as bands")
    window: float = Field(default=0.025, gt=0, le=1, description="seconds that a frame sees")
    step: float = Field(default=0.010, gt=0, le=1, description="seconds from frame to frame")
    sample_rate: int | None = Field(
        default=None, ge=1000, le=384_000, description="what recordings are resampled to; null: all must have the same"
    )

    @model_validator(mode="after")
    def _no_more_coefficients_than_bands(self) -> Self:
        if self.coefficients > self.bands:
            raise ValueError(f"coefficients ({self.coefficients}) must not be above bands ({self.bands})")
        return self


class SignalReading(TableReading):
    """How raw files become signals, each with a label."""

    format: Literal["csv", "tsv", "jsonl", "parquet", "spreadsheet", "ts", "arff", "npz", "sound"] | None = Field(
        default=None,
        description="by the file's ending when null; csv to spreadsheet: a long table, a row for each step of a "
        "signal; ts, arff: of the UEA archive; npz: NumPy's; sound: a recording a file, WAV, FLAC or OGG",
    )
    signal: str = Field(default="signal", description="a long table's column that names the signal of a row")
    time: str | None = Field(
        default=None, description="a long table's column by which a signal's rows are ordered; null: as they stand"
    )
    channels: tuple[str, ...] | None = Field(
        default=None, min_length=1, description="a long table's columns of values; null: all others"
    )
    label: str = Field(default="label", description="a long table's column of labels")
    part: str | None = Field(
        default=None, description="a long table's column of official parts: train, validation (or dev), test"
    )
    arrays: ArrayNames = ArrayNames()
    label_pattern: Annotated[str | None, AfterValidator(_one_group)] = Field(
        default=None,
        description="a regular expression for a recording's path, whose group is its label, such as ^([0-9])_; null: "
        "the name of its folder",
    )
    sound: Sound = Sound()
    gaps: Literal["forbid", "interpolate"] = Field(
        default="forbid", description="missing values stop the run, or are drawn from those before and after"
    )
