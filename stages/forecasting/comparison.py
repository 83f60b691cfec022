"""What `compare` has to know of forecasting: its items are blocks of time in the test part."""

import numpy as np
import pandas as pd

from stages.claims import Claim
from stages.forecasting.metrics import COLUMNS, figures
from stages.significance import Measure

MEASURE = Measure("mase", "test MASE", "MASE", higher_is_better=False)
METRICS = {
    "mase": "MASE ↓",
    "mae": "MAE ↓",
    "rmse": "RMSE ↓",
    "smape": "sMAPE ↓",
    "mse_standardised": "MSE, standardised ↓",
    "mae_standardised": "MAE, standardised ↓",
    "pinball": "Pinball loss ↓",
    "coverage_80": "Coverage of 80 %",
    "coverage_95": "Coverage of 95 %",
}
ITEM = ["id", "values"]  # columns that must be the same for all models
LENGTH = None  # of items: claims speak of all
CLAIMS = (
    Claim("A recurrent network beats yesterday's value", "lstm", "naive", "all"),
    Claim("A recurrent network beats the last season", "lstm", "seasonal_naive", "all"),
    Claim("A recurrent network beats a straight line", "segment_rnn", "linear", "all"),
    Claim("Gates keep a longer memory", "lstm", "rnn", "all"),
    Claim("Gates keep a longer memory", "gru", "rnn", "all"),
    Claim("Attention refers back to the past", "attention", "gru", "all"),
    Claim("Convolutions serve sequences as well as recurrence", "cnn", "lstm", "all"),
)

__all__ = ["CLAIMS", "ITEM", "LENGTH", "MEASURE", "METRICS", "by_item", "by_seed", "figures"]


def by_seed(table: pd.DataFrame) -> np.ndarray:
    """Return every block's sums, (seeds, blocks, columns), from a table of predictions."""
    return np.stack([rows[list(COLUMNS)].to_numpy(float) for _, rows in table.groupby("seed")])


def by_item(table: pd.DataFrame) -> np.ndarray:
    """Return what each block adds to the MASE, the mean over seeds, (blocks,): their mean is the figure."""
    found = by_seed(table).mean(axis=0)
    return found[:, COLUMNS.index("scaled")] / found[:, 0].mean()
