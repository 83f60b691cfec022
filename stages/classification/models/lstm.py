"""Long short-term memory (Hochreiter & Schmidhuber 1997), read from left to right."""

from typing import TYPE_CHECKING

from stages.classification.models import RecurrentParameters

if TYPE_CHECKING:
    import keras


class Parameters(RecurrentParameters):
    """LSTM layers over the tokens, pooled to one vector a text."""


def build(parameters: Parameters, vocabulary: int, classes: int) -> "keras.Model":
    """Return the model from ids (B, T) to logits (B, classes)."""
    from keras.layers import LSTM

    from stages.classification.layers import recurrent

    return recurrent(LSTM, parameters, vocabulary, classes)
