"""A Keras model made and in use: its first values, its outputs, and its weights as values and as a file."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import jax
import numpy as np

from stages.compiling import Compiled
from stages.light import light_imports

with light_imports():
    import keras
    from keras.src.backend.common.global_state import get_global_attribute

WEIGHTS = "model.weights.h5"
# To draw the first values takes no time, to compile what draws them takes as long as an epoch; a third without LLVM's
# optimisation.
RUNS_ONCE = {"xla_backend_optimization_level": 0}
Made = TypeVar("Made")


def assembled(make: Callable[[], Made], seed: int | None = None) -> Made:
    """Return what `make` builds of Keras' layers, with the first values that a seed gives.

    Layers are numbered from 1 again, for their names stand in the weights' file. Without a seed the trained values are
    zero, to be loaded from there.
    """
    keras.utils.clear_session()
    if seed is not None:
        keras.utils.set_random_seed(seed)
    with first_values_at_once(drawn=seed is not None):
        return make()


@contextmanager
def first_values_at_once(drawn: bool = True) -> Iterator[None]:
    """Have the block's new variables get their first values together, from one compiled call, or all be zero.

    Keras would compile some three pieces of code a variable, which takes longer than a short training.
    """
    with keras.StatelessScope():  # puts the values off until its end, when it asks each variable's initializer
        yield
        # Integers are the states of random numbers. As constants of the code they would make it another for each seed.
        waiting = [v for v in get_global_attribute("uninitialized_variables") or [] if v.dtype.startswith("float")]
        values = _first_values(waiting) if drawn else [np.zeros(v.shape, v.dtype) for v in waiting]
        for variable, value in zip(waiting, values, strict=True):
            variable._initializer = lambda *_, value=value, **__: value


def _first_values(variables: list[keras.Variable]) -> list[jax.Array]:
    """Return what the variables' own initializers give."""
    initializers = [variable._initializer for variable in variables]
    seeds = [getattr(initializer, "seed", 0) for initializer in initializers]

    def give(keys: jax.Array) -> list[jax.Array]:
        for initializer, key in zip(initializers, keys, strict=True):
            initializer.seed = _Key(key)
        return [give(v.shape, dtype=v.dtype) for give, v in zip(initializers, variables, strict=True)]

    keys = np.array([[seed, 0] for seed in seeds], np.uint32)
    values = Compiled(give, compiler_options=RUNS_ONCE)(keys) if variables else []
    for initializer, seed in zip(initializers, seeds, strict=True):
        initializer.seed = seed  # not the keys of the compiled code
    return values


class _Key(keras.random.SeedGenerator):
    """A seed that is an argument of compiled code, so that one code serves all seeds."""

    def __init__(self, key: jax.Array) -> None:
        self.key = key

    def next(self, ordered: bool = True) -> jax.Array:
        """Return the key, as of a generator that is asked for the first time."""
        return self.key


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
