"""Simple recurrence (Elman 1990): the state is a squashed sum of the input and the state before, without gates."""

from typing import TYPE_CHECKING

from stages.classification.models import RecurrentParameters

if TYPE_CHECKING:
    import keras


class Parameters(RecurrentParameters):
    """Simple recurrent layers over the tokens, pooled to one vector a text."""


def build(parameters: Parameters, vocabulary: int, classes: int) -> "keras.Model":
    """Return the model from ids (B, T) to logits (B, classes)."""
    from keras.layers import SimpleRNN

    from stages.classification.layers import recurrent

    return recurrent(SimpleRNN, parameters, vocabulary, classes)
