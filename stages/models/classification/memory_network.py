"""An end-to-end memory network: a question looks at sentences several times (Sukhbaatar et al. 2015).

A sentence is the sum of its words' vectors, each weighted by the word's place in it (there by a formula, here learned),
and of a vector of its age. A look turns the question, what it found and their product into the next question (there
their sum), and the words that were looked at also go straight to the output.
"""

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from stages.tasks.classification.modeling.contract import NeuralParameters, Shape

if TYPE_CHECKING:
    import keras


class Parameters(NeuralParameters):
    """Several looks at the vectors of sentences."""

    INPUT: ClassVar[str] = "questions"

    looks: int = Field(default=3, ge=1, le=12)
    sentences: int = Field(default=50, ge=1, le=1000, description="that are remembered: of more, the last ones")


def build(parameters: Parameters, shape: Shape) -> "keras.Model":
    """Return the model from the shape's input to logits (B, classes)."""
    from keras import layers, ops

    from stages.tasks.classification.modeling.layers import ATTENTION, classify
    from stages.tasks.sentences import Questions, over_tokens, weighted_sums

    assert isinstance(shape.input, Questions)
    inputs, vectors, _ = shape.input.embed(parameters)
    lines, width = shape.input.lines(inputs, parameters.sentences), parameters.embedding
    question, memory = weighted_sums(vectors, lines)
    slots = ops.cumsum(ops.ones_like(lines.mask, dtype="int32"), axis=1) - 1  # in the graph: constants never learn
    memory = memory + layers.Embedding(parameters.sentences, width)(slots)
    looks = []
    for _ in range(parameters.looks):
        scores = ops.einsum("be,bse->bs", question, layers.Dense(width)(memory)) / width**0.5
        looks.append(ops.softmax(ops.where(lines.mask, scores, -1e9), axis=-1))
        found = ops.einsum("bs,bse->be", looks[-1], layers.Dense(width)(memory))
        together = ops.concatenate([question, found, question * found], axis=-1)
        question = question + layers.Dense(width, activation="relu")(together)
    weights = layers.Identity(name=ATTENTION)(over_tokens(ops.stack(looks, axis=-1), lines))  # (B, T, looks)
    words = ops.reshape(ops.einsum("btk,bte->bke", weights, vectors), (-1, parameters.looks * width))
    return classify(inputs, ops.concatenate([question, words], axis=-1), parameters.dropout, shape.classes)
