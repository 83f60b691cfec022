"""A trained model of pairs; beside the replicas lies what was fitted on train, for texts vocabularies.json."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from stages.tasks.seq2seq.modeling.contract import Baseline, Translator
from stages.tasks.seq2seq.modeling.data import Preprocessor, Vocabularies
from stages.training.saved import SavedModel

if TYPE_CHECKING:
    from stages.tasks.seq2seq.modeling.network import NeuralTranslator  # imports Keras


class SavedTranslator(SavedModel[Translator]):
    """A model that writes which `train` wrote, for sources of any kind."""

    @property
    @abstractmethod
    def preprocessor(self) -> Preprocessor:
        """What was fitted on train."""

    def replicas(self, seeds: Sequence[int] | None = None) -> Iterator[tuple[int, Translator]]:
        """Yield (seed, model) for some seeds, or for all."""
        yield from self.load_replicas(seeds)

    def build_network(self) -> "NeuralTranslator":
        """Return the network, with the weights of no replica."""
        from stages.tasks.seq2seq.modeling.network import build_network

        return build_network(self.metadata["model"], self.parameters, self.preprocessor)

    def load_baseline(self, folder: Path) -> Baseline:
        """Return the baseline that a replica's folder holds."""
        model: Baseline = self.module.Model.load(folder, self.preprocessor)
        return model


class Saved(SavedTranslator):
    """A model of pairs of texts."""

    task = "seq2seq"

    @property
    def preprocessor(self) -> Vocabularies:
        """Both sides' vocabularies."""
        return self.vocabularies

    @cached_property
    def vocabularies(self) -> Vocabularies:
        """Both sides' vocabularies."""
        return Vocabularies.load(self.folder / "vocabularies.json")
