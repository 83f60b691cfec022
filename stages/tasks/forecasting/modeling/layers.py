"""The parts that several networks are built from. B windows, L values read, H values forecast, C covariates."""

from collections.abc import Callable
from dataclasses import dataclass

import keras
from keras import layers, ops

from stages.tasks.forecasting.modeling.contract import LEVELS, MEDIAN, NeuralParameters, Shape

STEP_WIDTH = 16  # features of a step to come where it meets its covariates, and of a series
MIN_DEVIATION = 0.1  # in units of the scaler: a window that varies less is not magnified further


@dataclass(frozen=True)
class ExogenousInputs:
    """What a network reads beside the values."""

    past: keras.KerasTensor  # covariates of the values that are read, (B, L, C)
    future: keras.KerasTensor  # covariates of the values to forecast, (B, H, C)
    series: keras.KerasTensor  # the series' numbers, (B,)


def forecast_model(
    parameters: NeuralParameters,
    shape: Shape,
    forecast: Callable[[keras.KerasTensor, ExogenousInputs], keras.KerasTensor],
) -> keras.Model:
    """Return a model that normalises what it reads, forecasts, and undoes the normalisation.

    Args:
        parameters: the model's.
        shape: what it reads and returns.
        forecast: of the normalised steps (B, L, 1 + C) and the other inputs → what `to_levels` turns into forecasts,
            (B, H, num_outputs).
    """
    past = keras.Input((shape.look_back,))
    exogenous = ExogenousInputs(
        keras.Input((shape.look_back, shape.covariates)),
        keras.Input((shape.horizon, shape.covariates)),
        keras.Input((), dtype="int32"),
    )
    center, scale = _location_and_scale(past, parameters.normalisation)
    steps = ops.expand_dims((past - center) / scale, -1)
    if shape.covariates:
        steps = layers.Concatenate()([steps, exogenous.past])
    raw = forecast(steps, exogenous)
    outputs = to_levels(raw, parameters.output) * ops.expand_dims(scale, -1) + ops.expand_dims(center, -1)
    return keras.Model([past, exogenous.past, exogenous.future, exogenous.series], outputs)


def _location_and_scale(past: keras.KerasTensor, normalisation: str) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Return what is subtracted from a window's values and what they are divided by, (B, 1) each."""
    if normalisation == "standard":
        return ops.mean(past, axis=1, keepdims=True), ops.std(past, axis=1, keepdims=True) + MIN_DEVIATION
    last = past[:, -1:]
    return (last if normalisation == "last" else ops.zeros_like(last)), ops.ones_like(last)


def num_outputs(output: str) -> int:
    """Return how many numbers a network gives for each value."""
    return len(LEVELS) if output == "quantiles" else 1


def to_levels(raw: keras.KerasTensor, output: str) -> keras.KerasTensor:
    """Return quantiles that never cross, (B, H, levels): the median, and steps away from it that are positive.

    A network that gives the median or the mean alone, (B, H, 1), has it at every level.
    """
    if output != "quantiles":
        return ops.repeat(raw, len(LEVELS), axis=-1)
    middle, gaps = raw[..., MEDIAN : MEDIAN + 1], ops.softplus(raw)
    above = middle + ops.cumsum(gaps[..., MEDIAN + 1 :], axis=-1)
    below = middle - ops.flip(ops.cumsum(ops.flip(gaps[..., :MEDIAN], axis=-1), axis=-1), axis=-1)
    return ops.concatenate([below, middle, above], axis=-1)


class PositionEmbedding(layers.Layer):
    """Joins steps, (B, n, U), with a learned vector of each one's position, (B, n, U + width)."""

    def __init__(self, width: int) -> None:
        """Keep the vectors' width."""
        super().__init__()
        self.width = width

    def build(self, shape: tuple[int | None, ...]) -> None:
        """Make the vectors, one for each of the n positions."""
        self.vectors = self.add_weight(shape=(shape[1], self.width), initializer="uniform", name="vectors")

    def call(self, steps: keras.KerasTensor) -> keras.KerasTensor:
        """Join the steps and the vectors."""
        return ops.concatenate([steps, ops.zeros_like(steps[..., :1]) + self.vectors], axis=-1)


def forecast_head(
    encoded: keras.KerasTensor, exogenous: ExogenousInputs, parameters: NeuralParameters, shape: Shape
) -> keras.KerasTensor:
    """Return all steps at once from what a network has read, (B, U) → (B, H, num_outputs).

    The series' own vector joins what was read; where there are covariates to come, each step meets its own.
    """
    width = num_outputs(parameters.output)
    if shape.series > 1:
        encoded = layers.Concatenate()([encoded, layers.Embedding(shape.series, STEP_WIDTH)(exogenous.series)])
    encoded = layers.Dropout(parameters.dropout)(encoded)
    if not shape.covariates:
        return layers.Reshape((shape.horizon, width))(layers.Dense(shape.horizon * width)(encoded))
    steps = layers.Reshape((shape.horizon, STEP_WIDTH))(layers.Dense(shape.horizon * STEP_WIDTH)(encoded))
    mixed = layers.Dense(2 * STEP_WIDTH, "gelu")(layers.Concatenate()([steps, exogenous.future]))
    return layers.Dense(width)(layers.Concatenate()([steps, mixed]))
