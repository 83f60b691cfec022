"""A fitted model with intervals that its latest errors settle."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from stages.forecasting.data import LEVELS, MEDIAN, Fitted, Windows
from stages.forecasting.metrics import contributions, figures

OFFSETS = "intervals.npy"
CALIBRATION = 2500  # windows of all series, about, whose errors settle the intervals; more where there are many series
ENOUGH = 39  # errors of a series: the least that a 95 % interval of its own needs
APART = 6  # forecasts that do not overlap: the least whose errors' ranks tell how far errors reach


@dataclass(frozen=True)
class Errors:
    """What a model's forecasts missed at each level, in order of time within each series."""

    gaps: np.ndarray  # (windows, H, levels)
    series: np.ndarray  # (windows,)
    steps: np.ndarray  # (windows,): when the forecasts began

    @classmethod
    def of(cls, forecasts: np.ndarray, windows: Windows) -> "Errors":
        """Return the errors of quantiles, or of one value a step."""
        gaps = windows.targets()[..., None] - quantiles(forecasts)
        return cls(gaps.astype(np.float32), windows.series, windows.steps)

    @classmethod
    def sample(cls, model: Any, windows: Windows, series: int) -> "Errors":
        """Return a model's errors on the share of some windows that counts."""
        counted = windows.some(drawn(windows, shares(windows, series)))
        return cls.of(model.forecast(counted), counted)

    def by_series(self, series: int) -> np.ndarray:
        """Return how many errors each series has, (series,)."""
        return np.bincount(self.series, minlength=series)

    def then(self, later: "Errors") -> "Errors":
        """Return these errors and later ones."""
        pairs = ((getattr(self, name), getattr(later, name)) for name in ("gaps", "series", "steps"))
        return Errors(*map(np.concatenate, pairs))

    def offsets(self, latest: np.ndarray, step: float = np.inf) -> np.ndarray:
        """Return what is added at each level, (series, H, levels): quantiles of the errors, by series and step.

        A series with less than ENOUGH errors has those of all series together. The median stays.

        Args:
            latest: how many errors of each series count, the last ones, (series,).
            step: errors count that were known by then, each as soon as its own value was.
        """
        together = np.argsort(self.steps, kind="stable")
        pooled = cache(lambda: self._ends(together, self._known(together, step), len(together)))
        offsets = []
        for number, most in enumerate(latest):
            own = together[self.series[together] == number]
            known = self._known(own, step)
            offsets.append(self._ends(own, known, most) if min(known[-1], most) >= ENOUGH else pooled())
        return np.stack(offsets)

    def _known(self, rows: np.ndarray, step: float) -> np.ndarray:
        """Return how many of some errors (n,), in order of time, are known by a step, for each value ahead (H,)."""
        return np.searchsorted(self.steps[rows], step - np.arange(self.gaps.shape[1]))

    def _ends(self, rows: np.ndarray, known: np.ndarray, most: int) -> np.ndarray:
        """Return the offsets (H, levels) that the last `most` of the known (H,) of some errors give."""
        offsets, counts = np.zeros(self.gaps.shape[1:], np.float32), np.minimum(known, most)
        for count in np.unique(counts):  # few: where many errors are known, all steps ahead have `most` of them
            ahead = np.flatnonzero(counts == count)
            last = rows[known[ahead] - count + np.arange(count)[:, None]]  # (count, steps ahead)
            gaps, reach = self.gaps[last, ahead], np.ptp(self.steps[last], axis=0)
            ranked = count >= ENOUGH and 1 + reach.max() / len(known) >= APART
            offsets[ahead] = _outward(gaps) if ranked else _of_few(gaps, 1 + reach / (1 + ahead))
        return offsets


def _outward(gaps: np.ndarray) -> np.ndarray:
    """Return the offsets (H, levels) that errors (n, H, levels) give by their rank.

    Each end is taken so far out as a finite sample asks for: of n errors the one of rank ⌈level (n + 1)⌉.
    """
    count, offsets = len(gaps), np.zeros(gaps.shape[1:], np.float32)
    for place, level in enumerate(LEVELS):
        if place != MEDIAN:
            rank = min(ceil(round(max(level, 1 - level) * (count + 1), 9)), count)
            place_in_order = rank - 1 if level > 0.5 else count - rank
            offsets[:, place] = np.partition(gaps[..., place], place_in_order, axis=0)[place_in_order]
    return offsets


def _of_few(gaps: np.ndarray, independent: np.ndarray) -> np.ndarray:
    """Return the offsets (H, levels) that a few errors (n, H, levels) give.

    The ends lie as far from the median as Student's t says for its errors' mean square. Errors of forecasts that
    overlap are alike, and so may be those of several series at a time: as many degrees of freedom count as there are
    `independent` times (H,), for errors h steps ahead those with h steps between them.
    """
    from scipy.special import stdtrit  # slow to import

    freedom = np.minimum(len(gaps), independent)
    missed = gaps[..., MEDIAN].astype(float)  # (n, H)
    ends = stdtrit(freedom[:, None], LEVELS) * np.sqrt((missed**2).mean(axis=0))[:, None]
    return (ends - (missed[..., None] - gaps).mean(axis=0)).astype(np.float32)  # less what lies between them already


class Forecaster:
    """A model that forecasts quantiles, or one value a step, and what is added to it at each level.

    The offsets are quantiles of what the forecasts at a level missed lately, by series and step (conformalised quantile
    regression: Romano et al. 2019; for one value a step, split conformal prediction), or those of Student's t.
    """

    def __init__(self, model: Any, offsets: np.ndarray) -> None:
        """Keep the model and the offsets, (series, H, levels)."""
        self.model, self.offsets = model, offsets

    @classmethod
    def calibrate(cls, model: Any, windows: Windows, series: int) -> "Forecaster":
        """Return the model with the offsets that its errors on some windows give."""
        errors = Errors.sample(model, windows, series)
        return cls(model, errors.offsets(errors.by_series(series)))

    def recalibrate(self, windows: Windows) -> "Forecaster":
        """Return the model with offsets from later windows, for the series that have ENOUGH of them."""
        if len(windows) < ENOUGH:
            return self
        errors = Errors.sample(self.model, windows, len(self.offsets))
        counts = errors.by_series(len(self.offsets))
        many = (counts >= ENOUGH)[:, None, None]
        return Forecaster(self.model, np.where(many, errors.offsets(counts), self.offsets))

    def forecast(self, windows: Windows) -> np.ndarray:
        """Return quantiles that never cross, (windows, H, levels), in the scaler's units."""
        return widened(self.model.forecast(windows), self.offsets[windows.series])

    def save(self, folder: Path) -> None:
        """Write the model and the offsets."""
        self.model.save(folder)
        np.save(folder / OFFSETS, self.offsets)


def shares(windows: Windows, series: int) -> np.ndarray:
    """Return the share of each series' windows whose errors count, (series,): it stays fast, and each has ENOUGH."""
    return np.minimum(1, max(CALIBRATION / series, 2 * ENOUGH) / np.bincount(windows.series, minlength=series).clip(1))


def drawn(windows: Windows, share: np.ndarray) -> np.ndarray:
    """Return whether each window's errors count, (windows,): all its targets do, and chance has drawn it.

    By chance, for a fixed stride might fall in with the season. A series with less than ENOUGH windows without a
    filled value has all of its errors count.
    """
    chance = np.random.default_rng(0).random(len(windows)) < share[windows.series]
    observed = windows.counted().all(axis=1)
    few = np.bincount(windows.series, observed, minlength=len(share)) < ENOUGH
    return chance & (observed | few[windows.series])


def quantiles(forecasts: np.ndarray) -> np.ndarray:
    """Return forecasts at every level, (windows, H, levels), from those or from one value a step."""
    by_level = forecasts if forecasts.ndim == 3 else forecasts[..., None]
    return np.broadcast_to(np.asarray(by_level, float), (*by_level.shape[:2], len(LEVELS)))


def widened(forecasts: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Return forecasts at every level with their offsets, made not to cross; (windows, H, levels) each."""
    found = quantiles(forecasts) + offsets
    found[..., MEDIAN:] = np.maximum.accumulate(found[..., MEDIAN:], axis=-1)
    found[..., MEDIAN::-1] = np.minimum.accumulate(found[..., MEDIAN::-1], axis=-1)
    return found


def measure_windows(forecast: Callable[[Windows], np.ndarray], windows: Windows, fitted: Fitted) -> dict[str, float]:
    """Return the figures of what a forecaster, or a model, forecasts for some windows."""
    sums = 0.0
    for some in windows.batches():
        sums = sums + added(quantiles(forecast(some)), some, fitted).sum(axis=(0, 1))
    return {name: float(value) for name, value in figures(sums).items()}


def added(forecasts: np.ndarray, windows: Windows, fitted: Fitted) -> np.ndarray:
    """Return what every forecast value adds to the figures, (windows, H, columns); nothing if it does not count."""
    targets, naive = windows.targets().astype(float), np.array(fitted.naive_error)[windows.series]
    truth, median = (fitted.restored(values, windows.series) for values in (targets, forecasts[..., MEDIAN]))
    return contributions(forecasts, targets, median, truth, naive) * windows.counted()[..., None]
