"""How pictures are read, and how scenes are composed of them."""

from typing import Literal, Self

from pydantic import Field, model_validator

from stages.config.reading import TableReading
from stages.config.schema import Frozen, Seed
from stages.config.split import HashSplit


class Pixels(Frozen):
    """How a row of a table is a picture: its values line by line from the top left, beside what it shows."""

    height: int = Field(ge=1, le=1024, description="lines of a picture")
    width: int = Field(ge=1, le=1024, description="values of a line")
    label: Literal["first", "last"] = Field(default="first", description="where in the row stands what it shows")
    highest: float = Field(default=255, gt=0, description="the value of white; 0 is black")


class PictureReading(TableReading):
    """How raw files become pictures with what is said of them."""

    format: Literal["csv", "tsv", "jsonl", "parquet", "spreadsheet"] | None = Field(
        default=None, description="of the table beside pictures, or of the table that holds them; null: by its ending"
    )
    label: str = Field(default="caption", description="of a table beside the pictures, the column of what is said")
    picture: str = Field(
        default="path",
        description="of that table, the column of their files: a path from there, a name, or a name without its "
        "ending; without any table a picture is said to be what its folder is called",
    )
    group: str | None = Field(
        default=None,
        description="of that table, the column of what pictures have in common, such as their place or their "
        "photographer: no group is in two parts; null: each stands for itself",
    )
    pixels: Pixels | None = Field(default=None, description="the files are tables with a picture a row; null: pictures")
    colour: bool = Field(default=False, description="false: shades of grey; true: red, green and blue")
    longest_side: int = Field(default=128, ge=2, le=1024, description="larger pictures are shrunk to so many pixels")


class Scenes(Frozen):
    """How pictures are composed of others, each part's of its own alone."""

    side: int = Field(default=64, ge=4, le=1024, multiple_of=4, description="pixels of a scene")
    most: int = Field(default=4, ge=1, le=4, description="objects of a scene, one in each quarter; 1 is the least")
    clutter: int = Field(default=4, ge=0, le=64, description="fragments of further pictures, that stand for nothing")
    fragment: int = Field(default=7, ge=1, description="pixels of a fragment's side")
    repeats: int = Field(
        default=7, ge=1, description="scenes of train that a picture stands in; of validation and test it is one"
    )
    seed: Seed = Field(default=1, description="of what stands where")

    @model_validator(mode="after")
    def _fragments_fit(self) -> Self:
        if self.fragment > self.side:
            raise ValueError(f"fragment ({self.fragment}) must not be above side ({self.side})")
        return self


class PictureSplit(HashSplit):
    """Which pictures go to which part, by a hash of their pixels or their group; official parts stand."""

    compose: Scenes | None = Field(
        default=None, description="compose scenes of pictures once they are split; null: they stay as they are"
    )


class PictureWindow(Frozen):
    """How a picture becomes what an encoder reads: a convolution that halves its sides, for each of `filters`."""

    height: int = Field(default=64, ge=8, le=512, multiple_of=4, description="pixels that networks read of a picture")
    width: int = Field(default=64, ge=8, le=512, multiple_of=4, description="pixels; the picture keeps its proportions")
    filters: tuple[int, ...] = Field(
        default=(32, 64, 96), min_length=1, max_length=6, description="of the convolutions, from the picture on"
    )

    @model_validator(mode="after")
    def _leaves_places(self) -> Self:
        if min(self.height, self.width) < 2 ** len(self.filters):
            raise ValueError(f"{len(self.filters)} filters halve {self.height} x {self.width} pixels to nothing")
        return self
