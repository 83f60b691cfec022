"""One model a file: `Parameters`, its typed parameters, and what makes it.

A network has `build(parameters, shape)`, which returns a Keras model from [past values (B, L), their covariates (B, L,
C), the covariates to come (B, H, C), the series' numbers (B,)] to forecasts (B, H, levels); `stages.forecasting.layers`
has the parts. Any other model has a class `Model`:

| method                            | what it does                                                             |
|-----------------------------------|--------------------------------------------------------------------------|
| `fit(parameters, data)`           | class method: returns the model, fitted on `data.train`                  |
| `forecast(windows)`               | one value a step, (windows, H), in the scaler's units                    |
| `size()`                          | number of fitted values                                                  |
| `save(folder)`, `load(folder)`    | write it, read it                                                        |

A model's file may say what its figures rest on: `CONTEXT`, words for the signature.
"""

from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from stages.schema import Neural


@dataclass(frozen=True)
class Shape:
    """What a network reads and returns."""

    look_back: int
    horizon: int
    covariates: int
    series: int


class NeuralParameters(Neural):
    """What every network has."""

    epochs: int = Field(default=10, ge=1, description="at most; epochs of training.epoch_windows")
    look_back: int | None = Field(
        default=None, ge=1, description="of a window's values at most so many of the last are read; null: all"
    )
    normalisation: Literal["none", "last", "standard"] = Field(
        default="last",
        description="of what a window reads, undone in the forecast: subtract the last value; or the mean, and divide "
        "by the deviation (Kim et al. 2022)",
    )
    output: Literal["quantiles", "median", "mean"] = Field(
        default="quantiles",
        description="what is learned: five quantiles (pinball loss), which never cross; the median (absolute error) or "
        "the mean (squared error), with intervals from the latest errors alone",
    )
    dropout: float = Field(default=0.1, ge=0, lt=1, description="share dropped before the output")
    learning_rate: float = Field(default=0.002, gt=0, description="the highest; it falls to a tenth along a cosine")
    weight_decay: float = Field(
        default=0.0, ge=0, description="of Adam with decoupled decay (Loshchilov & Hutter 2019)"
    )


class RecurrentParameters(NeuralParameters):
    """What the recurrent networks have."""

    units: int = Field(default=64, ge=1)
    layers: int = Field(default=1, ge=1, le=8)
