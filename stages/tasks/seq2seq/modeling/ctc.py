"""Networks that label each step of a source, or none: connectionist temporal classification (Graves et al. 2006).

B pairs, S steps that are labelled, T target tokens, V tokens of the vocabulary, of which the padding stands for none.
A target's probability is the sum over all ways of labelling the steps that read as it, once repetitions are joined
and blanks left out. Its end is not written.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np
from keras import ops

from stages.nn.network import Network, Weights
from stages.runtime.compilation import Compiled
from stages.tasks.seq2seq.modeling.data import BEGIN, END, UNKNOWN
from stages.tasks.seq2seq.modeling.decoding import SearchResult
from stages.tasks.seq2seq.modeling.inputs import PADDING
from stages.tasks.seq2seq.modeling.prefix_search import IMPOSSIBLE, prefix_search
from stages.tasks.seq2seq.modeling.writer import Loss, Writer

UNWRITTEN = np.array([UNKNOWN, BEGIN, END], np.int32)  # tokens that are not written


class StepLabeller(Writer):
    """An encoder that gives each step of a source the probabilities of the target's tokens, or of none."""

    def __init__(self, model: keras.Model) -> None:
        """Keep it: sources (B, …) → [logits (B, S, V), mask of real steps (B, S)]."""
        super().__init__(model, attends=True)

    def inputs(self, sources: np.ndarray, targets: np.ndarray) -> Any:
        """Return the sources alone."""
        return sources

    def loss(self, smoothing: float) -> Loss:
        """Return the loss of (targets (B, T), [logits, mask]) → (B,).

        Nothing is smoothed: the steps' labels are not given. A target that its source has too few steps for teaches
        nothing: it takes a step for each token, and one more between equal ones.
        """

        def loss(targets: jax.Array, outputs: list[jax.Array]) -> jax.Array:
            logits, mask = outputs
            lengths, steps = jnp.maximum((targets != PADDING).sum(axis=-1) - 1, 0), mask.sum(axis=-1)  # without the end
            repeated = ((targets[:, 1:] == targets[:, :-1]) & (targets[:, 1:] != PADDING)).sum(axis=-1)
            costs = ops.ctc_loss(targets, logits, lengths, steps, mask_index=PADDING)
            mean_length = lengths.sum() / jnp.maximum((lengths > 0).sum(), 1)
            return jnp.where(lengths + repeated <= steps, costs, 0.0) / jnp.maximum(mean_length, 1)

        return loss

    def search(
        self, width: int, limit: int, length_penalty: float, best: int
    ) -> Callable[[Weights, Any], SearchResult]:
        """Return the search by prefixes; with a width of 1 the likeliest label of each step is taken.

        Scores are log-probabilities: of the target by prefixes, of one labelling greedily. Lengths do not count.
        """
        model = self.model
        fixed = [variable.value for variable in model.non_trainable_variables]

        @Compiled
        def run(weights: Weights, sources: jax.Array) -> SearchResult:
            logits, mask = model.stateless_call(weights, fixed, sources, training=False)[0]
            logits = jax.nn.log_softmax(logits.at[:, :, UNWRITTEN].set(-jnp.inf))
            lengths = mask.sum(axis=-1)
            if width == 1:
                tokens, scores = ops.ctc_decode(logits, lengths, strategy="greedy", mask_index=PADDING)
                tokens, scores = jnp.maximum(jnp.swapaxes(tokens, 0, 1), PADDING)[:, :, :limit], -scores
            else:
                tokens, scores = prefix_search(logits, lengths, width, limit)
            tokens = tokens[:, :best]
            return SearchResult(tokens, scores[:, :best], (tokens != PADDING).sum(axis=-1) < limit)

        return run

    def align(self, source: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return for each token, its end left out, how likely it is which of the steps that it labels: (T, S)."""
        logits, mask = Network(self.model).forward(source)
        log_probs = np.asarray(jax.nn.log_softmax(logits))[0][np.asarray(mask)[0]]
        return occupancies(log_probs, target[0][(target[0] != PADDING) & (target[0] != END)])


def occupancies(log_probs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return, for each label, the share of its time that it spends at each step, (labels, S); rows sum to 1.

    Forward and backward over the labels with blanks between them (Graves et al. 2006, section 4.1).

    Args:
        log_probs: (S, V).
        labels: (labels,), without padding.
    """
    states = np.full(2 * len(labels) + 1, PADDING)
    states[1::2] = labels
    skips = np.zeros(len(states), bool)  # whether a state may follow the last but one
    skips[3::2] = labels[1:] != labels[:-1]
    emitted = log_probs[:, states]  # (S, states)
    forward, backward = _forward(emitted, skips), _forward(emitted[::-1, ::-1], _mirrored(skips))[::-1, ::-1]
    both = (forward + backward - emitted)[:, 1::2].T
    weights = np.exp(both - both.max(axis=1, keepdims=True, initial=IMPOSSIBLE))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _forward(emitted: np.ndarray, skips: np.ndarray) -> np.ndarray:
    """Return the log-probability of all beginnings that end in a state at a step, (S, states)."""
    before = np.full(emitted.shape[1], IMPOSSIBLE)
    before[:2] = 0.0
    rows = [before + emitted[0]]
    for row in emitted[1:]:
        last = rows[-1]
        one, two = (np.pad(last, (by, 0), constant_values=IMPOSSIBLE)[:-by] for by in (1, 2))
        rows.append(np.logaddexp(np.logaddexp(last, one), np.where(skips, two, IMPOSSIBLE)) + row)
    return np.stack(rows)


def _mirrored(skips: np.ndarray) -> np.ndarray:
    """Return which states may follow the last but one when they are read from the end: (states,)."""
    return np.concatenate([[False, False], skips[2:][::-1]])[: len(skips)]
