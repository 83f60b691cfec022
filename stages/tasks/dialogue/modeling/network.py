"""Networks that choose among replies: by how likely they would write them, or by products of representations."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import jax
import numpy as np
from scipy.special import logsumexp

from stages.config.schema import ModelConfig
from stages.nn.network import Network, Weights, build_model
from stages.tasks.dual_encoder import DualEncoder
from stages.tasks.replies import Chooser
from stages.tasks.seq2seq.modeling.data import Preprocessor, Rows
from stages.tasks.seq2seq.modeling.inputs import PADDING
from stages.tasks.seq2seq.modeling.network import NeuralTranslator
from stages.tasks.seq2seq.modeling.writer import Loss
from stages.training.saved import model_module

BATCH = 64  # of what was said, or of pairs


class WritingChooser(NeuralTranslator, Chooser):
    """A network that writes, and by that chooses."""

    def choose(
        self, contexts: Sequence[str], candidates: Sequence[Sequence[str]], weights: Weights | None = None
    ) -> np.ndarray:
        """Return the mean log-probability of each candidate's tokens (contexts, candidates)."""
        count = len(candidates[0])
        repeated = [context for context in contexts for _ in range(count)]
        nats, tokens = self.costs(repeated, [text for texts in candidates for text in texts], weights)
        return (-nats / tokens).reshape(len(contexts), count)

    def costs(
        self, contexts: Sequence[str], replies: Sequence[str], weights: Weights | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the nats that each reply costs (pairs,) where its tokens are given in turn, and how many they are.

        A reply that is too long is cut, its end kept.
        """
        known, nats = self.preprocessor, np.zeros(len(replies))
        source, target = Rows.gather(known.encode_sources(contexts)), Rows.gather(known.encode_targets([*replies]))
        for rows, said, reply in self._pairs(source, target):
            logits = np.asarray(self.forward(self.inputs(said, reply), weights), np.float32)
            right = np.take_along_axis(logits, reply[..., None], axis=-1)[..., 0]
            costs = np.where(reply != PADDING, logsumexp(logits, axis=-1) - right, 0).sum(axis=-1)
            nats[rows] = costs[: len(rows)]
        return nats, target.lengths.astype(float)

    def inputs(self, sources: np.ndarray, targets: np.ndarray) -> Any:
        """Return what the network reads in training."""
        return self.writer.inputs(sources, targets)

    def loss(self, smoothing: float) -> Loss:
        """Return the loss of what it writes."""
        return self.writer.loss(smoothing)

    def _pairs(self, source: Rows, target: Rows) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Yield (rows, sources, targets), in batches of a few shapes; rows that fill up are copies of the first."""
        longest, most = self.preprocessor.lengths[-1], self.preprocessor.maximum["target"]
        order = np.argsort(target.lengths, kind="stable")
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            filled = np.concatenate([rows, np.repeat(rows[:1], BATCH - len(rows))])
            length = min(-(-int(target.lengths[rows].max()) // 8) * 8, most)
            yield rows, source.padded(filled, longest, BATCH), target.padded(filled, length, BATCH)


class DualChooser(Network, Chooser):
    """A network that represents what was said and replies, and writes nothing."""

    def __init__(self, encoder: DualEncoder, preprocessor: Preprocessor) -> None:
        """Keep both."""
        super().__init__(encoder.model)
        self.encoder, self.preprocessor = encoder, preprocessor

    def choose(
        self, contexts: Sequence[str], candidates: Sequence[Sequence[str]], weights: Weights | None = None
    ) -> np.ndarray:
        """Return the products of representations (contexts, candidates)."""
        count, known = len(candidates[0]), self.preprocessor
        source = Rows.gather(known.encode_sources(contexts))
        target = Rows.gather(known.encode_targets([text for texts in candidates for text in texts]))
        scores = np.zeros((len(contexts), count))
        for start in range(0, len(contexts), BATCH):
            rows = np.arange(start, min(start + BATCH, len(contexts)))
            replies = np.arange(rows[0] * count, (rows[-1] + 1) * count)
            said = self._represent(0, source.padded(rows, known.lengths[-1], BATCH), weights)
            each = self._represent(1, target.padded(replies, known.maximum["target"], BATCH * count), weights)
            scores[rows] = np.einsum("br,bcr->bc", said, each.reshape(BATCH, count, -1))[: len(rows)]
        return scores

    def inputs(self, sources: np.ndarray, targets: np.ndarray) -> Any:
        """Return what the network reads in training."""
        return [sources, targets]

    def loss(self, _smoothing: float) -> Loss:
        """Return the loss of choosing among a batch's replies; nothing is smoothed."""
        return self.encoder.loss

    def _represent(self, side: int, padded: np.ndarray, weights: Weights | None) -> np.ndarray:
        empty = (padded != PADDING).sum(axis=1) == 0
        padded[empty, 0] = padded[0, 0]  # rows that fill up: a network reads nothing without any step
        return np.asarray(self._sides[side](self.weights() if weights is None else weights, padded))

    @cached_property
    def _sides(self) -> tuple[Any, Any]:
        """Functions of (the weights of the whole network, a batch) → representations."""
        places = {id(variable): place for place, variable in enumerate(self.model.trainable_variables)}

        def compiled(model: Any) -> Any:
            own = [places[id(variable)] for variable in model.trainable_variables]
            fixed = [variable.value for variable in model.non_trainable_variables]
            return jax.jit(
                lambda weights, batch: model.stateless_call([weights[p] for p in own], fixed, batch, training=False)[0]
            )

        return compiled(self.encoder.contexts), compiled(self.encoder.replies)


NeuralChooser = WritingChooser | DualChooser


def build_network(
    model: str, parameters: ModelConfig, preprocessor: Preprocessor, seed: int | None = None
) -> NeuralChooser:
    """Return an untrained network of a model's file; without a seed, one whose weights are to be loaded."""
    build = model_module("seq2seq", model).build
    built = build_model(lambda: build(parameters, preprocessor.shape), seed)
    if isinstance(built, DualEncoder):
        return DualChooser(built, preprocessor)
    return WritingChooser(built, preprocessor)
