"""The floor: every text gets the class shares of train."""

from pathlib import Path

import numpy as np

from stages.classification.models import Texts
from stages.files import read_json, write_json
from stages.schema import Frozen


class Parameters(Frozen):
    """No choices to make."""


class Model:
    """The class shares of train."""

    def __init__(self, shares: list[float]) -> None:
        self.shares = shares

    @classmethod
    def fit(cls, _parameters: Parameters, train: Texts, _validation: Texts, classes: int) -> "Model":
        """Count the labels of train: each text once, for figures count them so, whatever their weights."""
        return cls((np.bincount(train.labels, minlength=classes) / len(train.labels)).tolist())

    def predict(self, texts: list[str]) -> np.ndarray:
        """Return probabilities (texts, classes)."""
        return np.tile(self.shares, (len(texts), 1))

    def size(self) -> int:
        """Return the number of fitted values."""
        return len(self.shares)

    def save(self, folder: Path) -> None:
        """Write all that `load` needs."""
        write_json(folder / "shares.json", self.shares, digits=None)

    @classmethod
    def load(cls, folder: Path) -> "Model":
        """Read what `save` wrote."""
        return cls(read_json(folder / "shares.json"))
