"""A forecaster as time goes on: its intervals follow the errors known so far, the model itself stays.

The latest errors of each series count: as many as validation gives, and at least ENOUGH. Those of the test part join
them, and take the place of older ones, each as soon as its own value is known: of one forecast, the error one step
ahead before the error at its end (ensemble batch prediction intervals: Xu & Xie 2021, whose residuals slide so).
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from stages.clock import clock
from stages.forecasting.data import BATCH, Windows
from stages.forecasting.intervals import ENOUGH, Errors, drawn, quantiles, shares, widened

CHUNK = 32 * BATCH  # windows whose forecasts are held at a time


class Rolling:
    """A model on the test part's windows, in order of time, with an update of its intervals now and then."""

    def __init__(self, model: Any, validation: Windows, series: int) -> None:
        """Take the errors on validation to begin with."""
        self.model, self.errors = model, Errors.sample(model, validation, series)
        self.share = shares(validation, series)
        self.latest = np.maximum(self.errors.by_series(series), ENOUGH)
        self.offsets: list[np.ndarray] = []  # (series, H, levels) of each update
        self.seconds = 0.0  # of `clock`, that the model took for test's windows

    def forecast(self, windows: Windows, update: np.ndarray) -> Iterator[np.ndarray]:
        """Yield the quantiles of all windows in order, (n, H, levels) at a time.

        Args:
            windows: in order of time.
            update: of each window, from 0 on; it rests on what was known when the first window after it begins.
        """
        begins = windows.steps[np.unique(update, return_index=True)[1]]
        counted = drawn(windows, self.share)
        for start in range(0, len(windows), CHUNK):
            here = slice(start, start + CHUNK)
            some, began = windows.some(here), clock.seconds()
            forecasts = quantiles(self.model.forecast(some))
            self.seconds += clock.seconds() - began
            self.errors = self.errors.then(Errors.of(forecasts[counted[here]], some.some(counted[here])))
            for number in range(len(self.offsets), update[here][-1] + 1):
                self.offsets.append(self.errors.offsets(self.latest, begins[number]))
            for place in range(0, len(some), BATCH):
                own = slice(place, place + BATCH)
                yield widened(forecasts[own], self._offsets_of(some.some(own), update[here][own]))

    def again(self, windows: Windows, update: np.ndarray) -> np.ndarray:
        """Return the quantiles of a few of the windows that `forecast` has told, (windows, H, levels)."""
        return widened(self.model.forecast(windows), self._offsets_of(windows, update))

    def _offsets_of(self, windows: Windows, update: np.ndarray) -> np.ndarray:
        """Return what is added to each window's quantiles, (windows, H, levels)."""
        numbers, places = np.unique(update, return_inverse=True)
        return np.stack([self.offsets[number] for number in numbers])[places, windows.series]
