"""Ridge regression from look-back to horizon, the last value subtracted (NLinear: Zeng et al. 2023), solved exactly."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from stages.tasks.forecasting.modeling.contract import Baseline, LookBackParameters

if TYPE_CHECKING:
    from stages.tasks.forecasting.modeling.data import Prepared, Windows

CHUNK = 4096  # windows that are added up at a time
VALIDATION_WINDOWS = 4000  # that choose the penalty


class Parameters(LookBackParameters):
    """One weight for each value or covariate to come that is read and each step; the same for all series."""

    alphas: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        default=(0.01, 0.1, 1.0), min_length=1, description="strengths of the penalty per window; validation chooses"
    )


class Model(Baseline):
    """Weights (features + 1, H) in the scaler's units; the last row is the intercept."""

    def __init__(self, weights: np.ndarray, look_back: int) -> None:
        """Keep the weights and how many values are read."""
        self.weights, self.look_back = weights, look_back

    @classmethod
    def fit(cls, parameters: Parameters, data: "Prepared") -> "Model":
        """Return the model of the penalty that does best on validation."""
        from scipy.linalg import eigh  # slow to import

        length = parameters.values_read(data.state)
        products = targets = 0
        for windows in data.train.batches(CHUNK):
            features, last = _features(windows, length)
            products = products + features.T @ features
            targets = targets + features.T @ (windows.targets() - last)
        values, vectors = eigh(products)
        projected = vectors.T @ targets
        validation = data.validation.subsample(VALIDATION_WINDOWS)
        models = [
            cls(vectors @ (projected / (np.maximum(values, 0) + alpha * len(data.train))[:, None]), length)
            for alpha in parameters.alphas
        ]
        truth = validation.targets()
        return min(models, key=lambda model: float(np.abs(model.forecast(validation) - truth).mean()))

    def forecast(self, windows: "Windows") -> np.ndarray:
        """Return the forecasts, (windows, H)."""
        features, last = _features(windows, self.look_back)
        return np.asarray(features @ self.weights + last)

    def num_params(self) -> int:
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
    future = windows.future().reshape(len(windows), -1)
    return np.concatenate([past - last, future, np.ones_like(last)], axis=1), last
