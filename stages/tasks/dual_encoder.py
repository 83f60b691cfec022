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


def weighted_words(ids: keras.KerasTensor, weights: layers.Embedding, markers: int) -> keras.KerasTensor:
    """Return how often each token of the vocabulary stands in ids (B, S), weighted and of length 1, (B, V).

    Args:
        ids: of tokens.
        weights: one for each token.
        markers: ids up to this one do not count.
    """
    counted = ops.expand_dims(ops.cast(ops.greater(ids, markers), "float32"), -1) * weights(ids)  # (B, S, 1)
    counts = ops.sum(ops.one_hot(ids, weights.input_dim) * counted, axis=1)
    return counts / ops.sqrt(ops.sum(ops.square(counts), axis=-1, keepdims=True) + 1e-6)
