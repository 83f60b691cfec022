"""A trained classifier of signals on the test part: predictions, metrics, confusions, and signals to look at."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from stages.config.dataset import Dataset
from stages.data.frames import signals_of
from stages.tasks.base import EvaluationResult
from stages.tasks.classification.evaluation import by_quarter, measure_classifier, most_confident, signature
from stages.tasks.signals.modeling.saved import Saved
from stages.tasks.signals.splitter import part_hash

SHOWN_STEPS = 300  # of a signal that the report draws
SHOWN_CHANNELS = 3


def evaluate(saved: Saved, dataset: Dataset) -> EvaluationResult:
    """Measure a classifier on its dataset's test part; see `measure_classifier`."""
    test = pd.read_parquet(dataset.part("test"))
    measured = measure_classifier(saved, test, signals_of(test), _lengths)
    details = {
        "by_length": by_quarter(measured.predictions, measured.predictions["frames"]),
        "signature": signature(saved, test, part_hash(test)) | {"channels": saved.preprocessor.input.width},
    }
    examples = _examples(saved, measured.classes, test, measured.probs, measured.rows)
    return replace(measured.result, details=measured.result.details | details, examples=examples)


def _lengths(rows: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """Return each signal's frames before cutting."""
    return {"frames": np.array([len(row) for row in rows])}


def _examples(
    saved: Saved, classes: Sequence[str], test: pd.DataFrame, probs: np.ndarray, rows: Sequence[np.ndarray]
) -> dict[str, Any]:
    """Return the most confident mistakes and, where the model attends, the most confident right answers.

    Each signal is drawn as the model reads it, with the weight of each frame where it attends.
    """
    kinds = {"mistakes": most_confident(test, probs, classes, right=False)}
    weights: list[list[np.ndarray]] = [of_seed for _, of_seed in saved.attention([], rows=rows)]
    if weights:
        kinds["attended"] = most_confident(test, probs, classes, right=True)
    examples: dict[str, Any] = {
        kind: [
            {
                "id": test["id"].iloc[row],
                "label": test["label"].iloc[row],
                "predicted": classes[int(probs[row].argmax())],
                "confidence": float(probs[row].max()),
                "channels": np.asarray(rows[row], float)[:SHOWN_STEPS, :SHOWN_CHANNELS].T.tolist(),
                "weights": _mean_weights(weights, row),
            }
            for row in chosen
        ]
        for kind, chosen in kinds.items()
    }
    return {"attended": None} | examples


def _mean_weights(weights: Sequence[Sequence[np.ndarray]], row: int) -> list[float] | None:
    """Return the weight of each frame of a signal, the mean over seeds and heads; None if the model does not attend."""
    if not weights:
        return None
    means: list[float] = np.mean([of_seed[row].mean(axis=1) for of_seed in weights], axis=0)[:SHOWN_STEPS].tolist()
    return means
