"""Recurrent layers by their cell, and reading a padded sequence from its end. B sequences, T steps, U features."""

from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keras import KerasTensor, layers


class Cell(StrEnum):
    """What a recurrence does at each step."""

    SIMPLE = "simple"  # Elman 1990
    GRU = "gru"  # Cho et al. 2014
    LSTM = "lstm"  # Hochreiter & Schmidhuber 1997

    @property
    def num_states(self) -> int:
        """How many states (B, U) it hands from step to step."""
        return 2 if self is Cell.LSTM else 1

    def layer(self, units: int, **options: Any) -> "layers.Layer":
        """Return Keras' layer of this cell."""
        from keras import layers

        if self is Cell.GRU:
            # The reset gate before the matrix product, as in the paper, is also twice as fast here as after it.
            return layers.GRU(units, reset_after=False, **options)
        return (layers.LSTM if self is Cell.LSTM else layers.SimpleRNN)(units, **options)

    def single_step(self, units: int) -> "layers.Layer":
        """Return Keras' layer of one step: inputs (B, D) and states → outputs (B, U) and states."""
        from keras import layers

        if self is Cell.GRU:
            return layers.GRUCell(units, reset_after=False)
        return (layers.LSTMCell if self is Cell.LSTM else layers.SimpleRNNCell)(units)


def last_steps(mask: "KerasTensor") -> "KerasTensor":
    """Return the place (B,) of each sequence's last real step, −1 where it has none; mask (B, T) is true for those."""
    from keras import ops

    return ops.sum(ops.cast(mask, "int32"), axis=1) - 1


def reverse(steps: "KerasTensor", last: "KerasTensor") -> "KerasTensor":
    """Return every sequence's own steps (B, T, U) in reverse order; its padding stays where it is.

    Padding stands after a sequence, where a state read from left to right has no effect on those before it. From right
    to left it would: so a layer reads each sequence reversed in place. `last` (B,): what `last_steps` returns.
    """
    from keras import ops

    last = ops.expand_dims(last, -1)  # (B, 1)
    position = ops.cumsum(ops.ones_like(steps[:, :, 0], dtype="int32"), axis=1) - 1  # (B, T)
    return ops.take_along_axis(
        steps, ops.expand_dims(ops.where(position <= last, last - position, position), -1), axis=1
    )
