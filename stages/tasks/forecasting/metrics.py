"""The metrics of forecasts, as functions of sums over the times at which they begin."""

from typing import TYPE_CHECKING

import numpy as np

from stages.evaluation.metric import Metric
from stages.tasks.forecasting.modeling.statistics import STATISTICS, mean_of, root_mean_of

if TYPE_CHECKING:
    import pandas as pd

METRICS = (
    Metric(
        "mase",
        "MASE",
        "MASE",
        mean_of("scaled"),
        "The mean absolute error of the forecasts' medians, on every window of the test part, in units of the error "
        "that the value a season before makes on train (Hyndman & Koehler 2006). Below 1 it is smaller.",
        higher_is_better=False,
        headline=True,
    ),
    Metric(
        "rmsse",
        "RMSSE",
        "RMSSE",
        root_mean_of("squared_scaled"),
        "The root of the mean squared error in the units of MASE: large errors count more, and series of different "
        "units count alike.",
        higher_is_better=False,
    ),
    Metric(
        "smape",
        "sMAPE",
        "sMAPE",
        mean_of("symmetric"),
        "The absolute error in percent of the mean of truth and forecast, from 0 to 200 %.",
        higher_is_better=False,
    ),
    Metric(
        "mse_standardised",
        "MSE, standardised",
        "standardised MSE",
        mean_of("squared_standardised"),
        "The mean squared error in the scaler's units (those of logarithms, where it is fitted to them), as the "
        "literature reports it.",
        higher_is_better=False,
    ),
    Metric(
        "mae_standardised",
        "MAE, standardised",
        "standardised MAE",
        mean_of("absolute_standardised"),
        "The mean absolute error in the scaler's units (those of logarithms, where it is fitted to them), as the "
        "literature reports it.",
        higher_is_better=False,
    ),
    Metric(
        "pinball",
        "Pinball loss",
        "pinball loss",
        mean_of("pinball"),
        "How well five quantiles of each value are forecast, in the scaler's units: a value above the quantile of "
        "level q costs q of the distance, a value below it 1 − q.",
        higher_is_better=False,
        headline=True,
    ),
    Metric(
        "coverage_80",
        "Coverage of 80 %",
        "coverage",
        mean_of("inside_80"),
        "The share of values inside the 80 % interval: the nearer to 0.8, the better.",
        higher_is_better=None,
        headline=True,
        limits=(0, 1),
    ),
    Metric(
        "interval_score_80",
        "Interval score of 80 %",
        "interval score",
        mean_of("score_80"),
        "The mean width of the 80 % interval, in the scaler's units, and for each value outside it 10 times how far "
        "(Gneiting & Raftery 2007): a wide interval covers easily, a good one is narrow and covers.",
        higher_is_better=False,
    ),
    Metric(
        "coverage_95",
        "Coverage of 95 %",
        "coverage",
        mean_of("inside_95"),
        "The share of values inside the 95 % interval: the nearer to 0.95, the better.",
        higher_is_better=None,
        limits=(0, 1),
    ),
    Metric(
        "interval_score_95",
        "Interval score of 95 %",
        "interval score",
        mean_of("score_95"),
        "The mean width of the 95 % interval, in the scaler's units, and for each value outside it 40 times how far "
        "(Gneiting & Raftery 2007): a wide interval covers easily, a good one is narrow and covers.",
        higher_is_better=False,
    ),
)

# Shown in no table of all models, but kept in the details of an evaluation; errors in the data's units by series alone.
UNITS = (
    Metric("mae", "MAE", "MAE", mean_of("absolute"), "The mean absolute error, in the data's units.", False),
    Metric(
        "rmse", "RMSE", "RMSE", root_mean_of("squared"), "The root of the mean squared error, in those units.", False
    ),
)
WIDTHS = tuple(
    Metric(
        f"width_{level}",
        f"Width of {level} %",
        "width",
        mean_of(f"width_{level}"),
        f"The mean width of the {level} % interval, in the scaler's units.",
        higher_is_better=None,
    )
    for level in (80, 95)
)


def per_seed(predictions: "pd.DataFrame") -> np.ndarray:
    """Return every origin's sums of STATISTICS, (seeds, origins, statistics)."""
    return np.stack([rows[list(STATISTICS)].to_numpy(float) for _, rows in predictions.groupby("seed")])
