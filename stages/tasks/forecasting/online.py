"""Online conformal calibration: as time goes on, a forecaster's intervals follow its residuals, the model stays.

The latest residuals of each series count: as many as validation gives, and at least MIN_CALIBRATION. Those of the test
part join them, and take the place of older ones, each as soon as its own value is known: of one forecast, the residual
one step ahead before the one at its end (ensemble batch prediction intervals: Xu & Xie 2021, whose residuals slide so).
"""

from collections.abc import Iterator

import numpy as np

from stages.runtime.clock import clock
from stages.tasks.forecasting.modeling.conformal import (
    MIN_CALIBRATION,
    Residuals,
    apply_offsets,
    calibration_mask,
    calibration_share,
)
from stages.tasks.forecasting.modeling.contract import Forecaster
from stages.tasks.forecasting.modeling.data import BATCH, Windows
from stages.tasks.forecasting.modeling.scaler import ScalerState
from stages.tasks.forecasting.modeling.statistics import to_quantiles

CHUNK = 32 * BATCH  # windows whose forecasts are held at a time


class OnlineConformal:
    """A model on the test part's windows, in order of time, with an update of its intervals now and then."""

    def __init__(self, model: Forecaster, validation: Windows, state: ScalerState) -> None:
        """Start from the residuals on validation."""
        num_series = len(state.series)
        self.model, self.state, self.residuals = model, state, Residuals.sample(model, validation, num_series)
        self.share = calibration_share(validation, num_series)
        self.latest = np.maximum(self.residuals.counts(num_series), MIN_CALIBRATION)
        self.offsets: list[np.ndarray] = []  # (series, H, levels) of each update
        self.seconds = 0.0  # of `clock`, that the model took for test's windows

    def forecast(self, windows: Windows, update: np.ndarray) -> Iterator[np.ndarray]:
        """Yield the quantiles of all windows in order, (n, H, levels) at a time.

        Args:
            windows: in order of time.
            update: the number of each window's update of the intervals, from 0 on; an update uses what is known when
                its first window begins.
        """
        begins = windows.steps[np.unique(update, return_index=True)[1]]
        counted = calibration_mask(windows, self.share)
        for start in range(0, len(windows), CHUNK):
            here = slice(start, start + CHUNK)
            chunk, began = windows.take(here), clock.seconds()
            forecasts = to_quantiles(self.model.forecast(chunk))
            self.seconds += clock.seconds() - began
            self.residuals = self.residuals.append(Residuals.of(forecasts[counted[here]], chunk.take(counted[here])))
            for number in range(len(self.offsets), update[here][-1] + 1):
                self.offsets.append(self.residuals.offsets(self.latest, begins[number]))
            for place in range(0, len(chunk), BATCH):
                rows = slice(place, place + BATCH)
                batch = chunk.take(rows)
                quantiles = apply_offsets(forecasts[rows], self._offsets_of(batch, update[here][rows]))
                yield self.state.clip(quantiles, batch.series)

    def repeat(self, windows: Windows, update: np.ndarray) -> np.ndarray:
        """Return the quantiles of a few of the windows that `forecast` has yielded, (windows, H, levels)."""
        quantiles = apply_offsets(self.model.forecast(windows), self._offsets_of(windows, update))
        return self.state.clip(quantiles, windows.series)

    def _offsets_of(self, windows: Windows, update: np.ndarray) -> np.ndarray:
        """Return what is added to each window's quantiles, (windows, H, levels)."""
        numbers, places = np.unique(update, return_inverse=True)
        return np.stack([self.offsets[number] for number in numbers])[places, windows.series]
