"""An encoder and a decoder with attention over the past (after Luong et al. 2015), for forecasts.

The decoder reads what is known of the steps to come, not its own forecasts: no error feeds on itself.
"""

from typing import TYPE_CHECKING

from pydantic import Field

from stages.forecasting.models import NeuralParameters, Shape

if TYPE_CHECKING:
    import keras


class Parameters(NeuralParameters):
    """A GRU over the past, a GRU over the steps to come that starts from its state, attention from one to the other."""

    units: int = Field(default=48, ge=1)
    position: int = Field(default=16, ge=1, description="width of the vector that tells a step to come its place")


def build(parameters: Parameters, shape: Shape) -> "keras.Model":
    """Return the model from [past (B, L), covariates, …] to forecasts (B, H, levels)."""
    from keras import layers

    from stages.forecasting.layers import Places, network, numbers

    def forecast(steps, known):
        encoder = layers.GRU(parameters.units, return_sequences=True, return_state=True, reset_after=False)
        read, state = encoder(steps)  # (B, L, U), (B, U)
        own = layers.Embedding(shape.series, parameters.position)(known.series)
        coming = Places(parameters.position)(layers.RepeatVector(shape.horizon)(own))  # (B, H, 2 × position)
        if shape.covariates:
            coming = layers.Concatenate()([coming, known.future])
        decoder = layers.GRU(parameters.units, return_sequences=True, reset_after=False)
        decoded = decoder(coming, initial_state=state)  # (B, H, U)
        looked_up = layers.Attention(use_scale=True)([decoded, read])
        joined = layers.Dense(parameters.units, "tanh")(layers.Concatenate()([decoded, looked_up]))
        return layers.Dense(numbers(parameters.output))(layers.Dropout(parameters.dropout)(joined))

    return network(parameters, shape, forecast)
