"""A trained model that finds objects; beside the replicas lies what was fitted on train, preprocessor.json."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from stages.tasks.detection.modeling.contract import Baseline, Detector
from stages.tasks.detection.modeling.data import RegionPreprocessor
from stages.training.saved import SavedModel

if TYPE_CHECKING:
    from stages.tasks.detection.modeling.network import NeuralDetector  # imports Keras


class Saved(SavedModel[Detector]):
    """A model that finds objects, which `train` wrote."""

    task = "detection"

    @cached_property
    def preprocessor(self) -> RegionPreprocessor:
        """What was fitted on train."""
        return RegionPreprocessor.load(self.folder / "preprocessor.json")

    def replicas(self, seeds: Sequence[int] | None = None) -> Iterator[tuple[int, Detector]]:
        """Yield (seed, model) for some seeds, or for all."""
        yield from self.load_replicas(seeds)

    def build_network(self) -> "NeuralDetector":
        """Return the network, with the weights of no replica."""
        from stages.tasks.detection.modeling.network import build_network

        return build_network(self.metadata["model"], self.parameters, self.preprocessor)

    def load_baseline(self, folder: Path) -> Baseline:
        """Return the baseline that a replica's folder holds."""
        model: Baseline = self.module.Model.load(folder, self.preprocessor)
        return model
