"""A trained language model; beside the replicas lies its vocabulary, tokenizer.json."""

from functools import cached_property
from typing import Any

from tokenizers import Tokenizer

from stages.saved import SavedModel


class Saved(SavedModel):
    """A language model that `train` wrote."""

    task = "generation"
    code = ("data.py", "layers.py", "neural.py", "pieces.py", "models/__init__.py")
    keys = frozenset({"window"})  # meta.json of the data: unit, length, newline, characters

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The vocabulary."""
        return Tokenizer.from_file(str(self.folder / "tokenizer.json"))

    def build_network(self) -> Any:
        """Return the network, with the weights of no replica."""
        from stages.generation.neural import build  # imports Keras

        return build(self.module, self.parameters, self.tokenizer.get_vocab_size(), self.about["window"]["newline"])
