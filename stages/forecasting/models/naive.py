"""The last value, repeated: what a forecast of anything that wanders has to beat."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from stages.schema import Frozen

if TYPE_CHECKING:
    from stages.forecasting.data import Prepared, Windows


class Parameters(Frozen):
    """Nothing to choose."""


class Model:
    """The last value."""

    @classmethod
    def fit(cls, _parameters: Parameters, _data: "Prepared") -> "Model":
        """Return the model: nothing is learned."""
        return cls()

    def forecast(self, windows: "Windows") -> np.ndarray:
        """Return the value before each origin, (windows, H)."""
        return np.repeat(windows.past(1)[0], windows.horizon, axis=1)

    def size(self) -> int:
        """Return the number of fitted values."""
        return 0

    def save(self, folder: Path) -> None:
        """Write nothing: there is nothing to keep."""

    @classmethod
    def load(cls, _folder: Path) -> "Model":
        """Return the model."""
        return cls()
