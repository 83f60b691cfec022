"""Gated recurrent units (Cho et al. 2014) as a language model."""

from typing import TYPE_CHECKING

from stages.generation.models import RecurrentParameters

if TYPE_CHECKING:
    import keras


class Parameters(RecurrentParameters):
    """Recurrent layers over the tokens so far."""


def build(parameters: Parameters, vocabulary: int) -> "keras.Model":
    """Return the model from [ids (B, T), states …] to [logits (B, T, vocabulary), states …]."""
    from keras.layers import GRU

    from stages.generation.layers import recurrent

    return recurrent(GRU, parameters, vocabulary, reset_after=False)
