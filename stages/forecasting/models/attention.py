"""An encoder and a decoder with attention over the past, for forecasts.

A GRU reads the past; each step to come asks it from the last state, its place and what is known ahead of it, by
attention with several heads (Vaswani et al. 2017), and all steps at once: no forecast feeds on another's error.
"""

from typing import TYPE_CHECKING

from pydantic import Field

from stages.forecasting.models import NeuralParameters, Shape

if TYPE_CHECKING:
    import keras


class Parameters(NeuralParameters):
    """A GRU over the past, and attention from the steps to come to its states."""

    units: int = Field(default=64, ge=1)
    heads: int = Field(default=4, ge=1, le=16)
    position: int = Field(default=16, ge=1, description="width of the vectors that tell steps their place")


def build(parameters: Parameters, shape: Shape) -> "keras.Model":
    """Return the model from [past (B, L), covariates, …] to forecasts (B, H, levels)."""
    from keras import layers

    from stages.forecasting.layers import Places, network, numbers

    def forecast(steps, known):
        encoder = layers.GRU(parameters.units, return_sequences=True, return_state=True, reset_after=False)
        read, state = encoder(steps)  # (B, L, U), (B, U)
        read = layers.Dense(parameters.units)(Places(parameters.position)(read))
        own = layers.Embedding(shape.series, parameters.position)(known.series)
        coming = layers.RepeatVector(shape.horizon)(layers.Concatenate()([state, own]))
        coming = Places(parameters.position)(coming)
        if shape.covariates:
            coming = layers.Concatenate()([coming, known.future])
        asked = layers.Dense(parameters.units, "gelu")(coming)  # (B, H, U)
        width = max(parameters.units // parameters.heads, 1)
        found = layers.MultiHeadAttention(parameters.heads, width)(asked, read)
        joined = layers.Dense(2 * parameters.units, "gelu")(layers.Concatenate()([asked, found]))
        return layers.Dense(numbers(parameters.output))(layers.Dropout(parameters.dropout)(joined))

    return network(parameters, shape, forecast)
