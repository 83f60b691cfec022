"""A trained classifier; beside the replicas lies what was fitted on train to read an example."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np
from tokenizers import Tokenizer

from stages.tasks.classification.modeling.contract import Classifier, Preprocessor
from stages.tasks.classification.modeling.data import Sequences
from stages.tasks.classification.modeling.texts import TextPreprocessor
from stages.training.saved import SavedModel

if TYPE_CHECKING:
    from stages.tasks.classification.modeling.network import NeuralClassifier  # imports Keras

Seeds = Sequence[int] | None  # None: all
Rows = Sequence[np.ndarray] | None  # the examples' steps, as `encode` returns them; None: not at hand


class SavedClassifier(SavedModel[Classifier]):
    """A classifier that `train` wrote; a subclass says what it reads."""

    keys = frozenset({"labels"})
    item: ClassVar[str]  # what it labels, in words

    @property
    @abstractmethod
    def preprocessor(self) -> Preprocessor:
        """What was fitted on train to turn an example into steps."""

    @property
    def labels(self) -> list[str]:
        """The classes, in the order of the probabilities."""
        labels: list[str] = self.metadata["labels"]
        return labels

    def encode(self, inputs: Sequence[Any]) -> list[np.ndarray]:
        """Return each example's steps, uncut."""
        return self.preprocessor.encode(inputs)

    def predict(
        self, inputs: Sequence[Any], seeds: Seeds = None, rows: Rows = None
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (seed, probabilities (examples, classes)) of the replicas."""
        sequences = self._cut(inputs, rows) if self.neural else None  # a baseline reads examples as they are
        for seed, model in self.load_replicas(seeds):
            yield seed, model.predict(inputs) if sequences is None else model.predict_sequences(sequences)

    def attention(
        self, inputs: Sequence[Any], seeds: Seeds = None, rows: Rows = None
    ) -> Iterator[tuple[int, list[np.ndarray]]]:
        """Yield (seed, each example's weights (steps, heads)) of the replicas; nothing if the model has no attention.

        An example is cut as in `predict`: its end has no weights.
        """
        if self.neural and cast("NeuralClassifier", self.network).attends:
            sequences = self._cut(inputs, rows)
            for seed, model in self.load_replicas(seeds):
                yield seed, model.attention_weights(sequences)

    def _cut(self, inputs: Sequence[Any], rows: Rows) -> Sequences:
        network = cast("NeuralClassifier", self.network)
        return network.cut(self.encode(inputs) if rows is None else rows)

    def build_network(self) -> "NeuralClassifier":
        """Return the network, with the weights of no replica."""
        from stages.tasks.classification.modeling.network import InputShapes, build_network  # imports Keras

        shapes = InputShapes.read(self.folder / f"seed-{self.seeds[0]}")
        return build_network(self.metadata["model"], self.parameters, self.preprocessor, shapes)

    def replicas(self, seeds: Seeds = None) -> Iterator[tuple[int, Classifier]]:
        """Yield (seed, classifier) for some seeds, or for all; a network is the same object each time."""
        return self.load_replicas(seeds)


class Saved(SavedClassifier):
    """A text classifier; beside the replicas lies its vocabulary, tokenizer.json."""

    task = "classification"
    item = "text"

    @cached_property
    def preprocessor(self) -> TextPreprocessor:
        """The vocabulary."""
        return TextPreprocessor.load(self.folder / "tokenizer.json")

    @property
    def tokenizer(self) -> Tokenizer:
        """The vocabulary, as the tokenizers library has it."""
        return self.preprocessor.tokenizer
