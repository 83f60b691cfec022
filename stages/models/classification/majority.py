"""The floor: every example gets the shares of the classes in train."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from stages.config.schema import ModelConfig
from stages.runtime.files import read_json, write_json
from stages.tasks.classification.modeling.contract import Baseline

if TYPE_CHECKING:
    from stages.tasks.classification.modeling.data import Prepared


class Parameters(ModelConfig):
    """No choices to make."""


class Model(Baseline):
    """The shares of the classes in train."""

    def __init__(self, probs: list[float]) -> None:
        """Keep each class's share."""
        self.probs = probs

    @classmethod
    def fit(cls, _parameters: Parameters, data: "Prepared") -> Self:
        """Count the labels of train: each example once, for metrics count them so, whatever their weights."""
        labels = data.part("train").labels
        return cls((np.bincount(labels, minlength=len(data.labels)) / len(labels)).tolist())

    def predict(self, inputs: Sequence[Any]) -> np.ndarray:
        """Return probabilities (examples, classes)."""
        return np.tile(self.probs, (len(inputs), 1))

    def num_params(self) -> int:
        """Return the number of fitted values."""
        return len(self.probs)

    def save(self, folder: Path) -> None:
        """Write all that `load` needs."""
        write_json(folder / "probs.json", {"probs": self.probs}, digits=None)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        return cls(read_json(folder / "probs.json")["probs"])
