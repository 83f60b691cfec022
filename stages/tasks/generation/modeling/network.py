"""Neural language models, and those among them that carry a state from token to token."""

from abc import abstractmethod
from collections.abc import Callable

import jax
import numpy as np

from stages.runtime.imports import block_optional_imports

with block_optional_imports():
    import keras

from stages.config.schema import ModelConfig
from stages.nn.network import Network, Weights, build_model
from stages.runtime.compilation import Compiled
from stages.tasks.generation.config import Training
from stages.tasks.generation.modeling.contract import AutoregressiveModel, LanguageModel, Shape
from stages.training.saved import model_module

STREAMS, SEGMENT = 32, 256  # scoring reads so many stretches of a text side by side, so many tokens at a time
NATS_TO_BITS = 1 / np.log(2)
States = list[jax.Array]  # (rows, …) each
Loss = Callable[[jax.Array, jax.Array], jax.Array]  # (targets, outputs) → (B,)


class NeuralLanguageModel(Network, LanguageModel):
    """What the `build` of a network's file returns."""

    @abstractmethod
    def token_nll_bits(self, ids: np.ndarray, weights: Weights | None = None) -> np.ndarray:
        """Return each token's negative log-likelihood, (tokens,) bits, under other weights than its own if given."""

    @abstractmethod
    def training_model(self, length: int, rows: int, training: Training, seed: int) -> tuple[keras.Model, Loss]:
        """Return the model to train, which shares this one's weights, and its loss.

        Args:
            length: tokens of a window.
            rows: windows of a batch.
            training: what all networks share.
            seed: of what is drawn in training.

        Raises:
            UserError: the network cannot learn from windows of that length.
        """


class StatefulLM(keras.Model):
    """A language model in training: ids (B, T) → logits (B, T, V), the states kept from batch to batch."""

    def __init__(self, core: keras.Model, batch_size: int, state_reset_prob: float, seed: int) -> None:
        """Wrap `core`; before a window each row's state is lost with a probability of `state_reset_prob`."""
        super().__init__()
        self.core, self.state_reset_prob = core, state_reset_prob
        self.seed_generator = keras.random.SeedGenerator(seed)
        shapes = [(batch_size, *state.shape[1:]) for state in core.inputs[1:]]
        self.states = [self.add_weight(shape=shape, initializer="zeros", trainable=False) for shape in shapes]
        self.built = True  # nothing is left to be made at the first call

    def call(self, ids: jax.Array, training: bool = False) -> jax.Array:
        """Read one more window."""
        kept = keras.random.uniform((ids.shape[0],), seed=self.seed_generator) >= self.state_reset_prob
        states = [jax.numpy.where(kept.reshape(-1, *[1] * (state.ndim - 1)), state.value, 0) for state in self.states]
        logits, *end_states = self.core([ids, *states], training=training)
        for state, end in zip(self.states, end_states, strict=True):
            state.assign(jax.lax.stop_gradient(end))
        return logits


class StatefulNetwork(NeuralLanguageModel, AutoregressiveModel[States]):
    """A network that reads token by token and carries states.

    Its core is a Keras model [ids (B, T), states …] → [logits (B, T, V), states …]. The logits at a position depend on
    the ids up to it alone, and a text read in segments, the states handed on, gives what it gives at once.
    """

    def __init__(self, core: keras.Model, newline: int) -> None:
        """Keep the core and the id that stands before a text's first token."""
        super().__init__(core)
        self.newline = newline
        self._score, self._step = _scoring(core), _stepping(core)

    def training_model(self, length: int, rows: int, training: Training, seed: int) -> tuple[keras.Model, Loss]:
        """Return the core with states that are kept from batch to batch, and the mean cost of a row's tokens."""
        stateful = StatefulLM(self.model, rows, training.state_reset_prob if training.stateful else 1.0, seed)
        return stateful, lambda targets, logits: cross_entropy(targets, logits).mean(axis=-1)

    def token_nll_bits(self, ids: np.ndarray, weights: Weights | None = None) -> np.ndarray:
        """Return each token's negative log-likelihood, (tokens,) bits, under other weights than its own if given.

        The text is read as STREAMS stretches side by side. Each but the first reads the SEGMENT tokens before it
        first, so that its first token too is scored with a state.
        """
        weights = self.weights() if weights is None else weights
        segments = -(-len(ids) // (STREAMS * SEGMENT))
        begins = np.arange(STREAMS)[:, None] * segments * SEGMENT
        before = np.concatenate([[self.newline], ids])  # position i holds the token before token i
        states, costs = self.initial_state(STREAMS), []
        for segment in range(-1, segments):
            places = np.clip(begins + segment * SEGMENT + np.arange(SEGMENT), 0, len(ids) - 1)  # (STREAMS, SEGMENT)
            cost, states = self._score(weights, before[places].astype(np.int32), ids[places], states)
            if segment < 0:
                states = [state.at[0].set(0) for state in states]
            else:
                costs.append(cost)
        return np.concatenate([np.asarray(cost) for cost in costs], axis=1).ravel()[: len(ids)].astype(float)

    def cold_start_nll(self, windows: np.ndarray) -> np.ndarray:
        """Return each token's negative log-likelihood where nothing is known before a window, (windows, T) bits."""
        before = np.concatenate([np.full((len(windows), 1), self.newline), windows[:, :-1]], axis=1)
        costs, _ = self._score(self.weights(), before.astype(np.int32), windows, self.initial_state(len(windows)))
        return np.asarray(costs, float)

    def initial_state(self, rows: int) -> States:
        """Return states of zeros."""
        return [jax.numpy.zeros((rows, *state.shape[1:]), "float32") for state in self.model.inputs[1:]]

    def prefill(self, ids: np.ndarray, rows: int = 1) -> tuple[np.ndarray, States]:
        """Read a prompt, ids (tokens,); return the logits (rows, V) of the next token and the states."""
        logits, states = self.step(self.initial_state(rows), np.full(rows, self.newline))
        for token in ids:
            logits, states = self.step(states, np.full(rows, token))
        return logits, states

    def step(self, state: States, ids: np.ndarray) -> tuple[np.ndarray, States]:
        """Read one more token in each row, ids (rows,); return the logits (rows, V) of the next and the states."""
        logits, state = self._step(self.weights(), ids[:, None].astype(np.int32), state)
        return np.asarray(logits, float), state

    def select_states(self, state: States, rows: np.ndarray) -> States:
        """Return the states of the given rows."""
        return [array[rows] for array in state]


def _scoring(core: keras.Model) -> Compiled:
    """Return a compiled function of (weights, ids (S, T), targets (S, T), states) → (bits (S, T), states)."""

    def score(weights: Weights, ids: jax.Array, targets: jax.Array, states: States) -> tuple[jax.Array, States]:
        fixed = [variable.value for variable in core.non_trainable_variables]
        (logits, *end_states), _ = core.stateless_call(weights, fixed, [ids, *states], training=False)
        return cross_entropy(targets, logits) * NATS_TO_BITS, end_states

    return Compiled(score)


def _stepping(core: keras.Model) -> Callable[[Weights, np.ndarray, States], tuple[jax.Array, States]]:
    """Return a compiled function of (weights, ids (rows, 1), states) → (logits (rows, V), states).

    It is called for every token: `jax.jit` looks its shapes up faster than `Compiled`, which walks through all arrays.
    """

    @jax.jit
    def step(weights: Weights, ids: jax.Array, states: States) -> tuple[jax.Array, States]:
        fixed = [variable.value for variable in core.non_trainable_variables]
        (logits, *end_states), _ = core.stateless_call(weights, fixed, [ids, *states], training=False)
        return logits[:, -1], end_states

    return step


def cross_entropy(targets: jax.Array, logits: jax.Array) -> jax.Array:
    """Return what each target costs, (B, T) nats."""
    return keras.losses.sparse_categorical_crossentropy(targets, logits, from_logits=True)


def build_network(model: str, parameters: ModelConfig, shape: Shape, seed: int | None = None) -> NeuralLanguageModel:
    """Return an untrained network of a model's file; without a seed, one whose weights are to be loaded."""
    build: Callable[[ModelConfig, Shape], NeuralLanguageModel] = model_module("generation", model).build
    return build_model(lambda: build(parameters, shape), seed)
