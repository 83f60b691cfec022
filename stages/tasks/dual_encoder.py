"""A network that represents what was said and a reply, and holds one against the other (Lowe et al. 2015).

B pairs, S and T tokens of both sides, U and R features, V tokens of the vocabulary, of which 0 is padding.
"""

import jax
import jax.numpy as jnp
import keras
from keras import layers, ops


class DualEncoder:
    """Two networks whose representations' products are scores; joined they are trained.

    It learns to tell each reply of a batch from the batch's others.
    """

    def __init__(self, contexts: keras.Model, replies: keras.Model) -> None:
        """Join them: sources (B, S) → (B, R), and targets (B, T) → (B, R)."""
        scores = ops.matmul(contexts.output, ops.transpose(replies.output))  # (B, B)
        self.model = keras.Model([contexts.input, replies.input], scores)
        self.contexts, self.replies = contexts, replies

    @staticmethod
    def loss(targets: jax.Array, scores: jax.Array) -> jax.Array:
        """Return (targets (B, T), scores (B, B)) → (B,): nats of choosing each source's own target.

        Rows that only fill a batch up are no candidates, nor are targets that are the same as the right one.
        """
        real = (targets != 0).any(axis=-1)
        same = (targets[:, None] == targets[None]).all(axis=-1) & ~jnp.eye(len(targets), dtype=bool)
        logits = jnp.where(real[None] & ~same, scores, -1e9)
        return jax.nn.logsumexp(logits, axis=-1) - jnp.diagonal(scores)


def project(steps: keras.KerasTensor, mask: keras.KerasTensor, width: int) -> keras.KerasTensor:
    """Return a projection (B, width) of the maxima of an encoder's states (B, S, U) over the real steps (B, S)."""
    return layers.Dense(width)(ops.max(ops.where(ops.expand_dims(mask, -1), steps, -1e9), axis=1))


class WeightedWords(layers.Layer):
    """How often each token of the vocabulary stands in a text, weighted by a learned weight of its own, of length 1."""

    def __init__(self, vocabulary: int, markers: int) -> None:
        """Keep how many tokens there are, and up to which of them they do not count."""
        super().__init__()
        self.vocabulary, self.markers = vocabulary, markers
        self.weight = self.add_weight(shape=(vocabulary,), initializer="ones", name="weight")

    def call(self, ids: jax.Array) -> jax.Array:
        """Return the counts (B, V) of ids (B, S); they are spread one by one: a (B, S, V) array would be large."""
        counted = jnp.where(ids > self.markers, jnp.take(self.weight.value, ids), 0.0)
        rows = jnp.arange(ids.shape[0])[:, None]
        counts = jnp.zeros((ids.shape[0], self.vocabulary)).at[rows, ids].add(counted)
        return counts / jnp.sqrt(jnp.square(counts).sum(axis=-1, keepdims=True) + 1e-6)

    def compute_output_spec(self, ids: keras.KerasTensor) -> keras.KerasTensor:
        """Return the shape of the counts."""
        return keras.KerasTensor((ids.shape[0], self.vocabulary))
