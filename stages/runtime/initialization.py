"""All initial weights of a network from one compiled call.

Keras compiles some three pieces of code for every variable, which takes longer than a short training. This reaches into
Keras' private state; with `RECUR_PLAIN=1` Keras initialises its variables itself, to the same bytes: also without
LLVM's optimisation, which joins a multiplication and an addition into one instruction that rounds once, not twice.
Products of constants differ, too: see `stages.nn.initializers`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jax
import numpy as np

from stages.runtime.compilation import Compiled
from stages.runtime.imports import block_optional_imports
from stages.runtime.tricks import tricks_enabled

with block_optional_imports():
    import keras
    from keras.src.backend.common.global_state import get_global_attribute

# To draw the values takes no time, to compile what draws them takes as long as an epoch; without LLVM's optimisation a
# third of that.
INIT_COMPILE_OPTIONS = {"xla_backend_optimization_level": 0}


@contextmanager
def batched_init(drawn: bool = True) -> Iterator[None]:
    """Have the block's new variables get their initial values together; not `drawn`: zeros, to be loaded over."""
    if not tricks_enabled():
        with _without_optimisation():
            yield
        return
    with keras.StatelessScope():  # puts the values off until its end, when it asks each variable's initializer
        yield
        # Integers are the states of random numbers. As constants of the code they would make it another for each seed.
        waiting = [v for v in get_global_attribute("uninitialized_variables") or [] if v.dtype.startswith("float")]
        values = _initial_values(waiting) if drawn else [np.zeros(v.shape, v.dtype) for v in waiting]
        for variable, value in zip(waiting, values, strict=True):
            variable._initializer = lambda *_, value=value, **__: value


@contextmanager
def _without_optimisation() -> Iterator[None]:
    """Compile the block's code as `INIT_COMPILE_OPTIONS` say, by JAX's public flag for it."""
    flag = "jax_disable_most_optimizations"
    jax.config.update(flag, True)
    try:
        yield
    finally:
        jax.config.update(flag, False)


def _initial_values(variables: list[keras.Variable]) -> list[jax.Array]:
    """Return what the variables' own initializers give."""
    initializers = [variable._initializer for variable in variables]
    seeds = [getattr(initializer, "seed", 0) for initializer in initializers]

    def draw(keys: jax.Array) -> list[jax.Array]:
        for initializer, key in zip(initializers, keys, strict=True):
            initializer.seed = _Key(key)
        return [init(v.shape, dtype=v.dtype) for init, v in zip(initializers, variables, strict=True)]

    keys = np.array([[seed, 0] for seed in seeds], np.uint32)
    values: list[jax.Array] = Compiled(draw, compiler_options=INIT_COMPILE_OPTIONS)(keys) if variables else []
    for initializer, seed in zip(initializers, seeds, strict=True):
        initializer.seed = seed  # not the keys of the compiled code
    return values


class _Key(keras.random.SeedGenerator):
    """A seed that is an argument of compiled code, so that one code serves all seeds."""

    def __init__(self, key: jax.Array) -> None:
        self.key = key

    def next(self, ordered: bool = True) -> Any:
        """Return the key, as of a generator that is asked for the first time."""
        return self.key
