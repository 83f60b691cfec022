"""A trained model of replies; beside the replicas lie the vocabularies, vocabularies.json."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from stages.tasks.replies import Chooser
from stages.tasks.seq2seq.modeling.contract import Baseline
from stages.tasks.seq2seq.modeling.data import Vocabularies
from stages.training.saved import SavedModel

if TYPE_CHECKING:
    from stages.tasks.dialogue.modeling.network import NeuralChooser  # imports Keras


class Saved(SavedModel[Chooser]):
    """A model of replies that `train` wrote."""

    task = "dialogue"
    builds_on = "seq2seq"
    keys = frozenset({"history", "words"})

    @cached_property
    def vocabularies(self) -> Vocabularies:
        """Both sides' vocabularies."""
        return Vocabularies.load(self.folder / "vocabularies.json")

    def replicas(self, seeds: Sequence[int] | None = None) -> Iterator[tuple[int, Chooser]]:
        """Yield (seed, model) for some seeds, or for all."""
        yield from self.load_replicas(seeds)

    def build_network(self) -> "NeuralChooser":
        """Return the network, with the weights of no replica."""
        from stages.tasks.dialogue.modeling.network import build_network

        return build_network(self.metadata["model"], self.parameters, self.vocabularies)

    def load_baseline(self, folder: Path) -> Baseline:
        """Return the baseline that a replica's folder holds."""
        model: Baseline = self.module.Model.load(folder, self.vocabularies)
        return model
