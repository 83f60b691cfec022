"""Data of forecasting in memory: scaled series in one array, and windows as views of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from stages.tasks.forecasting.modeling.scaler import ScalerState

BATCH = 128  # windows that are forecast at a time: more take memory, and no less time


@dataclass(frozen=True)
class Panel:
    """All series one after the other, scaled. n values, C covariates, S series."""

    values: np.ndarray  # (n,) float64: the truth that errors are measured against is not rounded
    covariates: np.ndarray  # (n, C) float32
    steps: np.ndarray  # (n,) int64: places on the time grid of all series, counted from train's begin
    filled: np.ndarray  # (n,) bool: made by reading.gaps, not observed
    bounds: np.ndarray  # (S + 1,) int64: series i is values[bounds[i]:bounds[i + 1]]

    @classmethod
    def open(cls, folder: Path) -> "Panel":
        """Open the arrays that `window` wrote; they stay on disk until they are used."""
        names = ("values", "covariates", "steps", "filled", "bounds")
        return cls(**{name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in names})

    def save(self, folder: Path) -> None:
        """Write the arrays."""
        for name, array in vars(self).items():
            np.save(folder / f"{name}.npy", array)


@dataclass(frozen=True)
class Windows:
    """Windows over a panel: look_back values are read (a view until they are), the next horizon values forecast."""

    panel: Panel
    starts: np.ndarray  # (windows,) int64
    look_back: int
    horizon: int

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def origins(self) -> np.ndarray:
        """Where each window's first target is in the panel, (windows,)."""
        return self.starts + self.look_back

    @property
    def steps(self) -> np.ndarray:
        """The time of each window's first target, in steps of the panel's grid, (windows,)."""
        return self.panel.steps[self.origins]

    @property
    def series(self) -> np.ndarray:
        """Each window's series, (windows,) int32."""
        return (np.searchsorted(self.panel.bounds, self.starts, side="right") - 1).astype(np.int32)

    def take(self, chosen: np.ndarray | slice) -> "Windows":
        """Return the windows at the given places: numbers, a mask or a slice."""
        return Windows(self.panel, self.starts[chosen], self.look_back, self.horizon)

    def subsample(self, count: int) -> "Windows":
        """Return at most so many windows, evenly spaced."""
        return self.take(np.unique(np.linspace(0, len(self) - 1, min(count, len(self))).astype(int)))

    def past(self, length: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the last values before each origin, (windows, length), and their covariates (windows, length, C)."""
        return self._slices(self.origins - length, length)

    def targets(self) -> np.ndarray:
        """Return the values to forecast, (windows, horizon)."""
        return sliding_window_view(self.panel.values, self.horizon)[self.origins]

    def observed_mask(self) -> np.ndarray:
        """Return which targets show how good a forecast is, (windows, horizon) bool: those that were observed.

        None of a window whose last value was filled: where gaps are interpolated, that value knows the next one.
        """
        filled = self.panel.filled
        return ~(sliding_window_view(filled, self.horizon)[self.origins] | filled[self.origins - 1][:, None])

    def future(self) -> np.ndarray:
        """Return the covariates of the values to forecast, (windows, horizon, C)."""
        return self._slices(self.origins, self.horizon)[1]

    def _slices(self, starts: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
        values = sliding_window_view(self.panel.values, length)[starts]
        covariates = sliding_window_view(self.panel.covariates, length, axis=0)[starts]  # (windows, C, length)
        return values, covariates.transpose(0, 2, 1)

    def batches(self, size: int = BATCH) -> Iterator["Windows"]:
        """Yield all windows in order, so many at a time."""
        for start in range(0, len(self), size):
            yield self.take(slice(start, start + size))


@dataclass(frozen=True)
class Prepared:
    """What `window` wrote for one dataset."""

    state: ScalerState
    train: Windows
    validation: Windows

    @classmethod
    def open(cls, folder: Path) -> "Prepared":
        """Open the folder that `window` wrote."""
        state, panel = ScalerState.load(folder / "scaler.json"), Panel.open(folder)
        train, validation = (
            Windows(panel, np.load(folder / f"{part}.starts.npy"), state.look_back, state.horizon)
            for part in ("train", "validation")
        )
        return cls(state, train, validation)
