"""Long short-term memory (Hochreiter & Schmidhuber 1997) as a language model."""

from typing import TYPE_CHECKING

from stages.generation.models import RecurrentParameters

if TYPE_CHECKING:
    import keras


class Parameters(RecurrentParameters):
    """Recurrent layers over the tokens so far."""


def build(parameters: Parameters, vocabulary: int) -> "keras.Model":
    """Return the model from [ids (B, T), states …] to [logits (B, T, vocabulary), states …]."""
    from keras.layers import LSTM

    from stages.generation.layers import recurrent

    return recurrent(LSTM, parameters, vocabulary)
