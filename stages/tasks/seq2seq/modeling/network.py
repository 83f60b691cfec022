"""What every encoder and decoder share: writing outputs, and alignments."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np

from stages.runtime.imports import block_optional_imports

with block_optional_imports():
    import keras

from stages.config.schema import ModelConfig
from stages.nn.network import Network, Weights, build_model
from stages.tasks.seq2seq.modeling.contract import Alignment, BeamHypothesis, Translator
from stages.tasks.seq2seq.modeling.data import SIDES, Rows, Vocabularies, shifted
from stages.tasks.seq2seq.modeling.decoding import SearchResult, search
from stages.tasks.seq2seq.modeling.layers import EncoderDecoder
from stages.training.saved import model_module

READ_TOKENS = 4096  # of the sources that are read at a time


class NeuralTranslator(Network, Translator):
    """An encoder and a decoder, which read and write in a few fixed shapes."""

    def __init__(self, encoder_decoder: EncoderDecoder, vocabularies: Vocabularies) -> None:
        """Join the encoder and the decoder."""
        source, before = (keras.Input((None,), dtype="int32") for _ in range(2))
        logits, *_, last = encoder_decoder.decoder([before, *encoder_decoder.encoder(source)])
        super().__init__(keras.Model([source, before], logits))
        self.encoder_decoder, self.vocabularies = encoder_decoder, vocabularies
        self._attention = Network(keras.Model([source, before], last)) if encoder_decoder.attends else None
        self._searcher = cache(self._make_search)

    def translate(
        self,
        sources: list[str],
        beam: int,
        best: int = 1,
        length_penalty: float = 1.0,
        weights: Weights | None = None,
    ) -> list[list[BeamHypothesis]]:
        """Return each source's best outputs, the best first, under other weights than the model's own if given.

        A source that is longer than the longest that the vocabulary reads loses its end.
        """
        rows = Rows.gather(self.vocabularies.encode("source", sources))
        run = self._searcher(max(beam, best), best, length_penalty)
        weights = self.weights() if weights is None else weights
        outputs: list[list[BeamHypothesis]] = [[] for _ in sources]
        for members, ids in self._batches(rows):
            tokens, scores, ended = map(np.asarray, run(weights, ids))
            for place, row in enumerate(members):
                outputs[row] = [
                    BeamHypothesis(
                        self.vocabularies.decode(tokens[place, k]), float(scores[place, k]), bool(ended[place, k])
                    )
                    for k in range(best)
                    if np.isfinite(scores[place, k])
                ]
        return outputs

    @property
    def attends(self) -> bool:
        """Whether it has alignments to show."""
        return self.encoder_decoder.attends

    def align(self, source: str, output: str) -> Alignment:
        """Return a source's tokens, those of an output and its end, and the attention weights.

        Raises:
            TypeError: the model has no attention.
        """
        if self._attention is None:
            raise TypeError("a model without attention has no alignments")
        (source_ids,) = self.vocabularies.encode("source", [source])
        (output_ids,) = self.vocabularies.encode("target", [output])
        # One shape for all, so that it is compiled once.
        sources, outputs = (
            Rows.gather([ids]).padded(np.zeros(1, int), self.vocabularies.maximum[side], 1)
            for side, ids in zip(SIDES, (source_ids, output_ids), strict=True)
        )
        weights = np.asarray(self._attention.forward([sources, shifted(outputs)]))[0]
        tokens = self.vocabularies.tokens
        weights = weights[: len(output_ids), : len(source_ids)]
        return Alignment(tokens("source", source_ids), tokens("target", output_ids), weights)

    def _batches(self, rows: Rows) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield (rows, ids (B, S)): every source once, bucket after bucket; rows that only pad are one token long."""
        bucket_of = np.searchsorted(self.vocabularies.lengths, rows.lengths)
        for bucket in np.unique(bucket_of):
            length, members = self.vocabularies.lengths[bucket], np.flatnonzero(bucket_of == bucket)
            members = members[np.argsort(rows.lengths[members], kind="stable")]  # those that end early end together
            size = max(8, READ_TOKENS // length // 8 * 8)
            for start in range(0, len(members), size):
                batch = members[start : start + size]
                ids = rows.padded(batch, length, size)
                ids[len(batch) :, 0] = rows.ids[0]
                yield batch, ids

    def _make_search(self, width: int, best: int, length_penalty: float) -> Callable[[Weights, Any], SearchResult]:
        return search(
            self.encoder_decoder, self.model, width, self.vocabularies.maximum["target"], length_penalty, best
        )


def build_network(
    model: str, parameters: ModelConfig, vocabularies: Vocabularies, seed: int | None = None
) -> NeuralTranslator:
    """Return an untrained network of a model's file; without a seed, one whose weights are to be loaded."""
    build = model_module("seq2seq", model).build
    return NeuralTranslator(build_model(lambda: build(parameters, vocabularies.sizes), seed), vocabularies)
