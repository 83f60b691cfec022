"""A model of pieces of fixed length, each written at once: training, scoring by a bound, writing."""

from collections.abc import Callable, Iterator

import jax
import keras
import numpy as np

from stages.compiling import Compiled
from stages.console import Problem
from stages.generation.data import Prepared
from stages.generation.params import Training
from stages.generation.sampling import Strategy
from stages.network import Network

ROWS = 128  # pieces that are scored at a time
TO_BITS = 1 / np.log(2)


class InTraining(keras.Model):
    """The model in training: ids (B, T) → the bound on a token's cost, (B,) nats, the mean over a row's pieces."""

    def __init__(self, core: keras.Model, weight: float, seed: int) -> None:
        """Wrap `core`, [ids (B, L), noise (B, Z)] → [logits (B, L, V), divergence (B,)], and weigh the divergence."""
        super().__init__()
        self.core, self.weight, self.chance = core, weight, keras.random.SeedGenerator(seed)
        self.built = True  # nothing is left to be made at the first call

    def call(self, ids: jax.Array, training: bool = False) -> jax.Array:
        """Return what each row costs with one draw of the latent numbers a piece."""
        pieces = ids.reshape(-1, self.core.inputs[0].shape[1])
        noise = keras.random.normal((len(pieces), self.core.inputs[1].shape[1]), seed=self.chance)
        logits, divergence = self.core([pieces, noise], training=training)
        costs = keras.losses.sparse_categorical_crossentropy(pieces, logits, from_logits=True)
        return (costs.sum(axis=-1) + self.weight * divergence).reshape(len(ids), -1).sum(axis=-1) / ids.shape[1]


class PieceModel(Network):
    """A trained model of pieces."""

    def __init__(self, core: keras.Model, decoder: keras.Model, weight: float) -> None:
        """Keep the network, the part of it that writes, and the divergence's weight in training."""
        super().__init__(core)
        self.decoder, self.weight = decoder, weight
        self.piece, self.latent = core.inputs[0].shape[1], core.inputs[1].shape[1]
        self._score = _scoring(core)

    def trainee(self, data: Prepared, _rows: int, _choices: Training, seed: int) -> tuple[keras.Model, Callable]:
        """Return the model to train and the loss of (targets, outputs).

        Raises:
            Problem: windows cannot be cut into pieces.
        """
        if data.length % self.piece:
            raise Problem(f"window.length is {data.length}, no multiple of the model's piece, {self.piece}: change one")
        return InTraining(self.model, self.weight, seed), lambda _targets, costs: costs

    def bits(self, ids: np.ndarray, weights: list | None = None) -> np.ndarray:
        """Return a bound on what each token costs, (tokens,) bits; the divergence is shared out over a piece."""
        weights = self.weights() if weights is None else weights
        pieces = np.pad(ids, (0, -len(ids) % self.piece)).reshape(-1, self.piece).astype(np.int32)
        sizes = np.clip(len(ids) - np.arange(len(pieces)) * self.piece, 0, self.piece)  # the last may be shorter
        noise = np.random.default_rng(0).standard_normal((len(pieces), self.latent)).astype(np.float32)
        padding = [(0, -len(pieces) % ROWS), (0, 0)]
        pieces, noise = np.pad(pieces, padding), np.pad(noise, padding)
        found = [
            self._score(weights, pieces[start : start + ROWS], noise[start : start + ROWS])
            for start in range(0, len(pieces), ROWS)
        ]
        costs, divergence = (np.concatenate(part).astype(float)[: len(sizes)] for part in zip(*found, strict=True))
        return (costs + (divergence / sizes)[:, None]).ravel()[: len(ids)] * TO_BITS

    def write(self, _prompt: np.ndarray, strategy: Strategy, random: np.random.Generator) -> Iterator[int]:
        """Yield token after token, piece after piece, without end; pieces do not know of each other or of a prompt."""
        while True:
            vector = random.standard_normal((1, self.latent)).astype(np.float32)
            shares = np.cumsum(strategy.shares(np.asarray(self.decoder(vector))[0]), axis=1)  # (L, V)
            drawn = random.random((self.piece, 1)) * shares[:, -1:]
            yield from (shares <= drawn).sum(axis=1).tolist()


def _scoring(core: keras.Model) -> Callable:
    """Return a compiled function of (weights, ids (B, L), noise (B, Z)) → (nats (B, L), divergence (B,) nats)."""

    @Compiled
    def score(weights: list, ids: jax.Array, noise: jax.Array) -> tuple:
        fixed = [variable.value for variable in core.non_trainable_variables]
        (logits, divergence), _ = core.stateless_call(weights, fixed, [ids, noise], training=False)
        return keras.losses.sparse_categorical_crossentropy(ids, logits, from_logits=True), divergence

    return score
