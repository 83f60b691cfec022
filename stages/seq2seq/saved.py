"""A trained model of pairs; beside the replicas lie its vocabularies, vocabularies.json."""

from functools import cached_property
from pathlib import Path
from typing import Any

from stages.saved import SavedModel
from stages.seq2seq.data import Vocabularies


class Saved(SavedModel):
    """A model of pairs that `train` wrote."""

    task = "seq2seq"
    code = ("aligning.py", "attention.py", "data.py", "decoding.py", "layers.py", "neural.py", "models/__init__.py")

    @cached_property
    def vocabularies(self) -> Vocabularies:
        """Both sides' vocabularies."""
        return Vocabularies.load(self.folder / "vocabularies.json")

    def build_network(self) -> Any:
        """Return the network, with the weights of no replica."""
        from stages.seq2seq.neural import build  # imports Keras

        return build(self.module, self.parameters, self.vocabularies)

    def load_baseline(self, folder: Path) -> Any:
        """Return the baseline that a replica's folder holds."""
        return self.module.Model.load(folder, self.vocabularies)
