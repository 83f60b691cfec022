"""A recurrent encoder in both directions, pooled by additive attention (Bahdanau et al. 2015; Yang et al. 2016).

The weights say which tokens a prediction looked at; `layers.attention_weights` takes them out of a built model.
"""

from functools import partial
from typing import TYPE_CHECKING

from pydantic import Field

from stages.classification.models import NeuralParameters

if TYPE_CHECKING:
    import keras


class Parameters(NeuralParameters):
    """A GRU in both directions whose states are averaged with learned weights."""

    units: int = Field(default=64, ge=1, description="in each direction")
    layers: int = Field(default=1, ge=1, le=8)
    recurrent_dropout: float = Field(default=0.0, ge=0, lt=1, description="of the state, from step to step")
    heads: int = Field(default=1, ge=1, le=16, description="sets of weights; their averages stand side by side")
    width: int = Field(default=64, ge=1, description="of the hidden layer that scores a state")


def build(parameters: Parameters, vocabulary: int, classes: int) -> "keras.Model":
    """Return the model from ids (B, T) to logits (B, classes)."""
    from keras.layers import GRU

    from stages.classification.layers import attend, classify, embed, encode

    ids, vectors, mask = embed(parameters, vocabulary)
    states = encode(partial(GRU, reset_after=False), parameters, vectors, mask, both_directions=True)  # (B, T, 2 U)
    return classify(ids, attend(states, mask, parameters.width, parameters.heads), parameters.dropout, classes)
