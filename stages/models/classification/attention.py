"""A recurrent encoder in both directions, pooled by additive attention (Bahdanau et al. 2015; Yang et al. 2016).

The weights say which steps a prediction rests on; `layers.attention_model` takes them out of a built model.
"""

from typing import TYPE_CHECKING

from pydantic import Field

from stages.nn.recurrent import Cell
from stages.tasks.classification.modeling.contract import EncoderParameters, Shape

if TYPE_CHECKING:
    import keras


class Parameters(EncoderParameters):
    """A GRU in both directions whose states are averaged with learned weights."""

    units: int = Field(default=64, ge=1, description="in each direction")
    heads: int = Field(default=1, ge=1, le=16, description="sets of weights; their averages stand side by side")
    width: int = Field(default=64, ge=1, description="of the hidden layer that scores a state")


def build(parameters: Parameters, shape: Shape) -> "keras.Model":
    """Return the model from the shape's input to logits (B, classes)."""
    from stages.tasks.classification.modeling.layers import attend, classify, encode

    inputs, vectors, mask = shape.input.embed(parameters)
    states = encode(Cell.GRU, parameters, vectors, mask, both_directions=True)  # (B, T, 2 U)
    features = attend(states, mask, parameters.width, parameters.heads)
    return classify(inputs, features, parameters.dropout, shape.classes)
