"""What every neural language model shares: training with a carried state, scoring and writing."""

from collections.abc import Callable
from types import ModuleType

import jax
import numpy as np

from stages.light import light_imports

with light_imports():
    import keras

from stages import training
from stages.compiling import Compiled
from stages.generation.data import Prepared, Steps
from stages.generation.models import NeuralParameters
from stages.generation.params import Training
from stages.network import Network, assembled

STREAMS, PIECE = 32, 256  # scoring reads so many stretches of a text side by side, so many tokens at a time
TO_BITS = 1 / np.log(2)
States = list[jax.Array]


class Carried(keras.Model):
    """A language model in training: ids (B, T) → logits (B, T, V), the states kept from batch to batch."""

    def __init__(self, core: keras.Model, batch_size: int, forgetting: float, seed: int) -> None:
        """Wrap `core`; before a window each row's state is lost with a probability of `forgetting`."""
        super().__init__()
        self.core, self.forgetting = core, forgetting
        self.chance = keras.random.SeedGenerator(seed)
        shapes = [(batch_size, *state.shape[1:]) for state in core.inputs[1:]]
        self.states = [self.add_weight(shape=shape, initializer="zeros", trainable=False) for shape in shapes]
        self.built = True  # nothing is left to be made at the first call

    def call(self, ids: jax.Array, training: bool = False) -> jax.Array:
        """Read one window more."""
        kept = keras.random.uniform((ids.shape[0],), seed=self.chance) >= self.forgetting
        states = [jax.numpy.where(kept.reshape(-1, *[1] * (state.ndim - 1)), state.value, 0) for state in self.states]
        logits, *ends = self.core([ids, *states], training=training)
        for state, end in zip(self.states, ends, strict=True):
            state.assign(jax.lax.stop_gradient(end))
        return logits


class NeuralModel(Network):
    """A trained network."""

    def __init__(self, core: keras.Model, newline: int) -> None:
        """Keep the network and the id that stands before a text's first token."""
        super().__init__(core)
        self.newline = newline
        self._score, self._step = _scoring(core), _stepping(core)

    def trainee(self, _data: Prepared, rows: int, choices: Training, seed: int) -> tuple[keras.Model, Callable]:
        """Return the model to train and the loss of (targets, outputs)."""
        carried = Carried(self.model, rows, choices.forgetting if choices.stateful else 1.0, seed)
        return carried, lambda targets, logits: cost(targets, logits).mean(axis=-1)

    def bits(self, ids: np.ndarray, weights: list | None = None) -> np.ndarray:
        """Return what each token costs, (tokens,) bits, under other weights than the model's own if they are given.

        The text is read as STREAMS stretches side by side. Each but the first reads the PIECE tokens before it
        first, so that its first token too is scored with a state.
        """
        weights = self.weights() if weights is None else weights
        pieces = -(-len(ids) // (STREAMS * PIECE))
        begins = np.arange(STREAMS)[:, None] * pieces * PIECE
        before = np.concatenate([[self.newline], ids])  # position i holds the token before token i
        states, costs = self.nothing(STREAMS), []
        for piece in range(-1, pieces):
            where = np.clip(begins + piece * PIECE + np.arange(PIECE), 0, len(ids) - 1)  # (STREAMS, PIECE)
            cost, states = self._score(weights, before[where].astype(np.int32), ids[where], states)
            if piece < 0:
                states = [state.at[0].set(0) for state in states]
            else:
                costs.append(cost)
        return np.concatenate([np.asarray(cost) for cost in costs], axis=1).ravel()[: len(ids)].astype(float)

    def bits_from_nothing(self, rows: np.ndarray) -> np.ndarray:
        """Return what each token of some windows costs, (rows, T) bits, if nothing is known before a window."""
        before = np.concatenate([np.full((len(rows), 1), self.newline), rows[:, :-1]], axis=1)
        padded = -len(rows) % STREAMS
        chunks = [np.pad(part, [(0, padded), (0, PIECE - rows.shape[1])]).astype(np.int32) for part in (before, rows)]
        costs = [
            self._score(self.weights(), *(chunk[start : start + STREAMS] for chunk in chunks), self.nothing(STREAMS))[0]
            for start in range(0, len(chunks[0]), STREAMS)
        ]
        return np.concatenate(costs)[: len(rows), : rows.shape[1]].astype(float)

    def nothing(self, rows: int) -> States:
        """Return the states before any text."""
        return [jax.numpy.zeros((rows, *state.shape[1:]), "float32") for state in self.model.inputs[1:]]

    def start(self, ids: np.ndarray, rows: int = 1) -> tuple[np.ndarray, States]:
        """Return the logits (rows, V) of what follows a text, and the states after it; rows are alike."""
        states = self.nothing(rows)
        for token in [self.newline, *ids]:
            logits, states = self.advance(states, np.full(rows, token))
        return logits, states

    def advance(self, states: States, ids: np.ndarray) -> tuple[np.ndarray, States]:
        """Read one token more a row, ids (rows,); return the logits (rows, V) of the next, and the states."""
        logits, states = self._step(self.weights(), ids[:, None].astype(np.int32), states)
        return np.asarray(logits, float), states

    def chosen(self, states: States, rows: np.ndarray) -> States:
        """Return the states of some rows."""
        return [state[rows] for state in states]


def _scoring(core: keras.Model) -> Callable:
    """Return a compiled function of (weights, ids (S, T), targets (S, T), states) → (bits (S, T), states)."""

    @Compiled
    def score(weights: list, ids: jax.Array, targets: jax.Array, states: States) -> tuple:
        fixed = [variable.value for variable in core.non_trainable_variables]
        (logits, *ends), _ = core.stateless_call(weights, fixed, [ids, *states], training=False)
        return cost(targets, logits) * TO_BITS, ends

    return score


def _stepping(core: keras.Model) -> Callable:
    """Return a compiled function of (weights, ids (rows, 1), states) → (logits (rows, V), states).

    It is called for every token: `jax.jit` looks its shapes up faster than `Compiled`, which walks through all arrays.
    """

    @jax.jit
    def step(weights: list, ids: jax.Array, states: States) -> tuple:
        fixed = [variable.value for variable in core.non_trainable_variables]
        (logits, *ends), _ = core.stateless_call(weights, fixed, [ids, *states], training=False)
        return logits[:, -1], ends

    return step


def cost(targets: jax.Array, logits: jax.Array) -> jax.Array:
    """Return what each target costs, (B, T) nats."""
    return keras.losses.sparse_categorical_crossentropy(targets, logits, from_logits=True)


def build(module: ModuleType, parameters: NeuralParameters, vocabulary: int, newline: int, seed: int | None = None):
    """Return an untrained network of the model's file; without a seed, one whose weights are to be loaded."""
    made = assembled(lambda: module.build(parameters, vocabulary), seed)
    return made if hasattr(made, "bits") else NeuralModel(made, newline)


def fit(
    model: NeuralModel,
    parameters: NeuralParameters,
    data: Prepared,
    choices: Training,
    seed: int,
    plan: training.Plan,
    validate: Callable[[list], dict],
) -> training.History:
    """Train a network in place; early stopping looks at the first of validation's tokens."""
    ids, starts = data.ids("train"), data.starts("train")
    rows = min(choices.batch_size, len(starts))
    optimizer = training.cosine_adamw(parameters, choices.clip_norm, parameters.epochs * choices.epoch_steps)

    def steps(epoch: int) -> Steps:
        span = range(epoch * choices.epoch_steps, (epoch + 1) * choices.epoch_steps)
        order = None if choices.stateful else np.random.default_rng([seed, epoch])
        return Steps(ids, starts, data.length, rows, span, order)

    trainee, loss = model.trainee(data, rows, choices, seed)
    return training.fit(trainee, optimizer, loss, steps, validate, plan)
