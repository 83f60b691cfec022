"""The baseline: the mean of the window."""

from pathlib import Path
from typing import Any

import numpy as np

from stages.config.schema import ModelConfig
from stages.nn.model import TrainedModel
from stages.runtime.files import read_json, write_json


class Parameters(ModelConfig):
    """No choices to make."""


class Model(TrainedModel):
    """The mean of the window, and how far the next number lies from it on average."""

    def __init__(self, offset: float) -> None:
        """Keep the offset."""
        self.offset = offset

    @classmethod
    def fit(cls, parameters: Parameters, data: Any) -> "Model":
        """Measure on train how far the next number lies from the window's mean."""
        return cls(float((data.train[:, -1] - data.train[:, :-1].mean(1)).mean()))

    def predict(self, windows: np.ndarray) -> np.ndarray:
        """Return predictions (N,) for scaled windows (N, L)."""
        return windows.mean(1) + self.offset

    def num_params(self) -> int:
        """Return the number of fitted values."""
        return 1

    def save(self, folder: Path) -> None:
        """Write all that `load` needs."""
        write_json(folder / "offset.json", {"offset": self.offset}, digits=None)

    @classmethod
    def load(cls, folder: Path) -> "Model":
        """Read what `save` wrote."""
        return cls(read_json(folder / "offset.json")["offset"])
