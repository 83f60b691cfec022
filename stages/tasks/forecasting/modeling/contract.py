"""What a forecaster owes the task, and the parameters that several models share.

A model's file under stages/models/forecasting/ holds its typed `Parameters`, and either

- `build(parameters, shape)`, which returns a Keras model from [past values (B, L), their covariates (B, L, C), the
  covariates to come (B, H, C), the series' numbers (B,)] to forecasts (B, H, levels); layers.py has the parts; or
- a class `Model`, which is a `Baseline`.

`Parameters.CONTEXT` says in words what a forecast rests on, where that is not the values of the window.
"""

from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from pydantic import Field

from stages.config.schema import ModelConfig, NeuralConfig
from stages.nn.model import TrainedModel

if TYPE_CHECKING:
    from stages.tasks.forecasting.modeling.data import Prepared, Windows
    from stages.tasks.forecasting.modeling.scaler import ScalerState

LEVELS = (0.025, 0.1, 0.5, 0.9, 0.975)  # quantiles of a forecast: the median, and the ends of 80 and 95 % intervals
MEDIAN = LEVELS.index(0.5)


@dataclass(frozen=True)
class Shape:
    """What a network reads and returns."""

    look_back: int  # L
    horizon: int  # H
    covariates: int  # C
    series: int


class ForecasterParameters(ModelConfig):
    """The parameters of any forecaster."""

    def values_read(self, state: "ScalerState") -> int:
        """Return how many values before a forecast are read."""
        return state.look_back

    def context(self, state: "ScalerState") -> str:
        """Return what a forecast rests on, in words."""
        return self.CONTEXT or f"the last {self.values_read(state)} values before a window"


class LookBackParameters(ForecasterParameters):
    """The parameters of a model that may read less than the dataset's look-back."""

    look_back: int | None = Field(
        default=None, ge=1, description="read at most so many of a window's last values; null: all"
    )

    def values_read(self, state: "ScalerState") -> int:
        """Return how many values before a forecast are read."""
        return min(self.look_back or state.look_back, state.look_back)


class NeuralParameters(NeuralConfig, LookBackParameters):
    """What every network has."""

    epochs: int = Field(default=10, ge=1, description="at most; epochs of training.windows_per_epoch")
    normalisation: Literal["none", "last", "standard"] = Field(
        default="last",
        description="of what a window reads, undone in the forecast: subtract the last value; or the mean, and divide "
        "by the standard deviation (Kim et al. 2022)",
    )
    output: Literal["quantiles", "median", "mean"] = Field(
        default="quantiles",
        description="what is learned: five quantiles (pinball loss), which never cross; the median (absolute error) or "
        "the mean (squared error), with intervals from the latest errors alone",
    )
    dropout: float = Field(default=0.1, ge=0, lt=1, description="share dropped before the output")


class RecurrentParameters(NeuralParameters):
    """What the recurrent networks have."""

    units: int = Field(default=64, ge=1)
    layers: int = Field(default=1, ge=1, le=8)


class Forecaster(TrainedModel):
    """A model that forecasts the values after a window's last one."""

    @abstractmethod
    def forecast(self, windows: "Windows") -> np.ndarray:
        """Return quantiles (windows, H, levels), or one value per step (windows, H), in the scaler's units."""


class Baseline(Forecaster):
    """A forecaster that is no network; it forecasts one value per step, (windows, H)."""

    @classmethod
    @abstractmethod
    def fit(cls, parameters: Any, data: "Prepared") -> Self:
        """Return a model fitted on train. `parameters`: of the type that its file holds."""

    @classmethod
    @abstractmethod
    def load(cls, folder: Path) -> Self:
        """Return the model that `save` wrote."""
