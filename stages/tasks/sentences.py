"""Texts whose first line is a question and whose further lines are sentences, as networks read them.

B texts, T tokens, S sentences, E features of a vector.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from stages.nn.inputs import Tokens

if TYPE_CHECKING:
    from keras import KerasTensor

LINE_BREAK = "\n"  # a token of its own
PLACES = 64  # of words in a line, that are told apart


class Lines(NamedTuple):
    """Which tokens are whose; tokens between lines and padding are nobody's."""

    question: "KerasTensor"  # (B, T) float32, 1 for those of the question
    members: "KerasTensor"  # (B, T, S) float32, 1 for those of a sentence; slot 0 holds the last one
    mask: "KerasTensor"  # (B, S) whether a slot has a sentence


@dataclass(frozen=True)
class Questions(Tokens):
    """Ids of a vocabulary, int32 (B, T): a question, then sentences, with line breaks between them."""

    line_break: int  # its id

    def lines(self, ids: "KerasTensor", slots: int) -> Lines:
        """Return which tokens are whose. `slots`: S; of more sentences the first are in none."""
        from keras import ops

        breaks = ops.cast(ops.equal(ids, self.line_break), "int32")
        line = ops.cumsum(breaks, axis=1)
        words = ops.cast(ops.not_equal(ids, 0), "float32") * ops.cast(1 - breaks, "float32")
        later = ops.max(line, axis=1, keepdims=True) - line  # how many lines come after a token's own
        told = ops.cast(ops.greater(line, 0), "float32") * words
        members = ops.one_hot(later, slots) * ops.expand_dims(told, -1)
        return Lines(words - told, members, ops.greater(ops.sum(members, axis=1), 0))


def averages(states: "KerasTensor", lines: Lines) -> "tuple[KerasTensor, KerasTensor]":
    """Return the mean of the states (B, T, E) of the question (B, E), and of each sentence (B, S, E)."""
    from keras import ops

    sizes = ops.maximum(ops.sum(lines.members, axis=1), 1.0)
    asked = ops.maximum(ops.sum(lines.question, axis=1), 1.0)
    question = ops.einsum("bt,bte->be", lines.question, states) / ops.expand_dims(asked, -1)
    return question, ops.einsum("bts,bte->bse", lines.members, states) / ops.expand_dims(sizes, -1)


def weighted_sums(vectors: "KerasTensor", lines: Lines) -> "tuple[KerasTensor, KerasTensor]":
    """Return sums of the vectors (B, T, E) of the question (B, E), and of each sentence (B, S, E).

    Each feature of a vector is weighted by the place of its word in the line, by learned weights that are 1 to start.
    """
    from keras import layers, ops

    counts = ops.sum(lines.members * ops.cumsum(lines.members, axis=1), axis=-1)
    places = ops.cast(counts + lines.question * ops.cumsum(lines.question, axis=1), "int32")  # (B, T), from 1
    table = layers.Embedding(PLACES, vectors.shape[-1], embeddings_initializer="ones")
    weighted = vectors * table(ops.minimum(places, PLACES - 1))
    question = ops.einsum("bt,bte->be", lines.question, weighted)
    return question, ops.einsum("bts,bte->bse", lines.members, weighted)


def over_tokens(weights: "KerasTensor", lines: Lines) -> "KerasTensor":
    """Return weights of tokens (B, T, K) from those of sentences (B, S, K), in equal shares: they sum to as much."""
    from keras import ops

    sizes = ops.maximum(ops.sum(lines.members, axis=1), 1.0)
    return ops.einsum("bts,bsk->btk", lines.members, weights / ops.expand_dims(sizes, -1))
