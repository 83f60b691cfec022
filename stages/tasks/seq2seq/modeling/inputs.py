"""What an encoder reads: how a batch of sources becomes vectors.

B pairs, S steps of a source, E features of a vector.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from keras import KerasTensor, layers

    from stages.tasks.seq2seq.modeling.contract import EncoderParameters

PADDING = 0  # the id of no token


class Embedded(NamedTuple):
    """A batch of sources, as an encoder's recurrence reads it."""

    inputs: "KerasTensor"  # what comes in: (B, S) or (B, S, …)
    vectors: "KerasTensor"  # (B, S, E)
    mask: "KerasTensor"  # (B, S), true for real steps


class Source(ABC):
    """A kind of source."""

    @abstractmethod
    def embed(self, parameters: "EncoderParameters", table: "layers.Layer | None") -> Embedded:
        """Return a batch's input and its vectors. `table`: of the target's tokens, None for a model without one."""

    def steps(self, length: int) -> int:
        """Return how many vectors a source of a length has."""
        return length


@dataclass(frozen=True)
class TokenSource(Source):
    """Ids of a vocabulary, int32 (B, S)."""

    vocabulary: int  # ids, those of the markers included
    shared: bool  # whether it is the target's

    def embed(self, parameters: "EncoderParameters", table: "layers.Layer | None") -> Embedded:
        """Look each id up in a table: the target's, if they share a vocabulary and are to share it."""
        import keras
        from keras import layers, ops

        if table is None or not (self.shared and parameters.shared):
            table = layers.Embedding(self.vocabulary, parameters.embedding)
        ids = keras.Input((None,), dtype="int32")
        return Embedded(ids, table(ids), ops.not_equal(ids, PADDING))


@dataclass(frozen=True)
class Shape:
    """What a network has to know of the data."""

    source: Source
    target: int  # tokens of the target's vocabulary, markers included
