"""What a network reads: how sequences of a kind are padded, and how a batch of them becomes vectors and a mask.

B sequences, T steps, F features of a frame, E features of a vector. A model that takes its vectors from here reads
text, sound and sensors alike.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from keras import KerasTensor

VECTORS = "vectors"  # the layer that holds the tokens' vectors


class EmbeddingConfig(Protocol):
    """What a model's parameters say of the vectors."""

    @property
    def embedding(self) -> int:
        """Their width."""

    @property
    def embedding_dropout(self) -> float:
        """The share of their features that is dropped in training, for a whole sequence at a time."""

    @property
    def frozen(self) -> bool:
        """Whether tokens keep the vectors that they start from."""


def padding(dtype: np.dtype) -> float:
    """Return what fills a sequence's end in a batch: the id 0, which no token has; not-a-number, which no frame has."""
    return np.nan if np.issubdtype(dtype, np.floating) else 0


class Input(ABC):
    """A kind of sequence, as a network reads it."""

    @abstractmethod
    def embed(self, config: EmbeddingConfig) -> "tuple[KerasTensor, KerasTensor, KerasTensor]":
        """Return the input (B, T) or (B, T, F), its vectors (B, T, E), and the mask of real steps (B, T, 1)."""


@dataclass(frozen=True)
class Tokens(Input):
    """Ids of a vocabulary, int32 (B, T)."""

    vocabulary: int  # ids, that of the padding included

    def embed(self, config: EmbeddingConfig) -> "tuple[KerasTensor, KerasTensor, KerasTensor]":
        """Look each id up in a table of vectors."""
        import keras
        from keras import layers, ops

        ids = keras.Input((None,), dtype="int32")
        vectors = layers.Embedding(self.vocabulary, config.embedding, trainable=not config.frozen, name=VECTORS)(ids)
        return (
            ids,
            layers.SpatialDropout1D(config.embedding_dropout)(vectors),
            ops.expand_dims(ops.not_equal(ids, 0), -1),
        )


@dataclass(frozen=True)
class Frames(Input):
    """Real numbers at each step, float32 (B, T, F): the channels of a sensor, or the spectrum of a sound."""

    width: int  # F

    def embed(self, config: EmbeddingConfig) -> "tuple[KerasTensor, KerasTensor, KerasTensor]":
        """Map each frame to a vector, by a matrix and a bias."""
        import keras
        from keras import layers, ops

        frames = keras.Input((None, self.width), dtype="float32")
        mask = ops.logical_not(ops.isnan(frames[:, :, :1]))
        vectors = layers.Dense(config.embedding)(ops.where(mask, frames, 0.0))
        return frames, layers.SpatialDropout1D(config.embedding_dropout)(vectors), mask
