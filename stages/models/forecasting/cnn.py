"""Causal dilated convolutions (van den Oord et al. 2016; gates and residuals after Bai et al. 2018) as a forecaster."""

from math import ceil, log2
from typing import TYPE_CHECKING

from pydantic import Field

from stages.tasks.forecasting.modeling.contract import NeuralParameters, Shape

if TYPE_CHECKING:
    import keras

    from stages.tasks.forecasting.modeling.layers import ExogenousInputs


class Parameters(NeuralParameters):
    """Blocks of gated convolutions, each looking twice as far back as the one before."""

    filters: int = Field(default=48, ge=1)
    width: int = Field(default=3, ge=2, description="steps under a filter")
    blocks: int = Field(default=6, ge=1, le=12, description="fewer where the past is shorter than they look back")


def build(parameters: Parameters, shape: Shape) -> "keras.Model":
    """Return the model from [past (B, L), covariates, …] to forecasts (B, H, levels).

    Only the last step's output is used. It needs only every 2^block-th step of a block, so a dilated convolution is a
    plain one over those, two steps at a time: the same numbers for a fraction of the work.
    """
    from keras import layers, ops

    from stages.tasks.forecasting.modeling.layers import forecast_head, forecast_model

    needed = ceil(log2((shape.look_back - 1) / (parameters.width - 1) + 1))  # blocks that see all of a short past
    blocks = min(parameters.blocks, max(needed, 1))
    reach = 1 + (parameters.width - 1) * (2**blocks - 1)

    def forecast(steps: "keras.KerasTensor", exogenous: "ExogenousInputs") -> "keras.KerasTensor":
        steps = steps[:, -reach:]
        steps = layers.Dense(parameters.filters)(ops.pad(steps, [(0, 0), (reach - steps.shape[1], 0), (0, 0)]))
        for _ in range(blocks):
            value_and_gate = layers.Conv1D(2 * parameters.filters, parameters.width, strides=2)(steps)
            value, gate = ops.split(value_and_gate, 2, axis=-1)
            change = layers.Dense(parameters.filters)(value * ops.sigmoid(gate))
            steps = layers.LayerNormalization()(steps[:, parameters.width - 1 :: 2] + change)
        return forecast_head(steps[:, 0], exogenous, parameters, shape)

    return forecast_model(parameters, shape, forecast)
