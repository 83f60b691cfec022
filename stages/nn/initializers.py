"""Initial values that have the same bytes wherever they are drawn."""

from typing import Any

import jax

from stages.runtime.imports import block_optional_imports

with block_optional_imports():
    import keras


class RandomNormal(keras.initializers.RandomNormal):
    """Keras' own, as one piece of compiled code.

    It multiplies numbers by two constants, one after the other. Compiled code multiplies the constants first, which
    rounds otherwise; so values drawn in compiled code, as `batched_init` does, would differ from those drawn outside.
    """

    def __call__(self, shape: tuple[int, ...], dtype: str | None = None) -> Any:
        """Return values of a shape."""
        draw = super().__call__
        return jax.jit(lambda: draw(shape, dtype))()
