"""A GRU over segments with parallel decoding (SegRNN: Lin et al. 2023, sections 4.1 to 4.3).

A step reads a whole segment at once, so that a look-back of hundreds of values takes a dozen steps; each segment to
come is decoded from the last state alone, by its place and its series, not one after the other.
"""

from math import gcd
from typing import TYPE_CHECKING

from pydantic import Field

from stages.forecasting.models import NeuralParameters, Shape

if TYPE_CHECKING:
    import keras


class Parameters(NeuralParameters):
    """One GRU that reads segments, then tells the ones to come."""

    segment: int = Field(default=24, ge=1, description="values; if the horizon is no multiple, their greatest divisor")
    units: int = Field(default=128, ge=2)


def build(parameters: Parameters, shape: Shape) -> "keras.Model":
    """Return the model from [past (B, L), covariates, …] to forecasts (B, H, levels).

    Of the past the last whole segments are read.

    Raises:
        Problem: the look-back is shorter than a segment.
    """
    from keras import layers, ops

    from stages.console import Problem
    from stages.forecasting.layers import Places, network, numbers

    size = gcd(parameters.segment, shape.horizon)
    count, coming, width = shape.look_back // size, shape.horizon // size, parameters.units
    if not count:
        raise Problem(f"segment_rnn: a segment of {size} does not fit a look_back of {shape.look_back}: lower it")

    def segments(steps, number):
        return ops.reshape(steps[:, -number * size :], (-1, number, size * steps.shape[-1]))

    def forecast(steps, known):
        embedded = layers.Dense(width, "relu")(segments(steps, count))  # (B, count, U)
        cell = layers.GRU(width, reset_after=False)
        state = cell(embedded)  # (B, U)
        own = layers.Embedding(shape.series, width // 2)(known.series)  # (B, U / 2)
        told = Places(width - width // 2)(layers.RepeatVector(coming)(own))  # (B, coming, U)
        if shape.covariates:
            told = layers.Concatenate()([told, segments(known.future, coming)])
            told = layers.Dense(width)(told)
        told = ops.reshape(told, (-1, 1, width))
        states = ops.reshape(layers.RepeatVector(coming)(state), (-1, width))
        decoded = layers.Dropout(parameters.dropout)(cell(told, initial_state=states))  # (B × coming, U)
        raw = layers.Dense(size * numbers(parameters.output))(decoded)
        return ops.reshape(raw, (-1, shape.horizon, numbers(parameters.output)))

    return network(parameters, shape, forecast)
