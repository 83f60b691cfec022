"""A trained language model; beside the replicas lies its vocabulary, tokenizer.json."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from tokenizers import Tokenizer

from stages.saved import SavedModel
from stages.schema import Neural


class Saved(SavedModel):
    """A language model that `train` wrote."""

    task = "generation"
    code = ("data.py", "layers.py", "neural.py", "pieces.py", "models/__init__.py")
    keys = frozenset({"window"})  # meta.json of the data: unit, length, newline, characters

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The vocabulary."""
        return Tokenizer.from_file(str(self.folder / "tokenizer.json"))

    def replicas(self, seeds: Sequence[int] | None = None) -> Iterator[tuple[int, Any]]:
        """Yield (seed, model); a network is the same object each time, compiled once, with other weights."""
        for seed in self.about["seeds"] if seeds is None else seeds:
            folder = self.folder / f"seed-{seed}"
            if isinstance(self.parameters, Neural):
                self._neural.load_replica(folder)
                yield seed, self._neural
            else:
                yield seed, self.module.Model.load(folder)

    @cached_property
    def _neural(self):
        from stages.generation.neural import build  # imports Keras

        return build(self.module, self.parameters, self.tokenizer.get_vocab_size(), self.about["window"]["newline"])
