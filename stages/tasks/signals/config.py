"""The typed parameters of the classification of signals: its datasets, its training and its models."""

from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

import stages.models.classification
from stages.config.reading import SignalReading
from stages.config.schema import Frozen, ModelsConfig, Name, TaskSection, models_config
from stages.config.sources import DatasetConfig
from stages.tasks.classification.config import SplitConfig, Training

OF_TOKENS = ("vectors", "frozen")  # what models of texts have beside, for the table of their tokens


class WindowConfig(Frozen):
    """How a signal becomes frames. What is fitted is fitted on train alone."""

    scaler: Literal["standard", "each", "none"] = Field(
        default="standard",
        description="standard: each channel's mean over train is taken off, and it is divided by its deviation; each: "
        "by the signal's own, so that its level and size do not count; none: values stay as they are",
    )
    steps_per_frame: int = Field(default=1, ge=1, description="so many steps become one frame, their mean")
    maximum_length: int = Field(default=512, ge=1, description="frames; the rest of a longer signal is cut off")


class SignalsDataset(DatasetConfig):
    """A source of signals with one label each."""

    reading: SignalReading = SignalReading()
    split: SplitConfig = SplitConfig()
    window: WindowConfig = WindowConfig()


if TYPE_CHECKING:
    Models = ModelsConfig
else:
    Models = models_config(stages.models.classification, "frames")


class Section(TaskSection):
    """Which signals are classified by which models."""

    datasets: dict[Name, SignalsDataset] = Field(default_factory=dict)
    training: Training = Training()
    models: Models = Models()

    @model_validator(mode="after")
    def _no_table_of_tokens(self) -> Self:
        for name in self.model_names():
            if unused := sorted(set(OF_TOKENS) & self.model(name).model_fields_set):
                raise ValueError(f"models.{name}: {', '.join(unused)} is for the tokens of texts: remove it")
        return self
