"""A trained language model; beside the replicas lies its vocabulary, tokenizer.json."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from tokenizers import Tokenizer

from stages.tasks.generation.modeling.contract import LanguageModel, Shape
from stages.tasks.generation.modeling.data import WindowMeta
from stages.training.saved import SavedModel

if TYPE_CHECKING:
    from stages.tasks.generation.modeling.network import NeuralLanguageModel


class Saved(SavedModel[LanguageModel]):
    """A language model that `train` wrote."""

    task = "generation"
    keys = frozenset({"window"})  # what ids mean: WindowMeta

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The vocabulary."""
        return Tokenizer.from_file(str(self.folder / "tokenizer.json"))

    @cached_property
    def meta(self) -> WindowMeta:
        """What ids mean."""
        return WindowMeta(**self.metadata["window"])

    def build_network(self) -> "NeuralLanguageModel":
        """Return the network, with the weights of no replica."""
        from stages.tasks.generation.modeling.network import build_network  # imports Keras

        shape = Shape(self.tokenizer.get_vocab_size(), self.meta.newline)
        return build_network(self.metadata["model"], self.parameters, shape)

    def replicas(self, seeds: Sequence[int] | None = None) -> Iterator[tuple[int, LanguageModel]]:
        """Yield (seed, model) for some seeds, or for all; a network is the same object each time."""
        return self.load_replicas(seeds)
