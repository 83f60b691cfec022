"""A trained text classifier; beside the replicas lies its vocabulary, tokenizer.json."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from stages.classification.data import TokenizedTexts, encode
from stages.saved import SavedModel


class Saved(SavedModel):
    """A text classifier that `train` wrote."""

    task = "classification"
    code = ("data.py", "layers.py", "linear.py", "neural.py", "models/__init__.py")
    keys = frozenset({"labels"})

    @property
    def labels(self) -> list[str]:
        """The classes, in the order of the probabilities."""
        return self.about["labels"]

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The vocabulary."""
        return Tokenizer.from_file(str(self.folder / "tokenizer.json"))

    def encode(self, texts: list[str]) -> list[np.ndarray]:
        """Return each text's ids, uncut."""
        return encode(self.tokenizer, texts)

    def predict(
        self, texts: list[str], seeds: Sequence[int] | None = None, rows: list[np.ndarray] | None = None
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (seed, probabilities (texts, classes)) of every replica, or of some seeds' alone.

        A network takes the texts' ids, if they are at hand, from `rows`.
        """
        read = self._read(texts, rows)
        for seed, model in self.replicas(seeds):
            yield seed, model.predict_ids(read) if self.neural else model.predict(texts)

    def attention(
        self, texts: list[str], seeds: Sequence[int] | None = None, rows: list[np.ndarray] | None = None
    ) -> Iterator[tuple[int, list[np.ndarray]]]:
        """Yield (seed, each text's weights (tokens, heads)) as `predict` yields probabilities.

        Nothing is yielded if the model has no attention.
        """
        if self.neural and self.network.attends:
            read = self._read(texts, rows)
            for seed, model in self.replicas(seeds):
                yield seed, model.attention_ids(read)

    def _read(self, texts: list[str], rows: list[np.ndarray] | None) -> TokenizedTexts | None:
        """Return texts as the network reads them; a baseline reads them as they are."""
        return self.network.cut(self.encode(texts) if rows is None else rows) if self.neural else None

    def build_network(self) -> Any:
        """Return the network, with the weights of its first replica."""
        from stages.classification.neural import NeuralClassifier  # imports Keras

        first = self.folder / f"seed-{self.about['seeds'][0]}"
        return NeuralClassifier.load(first, self.module, self.parameters, self.tokenizer)
