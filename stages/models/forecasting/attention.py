"""An encoder and a decoder with attention over the past, for forecasts.

A GRU reads the past. Each step to come has a query, made of the last state, its position and what is known ahead of
it, for attention with several heads over the GRU's states (Vaswani et al. 2017), all steps at once: no forecast is made
from another forecast, whose error it would repeat.
"""

from typing import TYPE_CHECKING

from pydantic import Field

from stages.nn.recurrent import Cell
from stages.tasks.forecasting.modeling.contract import NeuralParameters, Shape

if TYPE_CHECKING:
    import keras

    from stages.tasks.forecasting.modeling.layers import ExogenousInputs


class Parameters(NeuralParameters):
    """A GRU over the past, and attention from the steps to come to its states."""

    units: int = Field(default=64, ge=1)
    heads: int = Field(default=4, ge=1, le=16)
    position: int = Field(default=16, ge=1, description="width of the vectors of steps' positions")


def build(parameters: Parameters, shape: Shape) -> "keras.Model":
    """Return the model from [past (B, L), covariates, …] to forecasts (B, H, levels)."""
    from keras import layers

    from stages.tasks.forecasting.modeling.layers import PositionEmbedding, forecast_model, num_outputs

    def forecast(steps: "keras.KerasTensor", exogenous: "ExogenousInputs") -> "keras.KerasTensor":
        encoder = Cell.GRU.layer(parameters.units, return_sequences=True, return_state=True)
        states, last = encoder(steps)  # (B, L, U), (B, U)
        states = layers.Dense(parameters.units)(PositionEmbedding(parameters.position)(states))
        series = layers.Embedding(shape.series, parameters.position)(exogenous.series)
        future = layers.RepeatVector(shape.horizon)(layers.Concatenate()([last, series]))
        future = PositionEmbedding(parameters.position)(future)
        if shape.covariates:
            future = layers.Concatenate()([future, exogenous.future])
        queries = layers.Dense(parameters.units, "gelu")(future)  # (B, H, U)
        width = max(parameters.units // parameters.heads, 1)
        attended = layers.MultiHeadAttention(parameters.heads, width)(queries, states)
        joined = layers.Dense(2 * parameters.units, "gelu")(layers.Concatenate()([queries, attended]))
        return layers.Dense(num_outputs(parameters.output))(layers.Dropout(parameters.dropout)(joined))

    return forecast_model(parameters, shape, forecast)
