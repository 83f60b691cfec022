"""A Keras model, built and in use: its outputs, and its weights as values and as a file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import jax

from stages.nn.model import TrainedModel
from stages.runtime.compilation import Compiled
from stages.runtime.imports import block_optional_imports
from stages.runtime.initialization import batched_init

with block_optional_imports():
    import keras

WEIGHTS = "model.weights.h5"
Built = TypeVar("Built")
Weights = list[jax.Array]  # the values of a model's trainable variables, in Keras' order


def build_model(build: Callable[[], Built], seed: int | None = None) -> Built:
    """Return what `build` makes of Keras' layers, initialised by a seed.

    Layers are numbered from 1 again, for their names stand in the weights' file. Without a seed the trainable values
    are of no account, to be loaded from there.
    """
    keras.utils.clear_session()
    if seed is not None:
        keras.utils.set_random_seed(seed)
    with batched_init(drawn=seed is not None):
        return build()


class Network(TrainedModel):
    """A Keras model that is compiled once for each shape of its inputs, with weights that can be exchanged."""

    def __init__(self, model: keras.Model) -> None:
        """Keep the model."""
        self.model = model
        self._forward = Compiled(
            lambda trainable, fixed, inputs: model.stateless_call(trainable, fixed, inputs, training=False)[0]
        )

    def forward(self, inputs: Any, weights: Weights | None = None) -> Any:
        """Return the model's outputs, under other weights than its own if they are given."""
        fixed = [variable.value for variable in self.model.non_trainable_variables]
        return self._forward(self.weights() if weights is None else weights, fixed, inputs)

    def weights(self) -> Weights:
        """Return the values of the trainable variables."""
        return [variable.value for variable in self.model.trainable_variables]

    def num_params(self) -> int:
        """Return the number of trained values."""
        return sum(value.size for value in self.weights())

    def save(self, folder: Path) -> None:
        """Write the weights."""
        self.model.save_weights(folder / WEIGHTS)

    def load_weights(self, folder: Path) -> None:
        """Take over the weights of another replica of the same model, without compiling again."""
        self.model.load_weights(folder / WEIGHTS)
