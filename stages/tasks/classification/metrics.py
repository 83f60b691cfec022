"""The metrics of text classification, and the notes' hypotheses."""

import numpy as np
import pandas as pd

from stages.evaluation.hypotheses import Hypothesis
from stages.evaluation.metric import Metric
from stages.tasks.classification.modeling.statistics import (
    accuracy,
    calibration_error,
    log_loss,
    macro_f1,
    sufficient_statistics,
)

METRICS = (
    Metric(
        "accuracy",
        "Accuracy",
        "points of accuracy",
        accuracy,
        "The share of texts that get the right label.",
        headline=True,
        scale=100,
        digits=1,
        format="{:.1%}",
        limits=(0, 1),
    ),
    Metric(
        "macro_f1",
        "Macro-F1",
        "macro-F1",
        macro_f1,
        "F1 balances a class's precision and recall; macro-F1 is its plain mean over classes, so that a rare class "
        "counts as much as a frequent one.",
        headline=True,
        limits=(0, 1),
    ),
    Metric(
        "log_loss",
        "Log loss",
        "nats",
        log_loss,
        "The mean of −ln of the probability given to the right label: 0 is perfect, and confident errors cost most.",
        higher_is_better=False,
        headline=True,
    ),
    Metric(
        "calibration_error",
        "Calibration error",
        "calibration error",
        calibration_error,
        "How far confidence lies from accuracy: texts are binned by the probability of the predicted label, and the "
        "gaps between mean confidence and accuracy are averaged. At 0, what is predicted with 80 % comes true 80 times "
        "in 100. Chance makes it larger, even of a model that knows its limits, so it has no interval.",
        higher_is_better=False,
        interval=False,
    ),
)

# The datasets of which the notes' hypotheses are asked.
ASKED = ("movie_reviews", "reuters_r8")
HYPOTHESES = (
    Hypothesis("Gates help on longer texts", "lstm", "rnn", "longer", ASKED),
    Hypothesis("Gates help on longer texts", "gru", "rnn", "longer", ASKED),
    Hypothesis("Both directions help", "bilstm", "lstm", "all", ASKED),
    Hypothesis("Attention helps on long texts", "attention", "bilstm", "longer", ASKED),
    Hypothesis("Order matters: a sequence model beats a bag of n-grams", "lstm", "tfidf_logreg", "all", ASKED),
    Hypothesis("Convolutions serve sequences as well as recurrence", "cnn", "lstm", "all", ASKED),
)


def per_seed(predictions: pd.DataFrame) -> np.ndarray:
    """Return every text's sufficient statistics, (seeds, texts, statistics)."""
    columns = [column for column in map(str, predictions.columns) if column.startswith("probability.")]
    classes = [column.removeprefix("probability.") for column in columns]
    return np.stack(
        [
            sufficient_statistics(np.searchsorted(classes, rows["label"].to_numpy()), rows[columns].to_numpy())
            for _, rows in predictions.groupby("seed")
        ]
    )
