"""A network that writes a target for a source: what `build` of a model's file returns.

B pairs, S and T steps of both sides, V tokens of the target's vocabulary.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import jax
import keras
import numpy as np

from stages.nn.network import Network, Weights
from stages.tasks.seq2seq.modeling.data import shifted
from stages.tasks.seq2seq.modeling.decoding import SearchResult, search
from stages.tasks.seq2seq.modeling.inputs import PADDING

Loss = Callable[[jax.Array, Any], jax.Array]  # of targets (B, T) and outputs → (B,)


class Writer(ABC):
    """An untrained network, how it is trained, and how it writes."""

    def __init__(self, model: keras.Model, attends: bool) -> None:
        """Keep the network that is trained, with all weights, and whether it has alignments to show."""
        self.model, self.attends = model, attends

    @abstractmethod
    def inputs(self, sources: np.ndarray, targets: np.ndarray) -> Any:
        """Return what `model` reads in training, of sources (B, S) and targets (B, T)."""

    @abstractmethod
    def loss(self, smoothing: float) -> Loss:
        """Return the loss, in a batch's mean nats a token. `smoothing`: see `training.label_smoothing`."""

    @abstractmethod
    def search(
        self, width: int, limit: int, length_penalty: float, best: int
    ) -> Callable[[Weights, Any], SearchResult]:
        """Return a compiled function of (the weights of `model`, sources (B, S)) → what it writes."""

    @abstractmethod
    def align(self, source: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return what the tokens of one target (1, T) come from in its source (1, S): weights (T, its steps).

        Only for one that `attends`. The rows of padding are of no account.
        """


class EncoderDecoder(Writer):
    """An encoder, and a decoder that writes a token at a time; joined they are trained."""

    def __init__(self, encoder: keras.Model, decoder: keras.Model, num_states: int, attends: bool) -> None:
        """Join them.

        Args:
            encoder: sources (B, S) → [memory …, states …].
            decoder: [ids (B, T), memory …, states …] → [logits (B, T, V), states …, weights (B, T, S) if it attends].
            num_states: of the decoder.
            attends: whether it looks at the source's steps.
        """
        source, before = encoder.input, keras.Input((None,), dtype="int32")
        logits, *_, last = decoder([before, *encoder(source)])
        super().__init__(keras.Model([source, before], logits), attends)
        self.encoder, self.decoder, self.num_states = encoder, decoder, num_states
        self._attention = Network(keras.Model([source, before], last))

    def inputs(self, sources: np.ndarray, targets: np.ndarray) -> Any:
        """Return the sources, and what stands before each target: it is given the true tokens."""
        return [sources, shifted(targets)]

    def loss(self, smoothing: float) -> Loss:
        """Return the smoothed cross-entropy."""
        return smoothed_cross_entropy(smoothing)

    def search(
        self, width: int, limit: int, length_penalty: float, best: int
    ) -> Callable[[Weights, Any], SearchResult]:
        """Return the beam search, which is greedy with a width of 1."""
        return search(self, width, limit, length_penalty, best)

    def align(self, source: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return the weights of attention as it writes the target."""
        return np.asarray(self._attention.forward([source, shifted(target)]))[0]


def smoothed_cross_entropy(smoothing: float) -> Loss:
    """Return the loss of (targets (B, T), logits (B, T, V)) → (B,): nats, in a batch's mean those of a token.

    Of each target's probability a share is spread evenly over the vocabulary (Szegedy et al. 2016, section 7).
    """

    def loss(targets: jax.Array, logits: jax.Array) -> jax.Array:
        real = targets != PADDING  # (B, T)
        correct = jax.numpy.take_along_axis(logits, targets[..., None], axis=-1)[..., 0]
        # The log-probabilities of the whole vocabulary are not needed, which saves half of the time of a large one.
        total = jax.nn.logsumexp(logits, axis=-1)
        costs = total - (1 - smoothing) * correct - smoothing * logits.mean(axis=-1)  # (B, T)
        mean_length = real.sum() / jax.numpy.maximum(real.any(axis=-1).sum(), 1)
        return (costs * real).sum(axis=-1) / mean_length

    return loss
