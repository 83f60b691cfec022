"""A trained text classifier; beside the replicas lies its vocabulary, tokenizer.json."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np
from tokenizers import Tokenizer

from stages.tasks.classification.modeling.contract import Classifier
from stages.tasks.classification.modeling.data import TokenizedTexts, encode
from stages.training.saved import SavedModel

if TYPE_CHECKING:
    from stages.tasks.classification.modeling.network import NeuralClassifier  # imports Keras

Seeds = Sequence[int] | None  # None: all
Rows = Sequence[np.ndarray] | None  # the texts' ids, as `encode` returns them; None: not at hand


class Saved(SavedModel[Classifier]):
    """A text classifier that `train` wrote."""

    task = "classification"
    keys = frozenset({"labels"})

    @property
    def labels(self) -> list[str]:
        """The classes, in the order of the probabilities."""
        labels: list[str] = self.metadata["labels"]
        return labels

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The vocabulary."""
        return Tokenizer.from_file(str(self.folder / "tokenizer.json"))

    def encode(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Return each text's ids, uncut."""
        return encode(self.tokenizer, texts)

    def predict(self, texts: Sequence[str], seeds: Seeds = None, rows: Rows = None) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (seed, probabilities (texts, classes)) of the replicas."""
        ids = self._cut(texts, rows) if self.neural else None  # a baseline reads texts as they are
        for seed, model in self.load_replicas(seeds):
            yield seed, model.predict(texts) if ids is None else model.predict_ids(ids)

    def attention(
        self, texts: Sequence[str], seeds: Seeds = None, rows: Rows = None
    ) -> Iterator[tuple[int, list[np.ndarray]]]:
        """Yield (seed, each text's weights (tokens, heads)) of the replicas; nothing if the model has no attention.

        A text is cut as in `predict`: its end has no weights.
        """
        if self.neural and cast("NeuralClassifier", self.network).attends:
            ids = self._cut(texts, rows)
            for seed, model in self.load_replicas(seeds):
                yield seed, model.attention_weights(ids)

    def _cut(self, texts: Sequence[str], rows: Rows) -> TokenizedTexts:
        network = cast("NeuralClassifier", self.network)
        return network.cut(self.encode(texts) if rows is None else rows)

    def build_network(self) -> "NeuralClassifier":
        """Return the network, with the weights of no replica."""
        from stages.tasks.classification.modeling.network import InputShapes, build_network  # imports Keras

        shapes = InputShapes.read(self.folder / f"seed-{self.seeds[0]}")
        return build_network(self.metadata["model"], self.parameters, self.tokenizer, shapes)

    def replicas(self, seeds: Seeds = None) -> Iterator[tuple[int, Classifier]]:
        """Yield (seed, classifier) for some seeds, or for all; a network is the same object each time."""
        return self.load_replicas(seeds)
