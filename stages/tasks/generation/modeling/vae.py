"""A variational autoencoder of text in chunks of fixed length: training, scoring by a bound, generation.

B rows, L tokens of a chunk, Z latent numbers, V words of the vocabulary.
"""

from collections.abc import Iterator
from typing import ClassVar

import jax
import keras
import numpy as np

from stages.nn.network import Weights
from stages.runtime.compilation import Compiled
from stages.runtime.errors import UserError
from stages.tasks.generation.config import Training
from stages.tasks.generation.modeling.network import NATS_TO_BITS, Loss, NeuralLanguageModel, cross_entropy
from stages.tasks.generation.sampling import Strategy

ROWS = 128  # chunks that are scored at a time


class TrainingVAE(keras.Model):
    """The autoencoder in training: ids (B, T) → a bound on the cost per token, (B,) nats, the mean over a row."""

    def __init__(self, core: keras.Model, kl_weight: float, seed: int) -> None:
        """Wrap `core`, [ids (B, L), noise (B, Z)] → [logits (B, L, V), KL divergence (B,)], and weigh the latter."""
        super().__init__()
        self.core, self.kl_weight = core, kl_weight
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.built = True  # nothing is left to be made at the first call

    def call(self, ids: jax.Array, training: bool = False) -> jax.Array:
        """Return what each row costs, with one draw of the latent numbers for each chunk."""
        chunks = ids.reshape(-1, self.core.inputs[0].shape[1])
        noise = keras.random.normal((len(chunks), self.core.inputs[1].shape[1]), seed=self.seed_generator)
        logits, kl = self.core([chunks, noise], training=training)
        costs = cross_entropy(chunks, logits)
        return (costs.sum(axis=-1) + self.kl_weight * kl).reshape(len(ids), -1).sum(axis=-1) / ids.shape[1]


class ChunkVAE(NeuralLanguageModel):
    """A network that reads and generates a text chunk by chunk; chunks do not know of each other."""

    upper_bound: ClassVar[bool] = True

    def __init__(self, core: keras.Model, decoder: keras.Model, kl_weight: float) -> None:
        """Keep the network, the part of it that generates, and the KL divergence's weight in training."""
        super().__init__(core)
        self.decoder, self.kl_weight = decoder, kl_weight
        self.chunk_length, self.latent = core.inputs[0].shape[1], core.inputs[1].shape[1]
        self._score = _scoring(core)

    def training_model(self, length: int, rows: int, training: Training, seed: int) -> tuple[keras.Model, Loss]:
        """Return the autoencoder in training, whose outputs are the loss.

        Raises:
            UserError: windows cannot be cut into chunks.
        """
        if length % self.chunk_length:
            raise UserError(
                f"window.length is {length}, no multiple of the model's chunk_length, {self.chunk_length}: change one"
            )
        return TrainingVAE(self.model, self.kl_weight, seed), lambda targets, costs: costs

    def token_nll_bits(self, ids: np.ndarray, weights: Weights | None = None) -> np.ndarray:
        """Return a bound on each token's negative log-likelihood, (tokens,) bits; KL is shared out over a chunk."""
        weights = self.weights() if weights is None else weights
        length = self.chunk_length
        chunks = np.pad(ids, (0, -len(ids) % length)).reshape(-1, length).astype(np.int32)
        sizes = np.clip(len(ids) - np.arange(len(chunks)) * length, 0, length)  # the last may be shorter
        noise = np.random.default_rng(0).standard_normal((len(chunks), self.latent)).astype(np.float32)
        padding = [(0, -len(chunks) % ROWS), (0, 0)]
        chunks, noise = np.pad(chunks, padding), np.pad(noise, padding)
        scores = [
            self._score(weights, chunks[start : start + ROWS], noise[start : start + ROWS])
            for start in range(0, len(chunks), ROWS)
        ]
        costs, kl = (np.concatenate(arrays).astype(float)[: len(sizes)] for arrays in zip(*scores, strict=True))
        bits: np.ndarray = (costs + (kl / sizes)[:, None]).ravel()[: len(ids)] * NATS_TO_BITS
        return bits

    def generate(self, prompt: np.ndarray, strategy: Strategy, rng: np.random.Generator) -> Iterator[int]:
        """Yield token after token, chunk after chunk, without end; the prompt is of no account."""
        while True:
            vector = rng.standard_normal((1, self.latent)).astype(np.float32)
            total = np.cumsum(strategy.probs(np.asarray(self.decoder(vector))[0]), axis=1)  # (L, V)
            threshold = rng.random((self.chunk_length, 1)) * total[:, -1:]
            yield from (total <= threshold).sum(axis=1).tolist()


def _scoring(core: keras.Model) -> Compiled:
    """Return a compiled function of (weights, ids (B, L), noise (B, Z)) → (nats (B, L), KL divergence (B,) nats)."""

    def score(weights: Weights, ids: jax.Array, noise: jax.Array) -> tuple[jax.Array, jax.Array]:
        fixed = [variable.value for variable in core.non_trainable_variables]
        (logits, kl), _ = core.stateless_call(weights, fixed, [ids, noise], training=False)
        return cross_entropy(ids, logits), kl

    return Compiled(score)
