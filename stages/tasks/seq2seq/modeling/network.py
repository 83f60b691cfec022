"""What every network that writes shares: writing outputs for sources of any number, and alignments."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np

from stages.config.schema import ModelConfig
from stages.nn.network import Network, Weights, build_model
from stages.tasks.seq2seq.modeling.contract import Alignment, BeamHypothesis, Translator
from stages.tasks.seq2seq.modeling.data import Preprocessor, Rows
from stages.tasks.seq2seq.modeling.decoding import SearchResult
from stages.tasks.seq2seq.modeling.writer import Writer
from stages.training.saved import model_module

READ_TOKENS = 4096  # of the sources that are read at a time


class NeuralTranslator(Network, Translator):
    """A network that writes, which reads and writes in a few fixed shapes."""

    def __init__(self, writer: Writer, preprocessor: Preprocessor) -> None:
        """Keep both."""
        super().__init__(writer.model)
        self.writer, self.preprocessor = writer, preprocessor
        self._searcher = cache(self._make_search)

    def translate(
        self,
        sources: Sequence[Any],
        beam: int,
        best: int = 1,
        length_penalty: float = 1.0,
        weights: Weights | None = None,
    ) -> list[list[BeamHypothesis]]:
        """Return each source's best outputs, the best first, under other weights than the model's own if given.

        A source that is longer than the longest that is read loses its end.
        """
        rows = Rows.gather(self.preprocessor.encode_sources(sources))
        run = self._searcher(max(beam, best), best, length_penalty)
        weights = self.weights() if weights is None else weights
        outputs: list[list[BeamHypothesis]] = [[] for _ in sources]
        for members, batch in self._batches(rows):
            tokens, scores, ended = map(np.asarray, run(weights, batch))
            for place, row in enumerate(members):
                outputs[row] = [
                    BeamHypothesis(
                        self.preprocessor.decode(tokens[place, k]), float(scores[place, k]), bool(ended[place, k])
                    )
                    for k in range(best)
                    if np.isfinite(scores[place, k])
                ]
        return outputs

    @property
    def attends(self) -> bool:
        """Whether it has alignments to show."""
        return self.writer.attends

    def align(self, source: Any, output: str) -> Alignment:
        """Return what was read of a source, an output's tokens and its end, and the weights.

        Raises:
            TypeError: the model has no alignments.
        """
        if not self.attends:
            raise TypeError("a model without attention has no alignments")
        known, most = self.preprocessor, self.preprocessor.maximum
        (read,), (written,) = known.encode_sources([source]), known.encode_targets([output])
        # One shape for all, so that it is compiled once.
        padded = [
            Rows.gather([row]).padded(np.zeros(1, int), most[side], 1)
            for side, row in (("source", read), ("target", written))
        ]
        names = known.source_tokens(read)
        weights = self.writer.align(*padded)[: len(written), : len(names)]
        return Alignment(names, known.target_tokens(written)[: len(weights)], weights)

    def _batches(self, rows: Rows) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield (rows, sources (B, S)): every source once, bucket after bucket; rows that only pad have one step."""
        bucket_of = np.searchsorted(self.preprocessor.lengths, rows.lengths)
        for bucket in np.unique(bucket_of):
            length, members = self.preprocessor.lengths[bucket], np.flatnonzero(bucket_of == bucket)
            members = members[np.argsort(rows.lengths[members], kind="stable")]  # those that end early end together
            size = max(8, READ_TOKENS // length // 8 * 8)
            for start in range(0, len(members), size):
                batch = members[start : start + size]
                padded = rows.padded(batch, length, size)
                padded[len(batch) :, 0] = rows.values[0]
                yield batch, padded

    def _make_search(self, width: int, best: int, length_penalty: float) -> Callable[[Weights, Any], SearchResult]:
        return self.writer.search(width, self.preprocessor.maximum["target"], length_penalty, best)


def build_network(
    model: str, parameters: ModelConfig, preprocessor: Preprocessor, seed: int | None = None
) -> NeuralTranslator:
    """Return an untrained network of a model's file; without a seed, one whose weights are to be loaded."""
    build = model_module("seq2seq", model).build
    return NeuralTranslator(build_model(lambda: build(parameters, preprocessor.shape), seed), preprocessor)
