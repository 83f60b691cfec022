"""A gated recurrent unit (Cho et al. 2014) over the window."""

from typing import TYPE_CHECKING

from pydantic import Field

from stages.config.schema import NeuralConfig
from stages.nn.recurrent import Cell

if TYPE_CHECKING:
    import keras


class Parameters(NeuralConfig):
    """The size of its state."""

    units: int = Field(default=4, ge=1)


def build(parameters: Parameters, length: int) -> "keras.Model":
    """Return a model of scaled windows (B, length) → predictions (B, 1)."""
    import keras

    windows = keras.Input((length,))
    states = Cell.GRU.layer(parameters.units)(keras.ops.expand_dims(windows, -1))
    return keras.Model(windows, keras.layers.Dense(1)(states))
