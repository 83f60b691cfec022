"""LSTM in both directions (Graves & Schmidhuber 2005): every state has seen the text before and after it."""

from typing import TYPE_CHECKING

from stages.classification.models import RecurrentParameters

if TYPE_CHECKING:
    import keras


class Parameters(RecurrentParameters):
    """LSTM layers in both directions, `units` in each, pooled to one vector a text."""


def build(parameters: Parameters, vocabulary: int, classes: int) -> "keras.Model":
    """Return the model from ids (B, T) to logits (B, classes)."""
    from keras.layers import LSTM

    from stages.classification.layers import recurrent

    return recurrent(LSTM, parameters, vocabulary, classes, both_directions=True)
