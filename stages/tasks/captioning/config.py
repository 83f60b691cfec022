"""The typed parameters of picture descriptions: their datasets, their training and their models."""

from typing import TYPE_CHECKING

from pydantic import Field

import stages.models.seq2seq
from stages.config.pictures import PictureReading, PictureSplit, PictureWindow
from stages.config.schema import ModelsConfig, Name, models_config
from stages.config.sources import DatasetConfig
from stages.tasks.seq2seq.config import SectionOfOthers, Side


class CaptioningDataset(DatasetConfig):
    """A source of pictures and what is said of them."""

    reading: PictureReading = PictureReading()
    split: PictureSplit = PictureSplit()
    window: PictureWindow = PictureWindow()
    tokenizer: Side = Field(default=Side(), description="how descriptions become tokens")


if TYPE_CHECKING:
    Models = ModelsConfig
else:
    Models = models_config(stages.models.seq2seq, "pictures")


class Section(SectionOfOthers):
    """Which pictures are described by which models."""

    datasets: dict[Name, CaptioningDataset] = Field(default_factory=dict)
    models: Models = Models()
