"""A GRU over segments with parallel decoding (SegRNN: Lin et al. 2023, sections 4.1 to 4.3).

A step reads a whole segment at once, so that a look-back of hundreds of values takes a dozen steps; each segment to
come is decoded from the last state alone, by its position and its series, not one after the other.
"""

from math import gcd
from typing import TYPE_CHECKING

from pydantic import Field

from stages.nn.recurrent import Cell
from stages.tasks.forecasting.modeling.contract import NeuralParameters, Shape

if TYPE_CHECKING:
    import keras

    from stages.tasks.forecasting.modeling.layers import ExogenousInputs


class Parameters(NeuralParameters):
    """One GRU that reads segments, then decodes those to come."""

    segment: int = Field(default=24, ge=1, description="values; if the horizon is no multiple, their greatest divisor")
    units: int = Field(default=128, ge=2)


def build(parameters: Parameters, shape: Shape) -> "keras.Model":
    """Return the model from [past (B, L), covariates, …] to forecasts (B, H, levels).

    Of the past the last whole segments are read.

    Raises:
        UserError: the look-back is shorter than a segment.
    """
    from keras import layers, ops

    from stages.runtime.errors import UserError
    from stages.tasks.forecasting.modeling.layers import PositionEmbedding, forecast_model, num_outputs

    size = gcd(parameters.segment, shape.horizon)
    count, future, width = shape.look_back // size, shape.horizon // size, parameters.units
    if not count:
        raise UserError(f"segment_rnn: a segment of {size} does not fit a look_back of {shape.look_back}: lower it")

    def segments(steps: "keras.KerasTensor", number: int) -> "keras.KerasTensor":
        return ops.reshape(steps[:, -number * size :], (-1, number, size * steps.shape[-1]))

    def forecast(steps: "keras.KerasTensor", exogenous: "ExogenousInputs") -> "keras.KerasTensor":
        embedded = layers.Dense(width, "relu")(segments(steps, count))  # (B, count, U)
        cell = Cell.GRU.layer(width)
        state = cell(embedded)  # (B, U)
        series = layers.Embedding(shape.series, width // 2)(exogenous.series)  # (B, U / 2)
        queries = PositionEmbedding(width - width // 2)(layers.RepeatVector(future)(series))  # (B, future, U)
        if shape.covariates:
            queries = layers.Concatenate()([queries, segments(exogenous.future, future)])
            queries = layers.Dense(width)(queries)
        queries = ops.reshape(queries, (-1, 1, width))
        states = ops.reshape(layers.RepeatVector(future)(state), (-1, width))
        decoded = layers.Dropout(parameters.dropout)(cell(queries, initial_state=states))  # (B × future, U)
        raw = layers.Dense(size * num_outputs(parameters.output))(decoded)
        return ops.reshape(raw, (-1, shape.horizon, num_outputs(parameters.output)))

    return forecast_model(parameters, shape, forecast)
