"""The typed parameters of the classification of signals: its datasets, its training and its models."""

from typing import TYPE_CHECKING, Self

from pydantic import Field, model_validator

import stages.models.classification
from stages.config.frames import WindowConfig
from stages.config.reading import SignalReading
from stages.config.schema import ModelsConfig, Name, TaskSection, models_config
from stages.config.sources import DatasetConfig
from stages.tasks.classification.config import SplitConfig, Training

OF_TOKENS = ("vectors", "frozen")  # what models of texts have beside, for the table of their tokens


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
