"""What every encoder and decoder share: training by teacher forcing, writing, attention."""

from collections.abc import Callable, Iterator
from functools import cache
from types import ModuleType

import jax
import numpy as np

from stages.light import light_imports

with light_imports():
    import keras

from stages import training
from stages.network import Network, assembled
from stages.seq2seq.data import PADDING, SIDES, Batches, Prepared, Rows, Vocabularies, Written, bucket_bounds, shifted
from stages.seq2seq.decoding import search
from stages.seq2seq.layers import Pair
from stages.seq2seq.models import NeuralParameters
from stages.seq2seq.params import Training

READ_TOKENS = 4096  # of the sources that are read at a time


class NeuralModel(Network):
    """An encoder and a decoder, which read and write in a few fixed shapes."""

    def __init__(self, pair: Pair, vocabularies: Vocabularies) -> None:
        """Keep the parts."""
        source, before = (keras.Input((None,), dtype="int32") for _ in range(2))
        logits, *_, last = pair.decoder([before, *pair.encoder(source)])
        super().__init__(keras.Model([source, before], logits))
        self.pair, self.vocabularies = pair, vocabularies
        self._attention = Network(keras.Model([source, before], last)) if pair.attends else None
        self._searcher = cache(self._make_search)

    def translate(
        self, sources: list[str], beam: int, best: int = 1, length_penalty: float = 1.0, weights: list | None = None
    ) -> list[list[Written]]:
        """Return each source's best outputs, the best first, under other weights than the model's own if given.

        A source that is longer than the longest that the vocabulary reads loses its end.
        """
        rows = Rows.gather(self.vocabularies.encode("source", sources))
        run = self._searcher(max(beam, best), best, length_penalty)
        weights = self.weights() if weights is None else weights
        found: list = [None] * len(sources)
        for members, ids in self._batches(rows):
            tokens, scores, ended = map(np.asarray, run(weights, ids))
            for place, row in enumerate(members):
                found[row] = [
                    Written(self.vocabularies.decode(tokens[place, k]), float(scores[place, k]), bool(ended[place, k]))
                    for k in range(best)
                    if np.isfinite(scores[place, k])
                ]
        return found

    @property
    def attends(self) -> bool:
        """Whether it has weights to show."""
        return self.pair.attends

    def attention(self, source: str, output: str) -> tuple[list[str], list[str], np.ndarray]:
        """Return a source's tokens, those of an output and its end, and the weights (output's, source's)."""
        rows = [self.vocabularies.encode(side, [text]) for side, text in (("source", source), ("target", output))]
        (read,), (wrote,) = rows
        # One shape for all, so that it is compiled once.
        longest = (self.vocabularies.maximum[side] for side in SIDES)
        reads, writes = (
            Rows.gather(own).padded(np.zeros(1, int), most, 1) for own, most in zip(rows, longest, strict=True)
        )
        weights = np.asarray(self._attention.outputs([reads, shifted(writes)]))[0, : len(wrote), : len(read)]
        return self.vocabularies.tokens("source", read), self.vocabularies.tokens("target", wrote), weights

    def _batches(self, rows: Rows) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield (rows, ids (B, S)): every source once, bucket after bucket; rows that only pad are one token long."""
        bucket_of = np.searchsorted(self.vocabularies.lengths, rows.lengths)
        for bucket in np.unique(bucket_of):
            length, members = self.vocabularies.lengths[bucket], np.flatnonzero(bucket_of == bucket)
            members = members[np.argsort(rows.lengths[members], kind="stable")]  # those that end early end together
            size = max(8, READ_TOKENS // length // 8 * 8)
            for start in range(0, len(members), size):
                chosen = members[start : start + size]
                ids = rows.padded(chosen, length, size)
                ids[len(chosen) :, 0] = rows.ids[0]
                yield chosen, ids

    def _make_search(self, width: int, best: int, length_penalty: float) -> Callable:
        return search(self.pair, self.model, width, self.vocabularies.maximum["target"], length_penalty, best)


def build(
    module: ModuleType, parameters: NeuralParameters, vocabularies: Vocabularies, seed: int | None = None
) -> NeuralModel:
    """Return an untrained network of the model's file; without a seed, one whose weights are to be loaded."""
    return NeuralModel(assembled(lambda: module.build(parameters, vocabularies.sizes), seed), vocabularies)


def fit(
    model: NeuralModel,
    parameters: NeuralParameters,
    data: Prepared,
    choices: Training,
    seed: int,
    plan: training.Plan,
    validate: Callable[[list], dict],
) -> training.History:
    """Train a network in place on train's pairs, each target token given the true ones before it."""
    source, target = (data.side("train", side) for side in ("source", "target"))
    bounds = bucket_bounds(source.lengths, target.lengths, choices.buckets)
    batches = Batches(source, target, bounds, choices.batch_tokens, choices.pass_epochs)
    steps = parameters.epochs * len(batches.epoch(seed, 0))
    optimizer = training.cosine_adamw(parameters, choices.clip_norm, steps, warm_up=min(100, steps // 10))
    loss = smoothed(choices.label_smoothing)
    return training.fit(model.model, optimizer, loss, lambda epoch: batches.epoch(seed, epoch), validate, plan)


def smoothed(smoothing: float) -> Callable:
    """Return the loss of (targets (B, T), logits (B, T, V)) → (B,): nats, in a batch's mean those of a token.

    Of each target's probability a share is spread evenly over the vocabulary (Szegedy et al. 2016, section 7).
    """

    def loss(targets: jax.Array, logits: jax.Array) -> jax.Array:
        real = targets != PADDING  # (B, T)
        right = jax.numpy.take_along_axis(logits, targets[..., None], axis=-1)[..., 0]
        # The log-probabilities of the whole vocabulary are not needed, which saves half of the time of a large one.
        total = jax.nn.logsumexp(logits, axis=-1)
        costs = total - (1 - smoothing) * right - smoothing * logits.mean(axis=-1)  # (B, T)
        mean_length = real.sum() / jax.numpy.maximum(real.any(axis=-1).sum(), 1)
        return (costs * real).sum(axis=-1) / mean_length

    return loss
