"""A Keras model in use: its outputs, and its weights as values and as a file."""

from pathlib import Path
from typing import Any

import jax

from stages.compiling import Compiled
from stages.light import light_imports

with light_imports():
    import keras

WEIGHTS = "model.weights.h5"


class Network:
    """What the networks of all tasks share."""

    def __init__(self, model: keras.Model) -> None:
        """Keep the model, which is compiled once a shape."""
        self.model = model
        self._compiled = Compiled(
            lambda trainable, fixed, inputs: model.stateless_call(trainable, fixed, inputs, training=False)[0]
        )

    def outputs(self, inputs: Any, weights: list | None = None) -> Any:
        """Return what the model gives for its inputs, under other weights than its own if they are given."""
        fixed = [variable.value for variable in self.model.non_trainable_variables]
        return self._compiled(self.weights() if weights is None else weights, fixed, inputs)

    def weights(self) -> list[jax.Array]:
        """Return the values of the trained variables."""
        return [variable.value for variable in self.model.trainable_variables]

    def size(self) -> int:
        """Return the number of trained values."""
        return sum(value.size for value in self.weights())

    def save(self, folder: Path) -> None:
        """Write the weights."""
        self.model.save_weights(folder / WEIGHTS)

    def load_replica(self, folder: Path) -> None:
        """Take over the weights of another replica of the same model, without compiling anew."""
        self.model.load_weights(folder / WEIGHTS)
