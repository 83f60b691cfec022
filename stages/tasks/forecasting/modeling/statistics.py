"""What every forecast value adds to sums, from which all metrics of forecasts are computed: sufficient statistics."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from stages.tasks.forecasting.modeling.contract import LEVELS, MEDIAN

if TYPE_CHECKING:
    from stages.tasks.forecasting.modeling.data import Windows
    from stages.tasks.forecasting.modeling.scaler import ScalerState

# 1, the error in the data's units and its square, the error in the series' naive error and its square, and in percent
# of the mean of both values, the error in the scaler's units and its square, the pinball loss in those units (the mean
# over LEVELS), and, for the 80 and 95 % intervals, whether the value lies inside, their width, and their score.
STATISTICS = (
    "values",
    "absolute",
    "squared",
    "scaled",
    "squared_scaled",
    "symmetric",
    "absolute_standardised",
    "squared_standardised",
    "pinball",
    "inside_80",
    "width_80",
    "score_80",
    "inside_95",
    "width_95",
    "score_95",
)
FromSums = Callable[[np.ndarray], np.ndarray]  # (…, statistics) → (…,)


def mean_of(statistic: str) -> FromSums:
    """Return the function from sums to the mean of a statistic over values."""
    place = STATISTICS.index(statistic)
    return lambda sums: np.asarray(sums[..., place] / sums[..., 0])


def root_mean_of(statistic: str) -> FromSums:
    """Return the function from sums to the root of the mean of a statistic over values."""
    mean = mean_of(statistic)
    return lambda sums: np.sqrt(mean(sums))


# Metrics on validation; the first chooses between models. Those of intervals are not among them: the intervals come
# from there, so validation would flatter them.
VALIDATION: dict[str, FromSums] = {
    "mase": mean_of("scaled"),
    "rmsse": root_mean_of("squared_scaled"),
    "smape": mean_of("symmetric"),
    "mse_standardised": mean_of("squared_standardised"),
    "mae_standardised": mean_of("absolute_standardised"),
}
# Metrics on validation after each epoch.
LEARNING_CURVE: dict[str, FromSums] = {
    "mase": mean_of("scaled"),
    "mse_standardised": mean_of("squared_standardised"),
    "pinball": mean_of("pinball"),
}


def to_quantiles(forecasts: np.ndarray) -> np.ndarray:
    """Return forecasts at every level, (windows, H, levels), from those or from one value per step."""
    by_level = forecasts if forecasts.ndim == 3 else forecasts[..., None]
    return np.broadcast_to(np.asarray(by_level, float), (*by_level.shape[:2], len(LEVELS)))


def forecast_statistics(quantiles: np.ndarray, windows: "Windows", state: "ScalerState") -> np.ndarray:
    """Return what every forecast value adds, (windows, H, statistics); zeros for a target that was not observed.

    Args:
        quantiles: of LEVELS in the scaler's units, (windows, H, levels).
        windows: that they forecast.
        state: the scaler.
    """
    targets, series = windows.targets().astype(float), windows.series
    truth, median = (state.inverse_transform(values, series) for values in (targets, quantiles[..., MEDIAN]))
    naive_error = np.array(state.naive_error)[series]
    return value_statistics(quantiles, targets, median, truth, naive_error) * windows.observed_mask()[..., None]


def value_statistics(
    quantiles: np.ndarray, targets: np.ndarray, median: np.ndarray, truth: np.ndarray, naive_error: np.ndarray
) -> np.ndarray:
    """Return STATISTICS of every forecast value, (windows, H, statistics).

    Args:
        quantiles: of LEVELS in the scaler's units, (windows, H, levels).
        targets: in the scaler's units, (windows, H).
        median, truth: the forecasts' median and the targets, in the data's units, (windows, H).
        naive_error: of each window's series, in the data's units, (windows,).
    """
    gaps = targets[..., None] - quantiles.astype(float)  # (windows, H, levels)
    standardised, levels = np.abs(gaps[..., MEDIAN]), np.array(LEVELS)
    error, size = np.abs(truth - median), np.abs(truth) + np.abs(median)
    intervals = []
    for low, high in ((1, 3), (0, 4)):
        inside = (gaps[..., low] >= 0) & (gaps[..., high] <= 0)
        width = quantiles[..., high] - quantiles[..., low]
        outside = np.maximum(-gaps[..., low], 0) + np.maximum(gaps[..., high], 0)
        intervals += [inside, width, width + outside / levels[low]]  # score: Gneiting & Raftery 2007, equation 43
    return np.stack(
        [
            np.ones_like(error),
            error,
            error**2,
            error / naive_error[:, None],
            (error / naive_error[:, None]) ** 2,
            200 * np.divide(error, size, out=np.zeros_like(size), where=size > 0),
            standardised,
            standardised**2,
            np.maximum(levels * gaps, (levels - 1) * gaps).mean(axis=-1),
            *intervals,
        ],
        axis=-1,
    )


def sum_statistics(forecast: Callable[["Windows"], np.ndarray], windows: "Windows", state: "ScalerState") -> np.ndarray:
    """Return the sums of STATISTICS over all values of some windows, (statistics,).

    Args:
        forecast: of windows → quantiles (windows, H, levels), or one value per step (windows, H).
        windows: to forecast.
        state: the scaler.
    """
    sums = np.zeros(len(STATISTICS))
    for batch in windows.batches():
        sums = sums + forecast_statistics(to_quantiles(forecast(batch)), batch, state).sum(axis=(0, 1))
    return sums


def validation_metrics(
    forecast: Callable[["Windows"], np.ndarray],
    windows: "Windows",
    state: "ScalerState",
    metrics: dict[str, FromSums] = VALIDATION,
) -> dict[str, float]:
    """Return metrics of what is forecast for some windows of validation; the arguments are `sum_statistics`'s."""
    sums = sum_statistics(forecast, windows, state)
    return {name: float(from_sums(sums)) for name, from_sums in metrics.items()}
