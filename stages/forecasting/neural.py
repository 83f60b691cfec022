"""What every neural forecaster shares: training and forecasting."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType

import jax
import numpy as np

from stages.light import light_imports

with light_imports():
    import keras

from stages import training
from stages.forecasting.data import BATCH, LEVELS, MEDIAN, Fitted, Prepared, Windows
from stages.forecasting.models import NeuralParameters, Shape
from stages.forecasting.params import Training
from stages.network import Network, assembled

Inputs = list[np.ndarray]  # past (B, L), its covariates (B, L, C), those to come (B, H, C), series (B,)


class NeuralForecaster(Network):
    """A Keras model over windows."""

    def __init__(self, model: keras.Model, shape: Shape) -> None:
        """Keep the model and what it reads."""
        super().__init__(model)
        self.shape = shape

    def forecast(self, windows: Windows, weights: list | None = None) -> np.ndarray:
        """Return quantiles (windows, H, levels), under other weights than the model's own if they are given.

        All batches have one size, so that one shape is compiled: the last is filled up with its first window.
        """
        found = []
        for some in windows.batches():
            full = some.some(np.arange(BATCH) * (np.arange(BATCH) < len(some)))
            found.append(np.asarray(self.outputs(inputs_of(full, self.shape), weights))[: len(some)])
        return np.concatenate(found)


def inputs_of(windows: Windows, shape: Shape) -> Inputs:
    """Return what a model reads of some windows."""
    past, covariates = windows.past(shape.look_back)
    return [past, covariates, windows.future(), windows.series]


def build(
    module: ModuleType, parameters: NeuralParameters, fitted: Fitted, seed: int | None = None
) -> NeuralForecaster:
    """Return an untrained forecaster of the model's file; without a seed, one whose weights are to be loaded."""
    look_back = min(parameters.look_back or fitted.look_back, fitted.look_back)
    shape = Shape(look_back, fitted.horizon, fitted.features, len(fitted.series))
    return NeuralForecaster(assembled(lambda: module.build(parameters, shape), seed), shape)


@dataclass(frozen=True)
class Batches:
    """The batches of one epoch: windows of train, drawn at random; again and again where there are few."""

    windows: Windows
    shape: Shape
    batch_size: int
    count: int  # windows of the epoch, rounded up to whole batches
    order: np.random.Generator

    def __len__(self) -> int:
        return -(-self.count // self.batch_size)

    def __iter__(self) -> Iterator[training.Batch]:
        rounds = -(-len(self) * self.batch_size // len(self.windows))
        drawn = np.concatenate([self.order.permutation(len(self.windows)) for _ in range(rounds)])
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            some = self.windows.some(drawn[start : start + self.batch_size])
            yield inputs_of(some, self.shape), some.targets(), np.ones(self.batch_size, np.float32)


def fit(
    forecaster: NeuralForecaster,
    parameters: NeuralParameters,
    data: Prepared,
    choices: Training,
    seed: int,
    plan: training.Plan,
    validate: Callable[[list], dict],
) -> training.History:
    """Train a forecaster in place."""

    def batches(epoch: int) -> Batches:
        order = np.random.default_rng([seed, epoch])
        return Batches(data.train, forecaster.shape, choices.batch_size, choices.epoch_windows, order)

    steps = parameters.epochs * len(batches(0))
    optimizer = training.cosine_adamw(parameters, choices.clip_norm, steps)
    return training.fit(forecaster.model, optimizer, loss_of(parameters.output), batches, validate, plan)


def loss_of(output: str) -> Callable[[jax.Array, jax.Array], jax.Array]:
    """Return the loss of targets (B, H) and quantiles (B, H, levels), (B,).

    Among quantiles the median weighs as much as all others together: it is what models are chosen by.
    """
    levels = np.array(LEVELS, np.float32)
    shares = np.full(len(LEVELS), 0.5 / (len(LEVELS) - 1), np.float32)
    shares[MEDIAN] = 0.5

    def pinball(targets: jax.Array, forecasts: jax.Array) -> jax.Array:
        gaps = targets[..., None] - forecasts
        return (jax.numpy.maximum(levels * gaps, (levels - 1) * gaps) @ shares).mean(axis=1)

    def absolute(targets: jax.Array, forecasts: jax.Array) -> jax.Array:
        return jax.numpy.abs(targets - forecasts[..., MEDIAN]).mean(axis=1)

    def squared(targets: jax.Array, forecasts: jax.Array) -> jax.Array:
        return jax.numpy.square(targets - forecasts[..., MEDIAN]).mean(axis=1)

    return {"quantiles": pinball, "median": absolute, "mean": squared}[output]
