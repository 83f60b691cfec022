"""The typed parameters of picture descriptions: their datasets, their training and their models."""

from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import Field, model_validator

import stages.models.seq2seq
from stages.config.pictures import PictureReading, Scenes
from stages.config.schema import Frozen, ModelsConfig, Name, TaskSection, models_config
from stages.config.sources import DatasetConfig
from stages.config.split import HashSplit
from stages.tasks.seq2seq.config import Decoding, Side, Training

OF_TEXTS = ("shared",)  # what models of texts have beside, for the table of their source's tokens


class SplitConfig(HashSplit):
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


class CaptioningDataset(DatasetConfig):
    """A source of pictures and what is said of them."""

    reading: PictureReading = PictureReading()
    split: SplitConfig = SplitConfig()
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
