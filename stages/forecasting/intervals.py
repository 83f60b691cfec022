"""A fitted model with intervals that its errors on validation settle."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from stages.forecasting.data import LEVELS, MEDIAN, Fitted, Windows
from stages.forecasting.metrics import contributions, figures

OFFSETS = "intervals.npy"


class Forecaster:
    """A model that forecasts quantiles, or one value a step, and what is added to it at each level.

    The offsets are the quantiles of what the forecasts at a level missed on validation, by series and step
    (conformalised quantile regression: Romano et al. 2019; for one value a step, split conformal prediction). Each
    end is taken outwards to the next observed error, as many as a finite sample asks for. The median stays.
    """

    def __init__(self, model: Any, offsets: np.ndarray) -> None:
        """Keep the model and the offsets, (series, H, levels)."""
        self.model, self.offsets = model, offsets

    @classmethod
    def calibrate(cls, model: Any, windows: Windows, series: int) -> "Forecaster":
        """Return the model with the offsets that its errors on some windows of each series give."""
        gaps = windows.targets()[..., None] - _quantiles(model.forecast(windows))
        offsets = np.zeros((series, windows.horizon, len(LEVELS)))
        for number in range(series):
            own = gaps[windows.series == number]
            for place, level in enumerate(LEVELS):
                if place != MEDIAN:
                    offsets[number, :, place] = _outward_quantile(own[..., place], level)
        return cls(model, offsets)

    def forecast(self, windows: Windows) -> np.ndarray:
        """Return quantiles that never cross, (windows, H, levels), in the scaler's units."""
        found = _quantiles(self.model.forecast(windows)) + self.offsets[windows.series]
        found[..., MEDIAN:] = np.maximum.accumulate(found[..., MEDIAN:], axis=-1)
        found[..., MEDIAN::-1] = np.minimum.accumulate(found[..., MEDIAN::-1], axis=-1)
        return found

    def save(self, folder: Path) -> None:
        """Write the model and the offsets."""
        self.model.save(folder)
        np.save(folder / OFFSETS, self.offsets)


def _quantiles(forecasts: np.ndarray) -> np.ndarray:
    """Return forecasts at every level, (windows, H, levels), from those or from one value a step."""
    by_level = forecasts if forecasts.ndim == 3 else forecasts[..., None]
    return np.broadcast_to(np.asarray(by_level, float), (*by_level.shape[:2], len(LEVELS)))


def _outward_quantile(errors: np.ndarray, level: float) -> np.ndarray:
    """Return the quantile of (windows, H) errors over windows, (H,), so that a new one too lies within (H,)."""
    count = len(errors)
    share = np.ceil(max(level, 1 - level) * (count + 1)) / count
    side = min(share, 1.0) if level > 0.5 else max(1 - share, 0.0)
    return np.quantile(errors, side, axis=0, method="higher" if level > 0.5 else "lower")


def measure_windows(forecast: Callable[[Windows], np.ndarray], windows: Windows, fitted: Fitted) -> dict[str, float]:
    """Return the figures of what a forecaster, or a model, forecasts for some windows."""
    sums = 0.0
    for some in windows.batches():
        sums = sums + added(_quantiles(forecast(some)), some, fitted).sum(axis=(0, 1))
    return {name: float(value) for name, value in figures(sums).items()}


def added(forecasts: np.ndarray, windows: Windows, fitted: Fitted) -> np.ndarray:
    """Return what every forecast value adds to the figures, (windows, H, columns)."""
    scale, center, naive = (
        np.array(values)[windows.series] for values in (fitted.scale, fitted.center, fitted.naive_error)
    )
    return contributions(forecasts, windows.targets(), scale, center, naive)
