"""Causal dilated convolutions (van den Oord et al. 2016; gates and residuals after Bai et al. 2018) as a forecaster."""

from typing import TYPE_CHECKING

from pydantic import Field

from stages.forecasting.models import NeuralParameters, Shape

if TYPE_CHECKING:
    import keras


class Parameters(NeuralParameters):
    """Blocks of gated convolutions, each looking twice as far back as the one before."""

    filters: int = Field(default=48, ge=1)
    width: int = Field(default=3, ge=2, description="steps under a filter")
    blocks: int = Field(default=6, ge=1, le=12)


def build(parameters: Parameters, shape: Shape) -> "keras.Model":
    """Return the model from [past (B, L), covariates, …] to forecasts (B, H, levels).

    Only the last step's output is used, so each block keeps no more steps than the blocks above it look back.
    """
    from keras import layers, ops

    from stages.forecasting.layers import direct, network

    def forecast(steps, known):
        steps = layers.Dense(parameters.filters)(steps)
        reaches = [(parameters.width - 1) * 2**block for block in range(parameters.blocks)]
        for block, reach in enumerate(reaches):
            needed = min(1 + sum(reaches[block:]), shape.look_back)
            seen = ops.pad(steps[:, -needed:], [(0, 0), (max(1 + sum(reaches[block:]) - needed, 0), 0), (0, 0)])
            both = layers.Conv1D(2 * parameters.filters, parameters.width, dilation_rate=2**block)(seen)
            value, gate = ops.split(both, 2, axis=-1)
            change = layers.Dense(parameters.filters)(value * ops.sigmoid(gate))
            steps = layers.LayerNormalization()(seen[:, reach:] + change)
        return direct(steps[:, -1], known, parameters, shape)

    return network(parameters, shape, forecast)
