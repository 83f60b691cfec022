"""The typed parameters of regions of pictures: their datasets, their training and their models."""

from typing import TYPE_CHECKING

from pydantic import Field

import stages.models.detection
from stages.config.pictures import PictureReading, PictureSplit, PictureWindow
from stages.config.schema import (
    MAX_STEPS,
    MIN_STEPS,
    Frozen,
    ModelsConfig,
    Name,
    TaskSection,
    TrainingConfig,
    models_config,
)
from stages.config.sources import DatasetConfig


class BoxColumns(Frozen):
    """The columns of a box, in pixels of the picture's file; right and bottom lie outside."""

    left: str = "left"
    top: str = "top"
    right: str = "right"
    bottom: str = "bottom"


class Reading(PictureReading):
    """How raw files become pictures with the objects in them."""

    label: str = Field(default="label", description="of a table beside the pictures, the column of what an object is")
    boxes: BoxColumns | None = Field(
        default=BoxColumns(),
        description="of that table, a row an object, the columns of its box; null: each picture shows one object alone",
    )


class RegionWindow(PictureWindow):
    """What networks read of a picture, and how many of its regions they propose."""

    regions: int = Field(default=8, ge=1, le=64, description="places of the map that are proposed, the likeliest ones")


class DetectionDataset(DatasetConfig):
    """A source of pictures and of the objects in them."""

    reading: Reading = Reading()
    split: PictureSplit = PictureSplit()
    window: RegionWindow = RegionWindow()


class Training(TrainingConfig):
    """What all networks share when they are trained, so that they are compared on equal terms."""

    min_steps: int = Field(default=1000, ge=1, description=MIN_STEPS)
    max_steps: int | None = Field(default=5000, ge=1, description=MAX_STEPS)
    batch_size: int = Field(default=32, ge=1, description="pictures of a batch")


if TYPE_CHECKING:
    Models = ModelsConfig
else:
    Models = models_config(stages.models.detection)


class Section(TaskSection):
    """In which pictures objects are found by which models."""

    datasets: dict[Name, DetectionDataset] = Field(default_factory=dict)
    training: Training = Training()
    models: Models = Models()
