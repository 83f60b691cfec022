"""The typed parameters of the toy task."""

from typing import TYPE_CHECKING

from pydantic import Field

import stages.models.toy
from stages.config.schema import Frozen, ModelsConfig, Name, TaskSection, TrainingConfig, models_config
from stages.config.sources import DatasetConfig


class Reading(Frozen):
    """How the raw files become sequences."""

    separator: str | None = Field(default=None, min_length=1, description="between numbers; null: blanks")


class SplitConfig(Frozen):
    """Which sequences go to which part: a hash of a sequence decides."""

    validation: float = Field(default=0.2, gt=0, lt=0.5, description="share of the sequences")
    test: float = Field(default=0.2, gt=0, lt=0.5, description="share of the sequences")


class WindowConfig(Frozen):
    """What models see of a sequence."""

    length: int = Field(default=4, ge=1, description="numbers before the one to predict")


class ToyDataset(DatasetConfig):
    """A source of sequences of numbers."""

    reading: Reading = Reading()
    split: SplitConfig = SplitConfig()
    window: WindowConfig = WindowConfig()


class Training(TrainingConfig):
    """What all networks share when they are trained."""

    epochs: int = Field(default=3, ge=1, description="at most")
    batch_size: int = Field(default=16, ge=1, description="windows per step")


if TYPE_CHECKING:
    Models = ModelsConfig
else:
    Models = models_config(stages.models.toy)


class Section(TaskSection):
    """Which sequences are predicted by which models."""

    datasets: dict[Name, ToyDataset] = Field(default_factory=dict)
    training: Training = Training()
    models: Models = Models()
