"""Conformal calibration: a fitted model's intervals, from the latest residuals of its forecasts.

It stays here, and not with the evaluation of all tasks, because its offsets are part of a trained model.
"""

from dataclasses import dataclass
from functools import cache
from math import ceil
from pathlib import Path

import numpy as np

from stages.tasks.forecasting.modeling.contract import LEVELS, MEDIAN, Forecaster
from stages.tasks.forecasting.modeling.data import Windows
from stages.tasks.forecasting.modeling.scaler import ScalerState
from stages.tasks.forecasting.modeling.statistics import to_quantiles

OFFSETS = "intervals.npy"
CALIBRATION = 2500  # windows of all series, about, whose residuals count; more where there are many series
MIN_CALIBRATION = 39  # residuals of a series: the least that a 95 % interval of its own needs
MIN_INDEPENDENT = 6  # forecasts that do not overlap: the least for the residuals' ranks to show how far they reach


@dataclass(frozen=True)
class Residuals:
    """Targets minus a model's forecasts at each level, in order of time within each series."""

    gaps: np.ndarray  # (windows, H, levels)
    series: np.ndarray  # (windows,)
    steps: np.ndarray  # (windows,): when the forecasts began

    @classmethod
    def of(cls, forecasts: np.ndarray, windows: Windows) -> "Residuals":
        """Return the residuals of quantiles, or of one value per step."""
        gaps = windows.targets()[..., None] - to_quantiles(forecasts)
        return cls(gaps.astype(np.float32), windows.series, windows.steps)

    @classmethod
    def sample(cls, model: Forecaster, windows: Windows, num_series: int) -> "Residuals":
        """Return a model's residuals on those of the windows that count."""
        chosen = windows.take(calibration_mask(windows, calibration_share(windows, num_series)))
        return cls.of(model.forecast(chosen), chosen)

    def counts(self, num_series: int) -> np.ndarray:
        """Return how many residuals each series has, (series,)."""
        return np.bincount(self.series, minlength=num_series)

    def append(self, later: "Residuals") -> "Residuals":
        """Return these residuals and later ones."""
        return Residuals(
            np.concatenate([self.gaps, later.gaps]),
            np.concatenate([self.series, later.series]),
            np.concatenate([self.steps, later.steps]),
        )

    def offsets(self, latest: np.ndarray, step: float = np.inf) -> np.ndarray:
        """Return what is added at each level, (series, H, levels): quantiles of the residuals, by series and step.

        A series with fewer than MIN_CALIBRATION residuals gets those of all series together. The median stays.

        Args:
            latest: how many residuals of each series count, the last ones, (series,).
            step: only residuals that were known by then count, each as soon as its own value was.
        """
        in_order = np.argsort(self.steps, kind="stable")
        pooled = cache(lambda: self._ends(in_order, self._num_known(in_order, step), len(in_order)))
        offsets = []
        for number, most in enumerate(latest):
            rows = in_order[self.series[in_order] == number]
            known = self._num_known(rows, step)
            enough = min(known[-1], most) >= MIN_CALIBRATION
            offsets.append(self._ends(rows, known, most) if enough else pooled())
        return np.stack(offsets)

    def _num_known(self, rows: np.ndarray, step: float) -> np.ndarray:
        """Return how many of some residuals (n,), in order of time, are known by a step, for each value ahead (H,)."""
        return np.searchsorted(self.steps[rows], step - np.arange(self.gaps.shape[1]))

    def _ends(self, rows: np.ndarray, known: np.ndarray, most: int) -> np.ndarray:
        """Return the offsets (H, levels) that the last `most` of the known (H,) of some residuals give."""
        offsets, counts = np.zeros(self.gaps.shape[1:], np.float32), np.minimum(known, most)
        for count in np.unique(counts):  # few: where many residuals are known, all steps ahead have `most` of them
            ahead = np.flatnonzero(counts == count)
            last = rows[known[ahead] - count + np.arange(count)[:, None]]  # (count, steps ahead)
            gaps, reach = self.gaps[last, ahead], np.ptp(self.steps[last], axis=0)
            ranked = count >= MIN_CALIBRATION and 1 + reach.max() / len(known) >= MIN_INDEPENDENT
            offsets[ahead] = _offsets_by_rank(gaps) if ranked else _student_t_offsets(gaps, 1 + reach / (1 + ahead))
        return offsets


def _offsets_by_rank(gaps: np.ndarray) -> np.ndarray:
    """Return the offsets (H, levels) that residuals (n, H, levels) give by their rank.

    Each end is as far out as a finite sample needs: of n residuals the one of rank ⌈level (n + 1)⌉.
    """
    count, offsets = len(gaps), np.zeros(gaps.shape[1:], np.float32)
    for place, level in enumerate(LEVELS):
        if place != MEDIAN:
            rank = min(ceil(round(max(level, 1 - level) * (count + 1), 9)), count)
            place_in_order = rank - 1 if level > 0.5 else count - rank
            offsets[:, place] = np.partition(gaps[..., place], place_in_order, axis=0)[place_in_order]
    return offsets


def _student_t_offsets(gaps: np.ndarray, independent: np.ndarray) -> np.ndarray:
    """Return the offsets (H, levels) that a few residuals (n, H, levels) give.

    The ends are as far from the median as Student's t says for the mean square of its residuals. Residuals of forecasts
    that overlap are alike, and so may be those of several series at a time: there are as many degrees of freedom as
    `independent` times (H,), for residuals h steps ahead those with h steps between them.
    """
    from scipy.special import stdtrit  # slow to import

    freedom = np.minimum(len(gaps), independent)
    residuals = gaps[..., MEDIAN].astype(float)  # (n, H)
    ends = stdtrit(freedom[:, None], LEVELS) * np.sqrt((residuals**2).mean(axis=0))[:, None]
    model_ends = (residuals[..., None] - gaps).mean(axis=0)  # from the median, as the model has them already
    return np.asarray(ends - model_ends, np.float32)


class CalibratedForecaster(Forecaster):
    """A model that forecasts quantiles, or one value per step, and what is added to it at each level.

    The offsets are quantiles of the latest residuals at a level, by series and step (conformalised quantile regression:
    Romano et al. 2019; for one value per step, split conformal prediction), or those of Student's t.
    """

    def __init__(self, model: Forecaster, offsets: np.ndarray, state: ScalerState) -> None:
        """Keep the model, the offsets (series, H, levels), and the scaler, which has the bounds of forecasts."""
        self.model, self.offsets, self.state = model, offsets, state

    @classmethod
    def calibrate(cls, model: Forecaster, windows: Windows, state: ScalerState) -> "CalibratedForecaster":
        """Return the model with the offsets that its residuals on some windows give."""
        num_series = len(state.series)
        residuals = Residuals.sample(model, windows, num_series)
        return cls(model, residuals.offsets(residuals.counts(num_series)), state)

    def recalibrate(self, windows: Windows) -> "CalibratedForecaster":
        """Return the model with offsets from later windows, for the series that have MIN_CALIBRATION of them."""
        if len(windows) < MIN_CALIBRATION:
            return self
        residuals = Residuals.sample(self.model, windows, len(self.offsets))
        counts = residuals.counts(len(self.offsets))
        enough = (counts >= MIN_CALIBRATION)[:, None, None]
        offsets = np.where(enough, residuals.offsets(counts), self.offsets)
        return CalibratedForecaster(self.model, offsets, self.state)

    def forecast(self, windows: Windows) -> np.ndarray:
        """Return quantiles that never cross, within the bounds, (windows, H, levels), in the scaler's units."""
        quantiles = apply_offsets(self.model.forecast(windows), self.offsets[windows.series])
        return self.state.clip(quantiles, windows.series)

    def num_params(self) -> int:
        """Return the number of the model's fitted values."""
        return self.model.num_params()

    def save(self, folder: Path) -> None:
        """Write the model and the offsets."""
        self.model.save(folder)
        np.save(folder / OFFSETS, self.offsets)


def calibration_share(windows: Windows, num_series: int) -> np.ndarray:
    """Return the share of each series' windows whose residuals count, (series,).

    It keeps calibration fast, and leaves each series at least MIN_CALIBRATION.
    """
    counts = np.bincount(windows.series, minlength=num_series).clip(1)
    return np.asarray(np.minimum(1, max(CALIBRATION / num_series, 2 * MIN_CALIBRATION) / counts))


def calibration_mask(windows: Windows, share: np.ndarray) -> np.ndarray:
    """Return whether each window's residuals count, (windows,): all its targets were observed, and it is sampled.

    It is sampled at random, because a fixed stride might coincide with the season. If a series has fewer than
    MIN_CALIBRATION windows without a filled value, all of its windows may be sampled.
    """
    sampled = np.random.default_rng(0).random(len(windows)) < share[windows.series]
    observed = windows.observed_mask().all(axis=1)
    few = np.bincount(windows.series, observed, minlength=len(share)) < MIN_CALIBRATION
    return sampled & (observed | few[windows.series])


def apply_offsets(forecasts: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Return forecasts at every level with their offsets, made not to cross; (windows, H, levels) each."""
    quantiles = to_quantiles(forecasts) + offsets
    quantiles[..., MEDIAN:] = np.maximum.accumulate(quantiles[..., MEDIAN:], axis=-1)
    quantiles[..., MEDIAN::-1] = np.minimum.accumulate(quantiles[..., MEDIAN::-1], axis=-1)
    return quantiles
