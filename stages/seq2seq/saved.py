"""A trained model of pairs; beside the replicas lie its vocabularies, vocabularies.json."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from stages.saved import SavedModel
from stages.schema import Neural
from stages.seq2seq.data import Vocabularies


class Saved(SavedModel):
    """A model of pairs that `train` wrote."""

    task = "seq2seq"
    code = ("aligning.py", "attention.py", "data.py", "decoding.py", "layers.py", "neural.py", "models/__init__.py")

    @cached_property
    def vocabularies(self) -> Vocabularies:
        """Both sides' vocabularies."""
        return Vocabularies.load(self.folder / "vocabularies.json")

    def replicas(self, seeds: Sequence[int] | None = None) -> Iterator[tuple[int, Any]]:
        """Yield (seed, model); a network is the same object each time, compiled once, with other weights."""
        for seed in self.about["seeds"] if seeds is None else seeds:
            folder = self.folder / f"seed-{seed}"
            if isinstance(self.parameters, Neural):
                self._neural.load_replica(folder)
                yield seed, self._neural
            else:
                yield seed, self.module.Model.load(folder, self.vocabularies)

    @cached_property
    def _neural(self):
        from stages.seq2seq.neural import build  # imports Keras

        return build(self.module, self.parameters, self.vocabularies)
