"""Gated recurrent units (Cho et al. 2014), read from left to right."""

from functools import partial
from typing import TYPE_CHECKING

from stages.classification.models import RecurrentParameters

if TYPE_CHECKING:
    import keras


class Parameters(RecurrentParameters):
    """GRU layers over the tokens, pooled to one vector a text."""


def build(parameters: Parameters, vocabulary: int, classes: int) -> "keras.Model":
    """Return the model from ids (B, T) to logits (B, classes)."""
    from keras.layers import GRU

    from stages.classification.layers import recurrent

    # The reset gate before the matrix product, as in the paper, is also twice as fast here as after it.
    return recurrent(partial(GRU, reset_after=False), parameters, vocabulary, classes)
