"""The last value, repeated: the baseline for anything that wanders."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from stages.tasks.forecasting.modeling.contract import Baseline, ForecasterParameters

if TYPE_CHECKING:
    from stages.tasks.forecasting.modeling.data import Prepared, Windows


class Parameters(ForecasterParameters):
    """Nothing to choose."""


class Model(Baseline):
    """The last value."""

    @classmethod
    def fit(cls, parameters: Parameters, data: "Prepared") -> "Model":
        """Return the model: nothing is learned."""
        return cls()

    def forecast(self, windows: "Windows") -> np.ndarray:
        """Return the value before each origin, (windows, H)."""
        return np.repeat(windows.past(1)[0], windows.horizon, axis=1)

    def num_params(self) -> int:
        """Return the number of fitted values."""
        return 0

    def save(self, folder: Path) -> None:
        """Write nothing: there is nothing to keep."""

    @classmethod
    def load(cls, folder: Path) -> "Model":
        """Return the model."""
        return cls()
