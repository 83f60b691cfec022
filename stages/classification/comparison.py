"""What `compare` has to know of text classification."""

import numpy as np
import pandas as pd

from stages.classification.claims import CLAIMS
from stages.classification.metrics import contributions, figures
from stages.significance import Measure

MEASURE = Measure("accuracy", "test accuracy", "points of test accuracy", scale=100, digits=1, shown="{:.1%}")
METRICS = {
    "accuracy": "Accuracy",
    "macro_f1": "Macro-F1",
    "log_loss": "Log loss ↓",
    "calibration_error": "Calibration error ↓",
}
ITEM = ["id", "label"]  # columns that must be the same for all models
LENGTH = "tokens"  # the column by which claims choose the longest and shortest items

__all__ = ["CLAIMS", "ITEM", "LENGTH", "MEASURE", "METRICS", "by_item", "by_seed", "figures"]


def by_seed(table: pd.DataFrame) -> np.ndarray:
    """Return every item's contributions to the figures, (seeds, items, columns), from a table of predictions."""
    columns = [column for column in table if column.startswith("probability.")]
    classes = [column.removeprefix("probability.") for column in columns]
    return np.stack(
        [
            contributions(np.searchsorted(classes, rows["label"].to_numpy()), rows[columns].to_numpy())
            for _, rows in table.groupby("seed")
        ]
    )


def by_item(table: pd.DataFrame) -> np.ndarray:
    """Return how often each item was classified rightly, the mean over seeds, (items,)."""
    hits = (table["label"] == table["predicted"]).astype(float)
    return hits.groupby(table["id"], sort=True).mean().to_numpy()
