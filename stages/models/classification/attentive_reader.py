"""A recurrent encoder in both directions whose states a question looks at once (Hermann et al. 2015).

There the look is at single words; here it is at sentences, each the mean of its words' states, so that it can be held
against the sentences that an answer rests on.
"""

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from stages.nn.recurrent import Cell
from stages.tasks.classification.modeling.contract import EncoderParameters, Shape

if TYPE_CHECKING:
    import keras


class Parameters(EncoderParameters):
    """A GRU in both directions, and one look at the means of its states."""

    INPUT: ClassVar[str] = "questions"

    units: int = Field(default=64, ge=1, description="in each direction")
    width: int = Field(default=64, ge=1, description="of the hidden layer that scores a sentence")
    sentences: int = Field(default=50, ge=1, le=1000, description="that are looked at: of more, the last ones")


def build(parameters: Parameters, shape: Shape) -> "keras.Model":
    """Return the model from the shape's input to logits (B, classes)."""
    from keras import layers, ops

    from stages.tasks.classification.modeling.layers import ATTENTION, classify, encode
    from stages.tasks.sentences import Questions, averages, over_tokens

    assert isinstance(shape.input, Questions)
    inputs, vectors, mask = shape.input.embed(parameters)
    lines = shape.input.lines(inputs, parameters.sentences)
    states = encode(Cell.GRU, parameters, vectors, mask, both_directions=True)  # (B, T, 2 U)
    question, sentences = averages(states, lines)
    asked = ops.expand_dims(layers.Dense(parameters.width)(question), 1)
    hidden = ops.tanh(layers.Dense(parameters.width, use_bias=False)(sentences) + asked)
    scores = layers.Dense(1, use_bias=False)(hidden)  # (B, S, 1)
    looked = ops.softmax(ops.where(ops.expand_dims(lines.mask, -1), scores, -1e9), axis=1)
    weights = layers.Identity(name=ATTENTION)(over_tokens(looked, lines))  # (B, T, 1)
    found = ops.einsum("btk,btu->bu", weights, states)
    answer = layers.Dense(2 * parameters.units, activation="tanh")(ops.concatenate([found, question], axis=-1))
    return classify(inputs, answer, parameters.dropout, shape.classes)
