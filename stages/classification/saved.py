"""A trained text classifier; beside the replicas lies its vocabulary, tokenizer.json."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from stages.classification.data import encode
from stages.classification.models import NeuralParameters
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

    @property
    def neural(self) -> bool:
        """Whether it reads texts as ids; a baseline reads them as they are."""
        return isinstance(self.parameters, NeuralParameters)

    def encode(self, texts: list[str]) -> list[np.ndarray]:
        """Return each text's ids, uncut."""
        return encode(self.tokenizer, texts)

    def predict(
        self, texts: list[str], seeds: Sequence[int] | None = None, rows: list[np.ndarray] | None = None
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (seed, probabilities (texts, classes)) of every replica, or of some seeds' alone.

        A neural model takes the texts' ids, if they are at hand, from `rows`.
        """
        if self.neural:
            read = self._neural.cut(self.encode(texts) if rows is None else rows)
            for seed, classifier in self._neurals(seeds):
                yield seed, classifier.predict_ids(read)
        else:
            for seed in self._seeds(seeds):
                yield seed, self.module.Classifier.load(self.folder / f"seed-{seed}").predict(texts)

    def attention(
        self, texts: list[str], seeds: Sequence[int] | None = None, rows: list[np.ndarray] | None = None
    ) -> Iterator[tuple[int, list[np.ndarray] | None]]:
        """Yield (seed, each text's weights (tokens, heads)) as `predict` yields probabilities.

        None stands in place of the weights if the model has no attention.
        """
        if self.neural:
            read = self._neural.cut(self.encode(texts) if rows is None else rows)
            for seed, classifier in self._neurals(seeds):
                yield seed, classifier.attention_ids(read)
        else:
            for seed in self._seeds(seeds):
                yield seed, None

    def _seeds(self, seeds: Sequence[int] | None) -> Sequence[int]:
        return self.about["seeds"] if seeds is None else seeds

    def _neurals(self, seeds: Sequence[int] | None) -> Iterator[tuple[int, Any]]:
        """Yield (seed, classifier): the same object each time, compiled once, with other weights."""
        for seed in self._seeds(seeds):
            self._neural.load_replica(self.folder / f"seed-{seed}")
            yield seed, self._neural

    @cached_property
    def _neural(self):
        from stages.classification.neural import NeuralClassifier  # imports Keras

        first = self.folder / f"seed-{self.about['seeds'][0]}"
        return NeuralClassifier.load(first, self.module, self.parameters, self.tokenizer)
