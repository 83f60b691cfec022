"""The figures of forecasts, as functions of sums over blocks of windows."""

import numpy as np

from stages.forecasting.data import LEVELS, MEDIAN

# What every forecast value adds: 1, the error in the data's units and its square, the error in the series' naive error
# and in percent of the mean of both values, the error in the scaler's units and its square, the pinball loss in those
# units (the mean over LEVELS), and, of the 80 and 95 % intervals, whether the value lies inside, and their width.
COLUMNS = (
    "values",
    "absolute",
    "squared",
    "scaled",
    "symmetric",
    "absolute_standardised",
    "squared_standardised",
    "pinball",
    "inside_80",
    "width_80",
    "inside_95",
    "width_95",
)


def contributions(
    forecasts: np.ndarray, targets: np.ndarray, median: np.ndarray, truth: np.ndarray, naive: np.ndarray
) -> np.ndarray:
    """Return what every forecast value adds to the figures, (windows, H, columns of COLUMNS).

    Args:
        forecasts: quantiles of LEVELS in the scaler's units, (windows, H, levels).
        targets: in the scaler's units, (windows, H).
        median, truth: the forecasts' median and the targets, in the data's units, (windows, H).
        naive: the naive error of each window's series, in the data's units, (windows,).
    """
    gaps = targets[..., None] - forecasts.astype(float)  # (windows, H, levels)
    error = np.abs(gaps[..., MEDIAN])
    missed, size = np.abs(truth - median), np.abs(truth) + np.abs(median)
    levels = np.array(LEVELS)
    intervals = []
    for low, high in ((1, 3), (0, 4)):
        inside = (gaps[..., low] >= 0) & (gaps[..., high] <= 0)
        intervals += [inside, forecasts[..., high] - forecasts[..., low]]
    return np.stack(
        [
            np.ones_like(error),
            missed,
            missed**2,
            missed / naive[:, None],
            200 * np.divide(missed, size, out=np.zeros_like(size), where=size > 0),
            error,
            error**2,
            np.maximum(levels * gaps, (levels - 1) * gaps).mean(axis=-1),
            *intervals,
        ],
        axis=-1,
    )


def figures(sums: np.ndarray) -> dict[str, np.ndarray]:
    """Return the figures of weighted sums, (…, columns of COLUMNS) → (…,) each.

    mase: the mean absolute error in units of the series' own naive error on train, a season ago (Hyndman & Koehler
    2006); smape: from 0 to 200 %; what is standardised, and pinball and the widths, are in the scaler's units.
    """
    means = dict(zip(COLUMNS, np.moveaxis(sums / sums[..., :1], -1, 0), strict=True))
    return {
        "mase": means["scaled"],
        "mae": means["absolute"],
        "rmse": np.sqrt(means["squared"]),
        "smape": means["symmetric"],
        "mse_standardised": means["squared_standardised"],
        "mae_standardised": means["absolute_standardised"],
        "pinball": means["pinball"],
        "coverage_80": means["inside_80"],
        "width_80": means["width_80"],
        "coverage_95": means["inside_95"],
        "width_95": means["width_95"],
    }
