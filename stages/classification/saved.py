"""A trained text classifier; beside the replicas lies its vocabulary, tokenizer.json."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from tokenizers import Tokenizer

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

    def predict(self, texts: list[str], seeds: Sequence[int] | None = None) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (seed, probabilities (texts, classes)) of every replica, or of some seeds' alone."""
        for seed, classifier in self._replicas(seeds):
            yield seed, classifier.predict(texts)

    def attention(
        self, texts: list[str], seeds: Sequence[int] | None = None
    ) -> Iterator[tuple[int, list[np.ndarray] | None]]:
        """Yield (seed, each text's weights (tokens, heads)) of every replica, or of some seeds' alone.

        None stands in place of the weights if the model has no attention.
        """
        neural = isinstance(self.parameters, NeuralParameters)
        for seed in self.about["seeds"] if seeds is None else seeds:
            yield seed, self._neural_of(seed).attention(texts) if neural else None

    def _replicas(self, seeds: Sequence[int] | None) -> Iterator[tuple[int, Any]]:
        """Yield (seed, classifier); a neural one is the same object each time, compiled once, with other weights."""
        for seed in self.about["seeds"] if seeds is None else seeds:
            if isinstance(self.parameters, NeuralParameters):
                yield seed, self._neural_of(seed)
            else:
                yield seed, self.module.Classifier.load(self.folder / f"seed-{seed}")

    def _neural_of(self, seed: int):
        self._neural.load_replica(self.folder / f"seed-{seed}")
        return self._neural

    @cached_property
    def _neural(self):
        from stages.classification.neural import NeuralClassifier  # imports Keras

        first = self.folder / f"seed-{self.about['seeds'][0]}"
        return NeuralClassifier.load(first, self.module, self.parameters, self.tokenizer)
