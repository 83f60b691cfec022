"""What an encoder reads: how a batch of sources becomes vectors, and these what a decoder is given.

B pairs, S steps of a source, E features of a vector, U of an encoder's state.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from keras import KerasTensor, layers

    from stages.tasks.seq2seq.modeling.contract import EncoderParameters

PADDING = 0  # the id of no token


class Encoded(NamedTuple):
    """What an encoder makes of a batch of sources."""

    inputs: "KerasTensor"  # (B, S) or (B, S, …)
    vectors: "KerasTensor"  # (B, S, E)
    steps: "KerasTensor"  # (B, S, U), its states
    mask: "KerasTensor"  # (B, S), true for real steps
    summary: "KerasTensor"  # (B, U), of the whole source


class Embedded(NamedTuple):
    """A batch of sources, as an encoder's recurrence reads it."""

    inputs: "KerasTensor"  # what comes in: (B, S) or (B, S, …)
    vectors: "KerasTensor"  # (B, S, E)
    mask: "KerasTensor"  # (B, S), true for real steps


class Source(ABC):
    """A kind of source."""

    @abstractmethod
    def embed(self, parameters: "EncoderParameters", table: "layers.Layer | None") -> Embedded | Encoded:
        """Return what a recurrence is to read of a batch; where steps have no order, all that an encoder makes of it.

        `table`: of the target's tokens, None for a model without one.
        """


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
