"""A small GPT in Keras, the usual setting of nanoGPT on a processor: the peer of our language models.

4 layers, 4 heads, 128 wide, context 64, batch 12, tied output, no dropout, the sizes and rates of nanoGPT's
`config/train_shakespeare_char.py` with its advice for a processor. Shapes: B texts, T tokens, E features.
"""

import jax
import keras
import numpy as np
from keras import layers, ops

from stages.tasks.generation.modeling.network import NATS_TO_BITS, cross_entropy

CONTEXT, BATCH, LAYERS, HEADS, WIDTH = 64, 12, 4, 4, 128
RATE, DECAY, BETA_2 = 1e-3, 0.1, 0.99
EPSILON = 1e-5  # of the normalisations, as PyTorch has it: at first the vectors' variance is no larger than Keras's own
ROWS = 64  # windows that are scored at a time


def build(vocabulary: int, seed: int) -> keras.Model:
    """Return the untrained model from ids (B, T) to logits (B, T, vocabulary)."""
    keras.utils.set_random_seed(seed)
    small = keras.initializers.RandomNormal(stddev=0.02)
    last = keras.initializers.RandomNormal(stddev=0.02 / np.sqrt(2 * LAYERS))  # of what is added to the stream
    options = {"use_bias": False, "kernel_initializer": small}
    ids = keras.Input((CONTEXT,), dtype="int32")
    table = layers.ReversibleEmbedding(vocabulary, WIDTH, tie_weights=True, embeddings_initializer=small)
    places = layers.Embedding(CONTEXT, WIDTH, embeddings_initializer=small)
    steps = table(ids) + places(ops.arange(CONTEXT))
    for _ in range(LAYERS):
        read = layers.Dense(3 * WIDTH, **options)(layers.LayerNormalization(epsilon=EPSILON)(steps))  # (B, T, 3 E)
        parts = (ops.reshape(part, (-1, CONTEXT, HEADS, WIDTH // HEADS)) for part in ops.split(read, 3, axis=-1))
        seen = ops.reshape(ops.dot_product_attention(*parts, is_causal=True), (-1, CONTEXT, WIDTH))
        steps += layers.Dense(WIDTH, use_bias=False, kernel_initializer=last)(seen)
        wide = layers.Dense(4 * WIDTH, activation="gelu", **options)(layers.LayerNormalization(epsilon=EPSILON)(steps))
        steps += layers.Dense(WIDTH, use_bias=False, kernel_initializer=last)(wide)
    return keras.Model(ids, table(layers.LayerNormalization(epsilon=EPSILON)(steps), reverse=True))


class Scorer:
    """What each token of a text costs under a model: all are scored once, with half a context or more before them."""

    def __init__(self, model: keras.Model, newline: int) -> None:
        """Keep the model and the id that stands before a text's first token."""
        self.newline = newline

        @jax.jit
        def score(weights: list, ids: jax.Array, targets: jax.Array) -> jax.Array:
            fixed = [variable.value for variable in model.non_trainable_variables]
            logits, _ = model.stateless_call(weights, fixed, ids, training=False)
            return cross_entropy(targets, logits) * NATS_TO_BITS

        self._score = score

    def token_nll_bits(self, ids: np.ndarray, weights: list) -> np.ndarray:
        """Return each token's negative log-likelihood, (tokens,) bits."""
        before, half = np.concatenate([[self.newline], ids]), CONTEXT // 2
        starts = np.arange(0, max(len(ids) - half, 1), half)
        where = np.minimum(starts[:, None] + np.arange(CONTEXT), len(ids) - 1)  # (windows, T)
        where = np.pad(where, [(0, -len(where) % ROWS), (0, 0)])
        costs = np.concatenate(
            [self._score(weights, before[rows], ids[rows]) for rows in np.split(where, len(where) // ROWS)]
        )
        return np.concatenate([costs[0, :half], costs[: len(starts), half:].ravel()])[: len(ids)]
