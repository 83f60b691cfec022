"""The parts that several networks are built from. B windows, L values read, H values forecast, C covariates."""

from collections.abc import Callable

import keras
from keras import layers, ops

from stages.forecasting.data import LEVELS, MEDIAN
from stages.forecasting.models import NeuralParameters, RecurrentParameters, Shape

NARROW = 16  # width in which a step to come meets its covariates
FLAT = 0.1  # of the scaler's deviation: a window that moves less is not blown up further


def network(
    parameters: NeuralParameters, shape: Shape, forecast: Callable[[keras.KerasTensor, "Known"], keras.KerasTensor]
) -> keras.Model:
    """Return a model that normalises what it reads, forecasts, and undoes the normalisation.

    Args:
        parameters: the model's.
        shape: what it reads and returns.
        forecast: of the normalised steps (B, L, 1 + C) and all else that is known → what `quantiles` turns into
            forecasts, (B, H, numbers).
    """
    past = keras.Input((shape.look_back,))
    known = Known(
        keras.Input((shape.look_back, shape.covariates)),
        keras.Input((shape.horizon, shape.covariates)),
        keras.Input((), dtype="int32"),
    )
    center, scale = _level_and_spread(past, parameters.normalisation)
    steps = ops.expand_dims((past - center) / scale, -1)
    if shape.covariates:
        steps = layers.Concatenate()([steps, known.past])
    raw = forecast(steps, known)
    outputs = quantiles(raw, parameters.output) * ops.expand_dims(scale, -1) + ops.expand_dims(center, -1)
    return keras.Model([past, known.past, known.future, known.series], outputs)


class Known:
    """What is known beside the values: covariates of the past (B, L, C) and to come (B, H, C), the series (B,)."""

    def __init__(self, past: keras.KerasTensor, future: keras.KerasTensor, series: keras.KerasTensor) -> None:
        """Keep the tensors."""
        self.past, self.future, self.series = past, future, series


def _level_and_spread(past: keras.KerasTensor, kind: str) -> tuple:
    """Return what is subtracted from a window's values and what they are divided by, (B, 1) each."""
    if kind == "standard":
        return ops.mean(past, axis=1, keepdims=True), ops.std(past, axis=1, keepdims=True) + FLAT
    last = past[:, -1:]
    return (last if kind == "last" else ops.zeros_like(last)), ops.ones_like(last)


def numbers(output: str) -> int:
    """Return how many numbers a network gives for each value."""
    return len(LEVELS) if output == "quantiles" else 1


def quantiles(raw: keras.KerasTensor, output: str) -> keras.KerasTensor:
    """Return quantiles that never cross, (B, H, levels): the median, and steps away from it that are positive.

    A network that gives the median or the mean alone, (B, H, 1), has it at every level.
    """
    if output != "quantiles":
        return ops.repeat(raw, len(LEVELS), axis=-1)
    middle, gaps = raw[..., MEDIAN : MEDIAN + 1], ops.softplus(raw)
    above = middle + ops.cumsum(gaps[..., MEDIAN + 1 :], axis=-1)
    below = middle - ops.flip(ops.cumsum(ops.flip(gaps[..., :MEDIAN], axis=-1), axis=-1), axis=-1)
    return ops.concatenate([below, middle, above], axis=-1)


class Places(layers.Layer):
    """Joins steps to come, (B, n, U), with a learned vector of each one's place, (B, n, U + width)."""

    def __init__(self, width: int) -> None:
        """Keep the vectors' width."""
        super().__init__()
        self.width = width

    def build(self, shape: tuple) -> None:
        """Make the vectors."""
        self.vectors = self.add_weight(shape=(shape[1], self.width), initializer="uniform", name="vectors")

    def call(self, steps: keras.KerasTensor) -> keras.KerasTensor:
        """Join the steps and the vectors."""
        return ops.concatenate([steps, ops.zeros_like(steps[..., :1]) + self.vectors], axis=-1)


def direct(context: keras.KerasTensor, known: Known, parameters: NeuralParameters, shape: Shape) -> keras.KerasTensor:
    """Return all steps at once from what a network has read, (B, U) → (B, H, numbers).

    The series' own vector joins what was read; where there are covariates to come, each step meets its own.
    """
    width = numbers(parameters.output)
    if shape.series > 1:
        context = layers.Concatenate()([context, layers.Embedding(shape.series, NARROW)(known.series)])
    context = layers.Dropout(parameters.dropout)(context)
    if not shape.covariates:
        return layers.Reshape((shape.horizon, width))(layers.Dense(shape.horizon * width)(context))
    steps = layers.Reshape((shape.horizon, NARROW))(layers.Dense(shape.horizon * NARROW)(context))
    met = layers.Dense(2 * NARROW, "gelu")(layers.Concatenate()([steps, known.future]))
    return layers.Dense(width)(layers.Concatenate()([steps, met]))


def recurrent(layer: type[layers.Layer], parameters: RecurrentParameters, shape: Shape, **options) -> keras.Model:
    """Return a model of recurrent layers over the past whose last state tells all steps to come."""

    def forecast(steps: keras.KerasTensor, known: Known) -> keras.KerasTensor:
        for number in range(parameters.layers):
            steps = layer(parameters.units, return_sequences=number < parameters.layers - 1, **options)(steps)
        return direct(steps, known, parameters, shape)

    return network(parameters, shape, forecast)
