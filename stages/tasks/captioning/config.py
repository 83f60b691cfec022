"""The typed parameters of picture descriptions: their datasets, their training and their models."""

from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import Field, model_validator

import stages.models.seq2seq
from stages.config.pictures import PictureReading, PictureSplit, PictureWindow
from stages.config.schema import ModelsConfig, Name, TaskSection, models_config
from stages.config.sources import DatasetConfig
from stages.tasks.seq2seq.config import Decoding, Side, Training

OF_TEXTS = ("shared",)  # what models of texts have beside, for the table of their source's tokens


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


class Section(TaskSection):
    """Which pictures are described by which models."""

    baseline_training: ClassVar[frozenset[str]] = frozenset({"validation_sources"})

    datasets: dict[Name, CaptioningDataset] = Field(default_factory=dict)
    training: Training = Training()
    decoding: Decoding = Decoding()
    models: Models = Models()

    @model_validator(mode="after")
    def _no_table_of_source_tokens(self) -> Self:
        for name in self.model_names():
            if unused := sorted(set(OF_TEXTS) & self.model(name).model_fields_set):
                raise ValueError(f"models.{name}: {', '.join(unused)} is for sources of text: remove it")
        return self
