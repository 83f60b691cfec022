"""Ridge regression from look-back to horizon, the last value subtracted (NLinear: Zeng et al. 2023), solved exactly."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from stages.schema import Frozen

if TYPE_CHECKING:
    from stages.forecasting.data import Prepared, Windows

CHUNK = 4096  # windows that are added up at a time


class Parameters(Frozen):
    """One weight a value that is read, a covariate to come, and a step to forecast; the same for all series."""

    look_back: int | None = Field(default=None, ge=1, description="at most so many of the last values; null: all")
    strengths: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        default=(0.01, 0.1, 1.0), min_length=1, description="of the penalty, by window; validation chooses"
    )


class Model:
    """Weights (features + 1, H) in the scaler's units; the last row is the intercept."""

    def __init__(self, weights: np.ndarray, look_back: int) -> None:
        """Keep the weights and how many values are read."""
        self.weights, self.look_back = weights, look_back

    @classmethod
    def fit(cls, parameters: Parameters, data: "Prepared") -> "Model":
        """Return the model of the penalty that does best on validation."""
        from scipy.linalg import eigh  # slow to import

        length = min(parameters.look_back or data.fitted.look_back, data.fitted.look_back)
        products = targets = 0
        for windows in data.train.batches(CHUNK):
            features, last = _features(windows, length)
            products = products + features.T @ features
            targets = targets + features.T @ (windows.targets() - last)
        values, vectors = eigh(products)
        turned = vectors.T @ targets
        looked_at = data.validation.spread(4000)
        models = [
            cls(vectors @ (turned / (np.maximum(values, 0) + strength * len(data.train))[:, None]), length)
            for strength in parameters.strengths
        ]
        truth = looked_at.targets()
        return min(models, key=lambda model: float(np.abs(model.forecast(looked_at) - truth).mean()))

    def forecast(self, windows: "Windows") -> np.ndarray:
        """Return the forecasts, (windows, H)."""
        features, last = _features(windows, self.look_back)
        return features @ self.weights + last

    def size(self) -> int:
        """Return the number of fitted values."""
        return self.weights.size

    def save(self, folder: Path) -> None:
        """Write the weights."""
        np.save(folder / "weights.npy", self.weights)
        np.save(folder / "look_back.npy", self.look_back)

    @classmethod
    def load(cls, folder: Path) -> "Model":
        """Read what `save` wrote."""
        return cls(np.load(folder / "weights.npy"), int(np.load(folder / "look_back.npy")))


def _features(windows: "Windows", length: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what is read of each window, (windows, features), and its last value, (windows, 1)."""
    past, _ = windows.past(length)
    last = past[:, -1:].astype(float)
    coming = windows.future().reshape(len(windows), -1)
    return np.concatenate([past - last, coming, np.ones_like(last)], axis=1), last
