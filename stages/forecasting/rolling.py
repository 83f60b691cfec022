"""A forecaster as time goes on: its intervals follow the errors known so far, the model itself stays.

The latest errors of each series count, as many as validation gives; those of the test part take their place once their
windows' targets are known (ensemble batch prediction intervals: Xu & Xie 2021, whose residuals slide in this way).
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from stages.forecasting.data import BATCH, Windows
from stages.forecasting.intervals import CALIBRATION, ENOUGH, Errors, quantiles, widened

CHUNK = 32 * BATCH  # windows whose forecasts are held at a time


class Rolling:
    """A model on windows that come one block of time after the other."""

    def __init__(self, model: Any, validation: Windows, series: int) -> None:
        """Take the errors on validation to begin with."""
        first = validation.spread(CALIBRATION)
        self.model, self.errors = model, Errors.of(model.forecast(first), first)
        self.latest = np.maximum(np.bincount(first.series, minlength=series), ENOUGH)
        self.offsets: dict[int, np.ndarray] = {}  # (series, H, levels) by block

    def forecast(self, windows: Windows, block: np.ndarray, counted: np.ndarray) -> Iterator[np.ndarray]:
        """Yield the quantiles of all windows in order, (n, H, levels) at a time.

        Args:
            windows: in order of time.
            block: of each window; a block's intervals rest on what was known when its first window begins.
            counted: whether a window's errors count later on, (windows,).
        """
        begins = windows.steps[np.unique(block, return_index=True)[1]]
        for start in range(0, len(windows), CHUNK):
            here = slice(start, start + CHUNK)
            some, forecasts = windows.some(here), quantiles(self.model.forecast(windows.some(here)))
            self.errors = self.errors.then(Errors.of(forecasts[counted[here]], some.some(counted[here])))
            for number in np.unique(block[here]):
                self.offsets[number] = self.errors.offsets(self.latest, begins[number])
                own = block[here] == number
                yield self.widened(forecasts[own], some.some(own), number)

    def widened(self, forecasts: np.ndarray, windows: Windows, number: int) -> np.ndarray:
        """Return the quantiles of one block's windows with its intervals."""
        return widened(forecasts, self.offsets[number][windows.series])
