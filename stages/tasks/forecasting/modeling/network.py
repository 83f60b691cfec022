"""A neural forecaster: a Keras model over windows, its batches and its loss."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import jax
import numpy as np

from stages.runtime.imports import block_optional_imports

with block_optional_imports():
    import keras

from stages.config.schema import ModelConfig
from stages.nn.network import Network, Weights, build_model
from stages.tasks.forecasting.modeling.contract import LEVELS, MEDIAN, Forecaster, NeuralParameters, Shape
from stages.tasks.forecasting.modeling.data import BATCH, Windows
from stages.tasks.forecasting.modeling.scaler import ScalerState
from stages.training.loop import Batch
from stages.training.saved import model_module

Inputs = list[np.ndarray]  # past (B, L), its covariates (B, L, C), those to come (B, H, C), series (B,)
Loss = Callable[[jax.Array, jax.Array], jax.Array]  # of targets (B, H) and quantiles (B, H, levels) → (B,)


class NeuralForecaster(Network, Forecaster):
    """A Keras model over windows."""

    def __init__(self, model: keras.Model, shape: Shape) -> None:
        """Keep the model and what it reads."""
        super().__init__(model)
        self.shape = shape

    def forecast(self, windows: Windows, weights: Weights | None = None) -> np.ndarray:
        """Return quantiles (windows, H, levels), under other weights than the model's own if they are given.

        All batches have one size, so that one shape is compiled: the last is filled up with its first window.
        """
        quantiles = []
        for batch in windows.batches():
            full = batch.take(np.arange(BATCH) * (np.arange(BATCH) < len(batch)))
            quantiles.append(np.asarray(self.forward(inputs_of(full, self.shape), weights))[: len(batch)])
        return np.concatenate(quantiles)


def inputs_of(windows: Windows, shape: Shape) -> Inputs:
    """Return what a model reads of some windows."""
    past, covariates = windows.past(shape.look_back)
    return [past, covariates, windows.future(), windows.series]


def build_network(model: str, parameters: ModelConfig, state: ScalerState, seed: int | None = None) -> NeuralForecaster:
    """Return an untrained forecaster; without a seed, one whose weights are to be loaded."""
    assert isinstance(parameters, NeuralParameters)
    build = model_module("forecasting", model).build
    shape = Shape(parameters.values_read(state), state.horizon, state.features, len(state.series))
    return NeuralForecaster(build_model(lambda: build(parameters, shape), seed), shape)


@dataclass(frozen=True)
class Batches:
    """The batches of one epoch: windows of train, drawn at random; again and again where there are few."""

    windows: Windows
    shape: Shape
    batch_size: int
    count: int  # windows of the epoch, rounded up to whole batches
    rng: np.random.Generator

    def __len__(self) -> int:
        return -(-self.count // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        rounds = -(-len(self) * self.batch_size // len(self.windows))
        order = np.concatenate([self.rng.permutation(len(self.windows)) for _ in range(rounds)])
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            batch = self.windows.take(order[start : start + self.batch_size])
            yield inputs_of(batch, self.shape), batch.targets().astype(np.float32), np.ones(self.batch_size, np.float32)


def loss_of(output: str) -> Loss:
    """Return the loss of what a network learns: `quantiles`, `median` or `mean`.

    Among quantiles the median weighs as much as all others together: models are chosen by it.
    """
    levels = np.array(LEVELS, np.float32)
    level_weights = np.full(len(LEVELS), 0.5 / (len(LEVELS) - 1), np.float32)
    level_weights[MEDIAN] = 0.5

    def pinball(targets: jax.Array, forecasts: jax.Array) -> jax.Array:
        gaps = targets[..., None] - forecasts
        return (jax.numpy.maximum(levels * gaps, (levels - 1) * gaps) @ level_weights).mean(axis=1)

    def absolute(targets: jax.Array, forecasts: jax.Array) -> jax.Array:
        return jax.numpy.abs(targets - forecasts[..., MEDIAN]).mean(axis=1)

    def squared(targets: jax.Array, forecasts: jax.Array) -> jax.Array:
        return jax.numpy.square(targets - forecasts[..., MEDIAN]).mean(axis=1)

    return {"quantiles": pinball, "median": absolute, "mean": squared}[output]
