"""What each text adds to sums, from which all metrics are computed: sufficient statistics."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

BINS = 15  # of confidence, for the calibration error
FLOOR = 1e-15  # the least probability that the log loss counts with


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return the probabilities (texts, classes) that logits (texts, classes) stand for."""
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(exponents / exponents.sum(axis=1, keepdims=True))


def sufficient_statistics(labels: np.ndarray, probs: np.ndarray) -> np.ndarray:
    """Return what each text adds to the sums that metrics are computed from.

    Args:
        labels: (texts,) int, the true classes.
        probs: (texts, classes).

    Returns:
        (texts, 2 + 3 classes + 2 BINS): the fields of `Sums`, side by side.
    """
    texts, classes = probs.shape
    predicted = probs.argmax(axis=1)
    hit = (predicted == labels)[:, None]
    confidence = probs.max(axis=1)[:, None]
    actual_class, predicted_class = np.eye(classes)[labels], np.eye(classes)[predicted]
    loss = -np.log(np.maximum(probs[np.arange(texts), labels], FLOOR))[:, None]
    bins = np.eye(BINS)[np.minimum((confidence[:, 0] * BINS).astype(int), BINS - 1)]
    count = np.ones((texts, 1))
    return np.hstack([count, loss, actual_class * hit, predicted_class, actual_class, bins * confidence, bins * hit])


class Sums(NamedTuple):
    """Sums of the sufficient statistics, (…, columns) each."""

    texts: np.ndarray  # (…, 1)
    loss: np.ndarray  # (…, 1), in nats
    hits: np.ndarray  # (…, classes), as all until `actual`
    predicted: np.ndarray
    actual: np.ndarray
    confidence: np.ndarray  # (…, BINS), by bin of confidence
    bin_hits: np.ndarray  # (…, BINS)

    @classmethod
    def of(cls, sums: np.ndarray) -> "Sums":
        """Take sums, (…, statistics), apart."""
        classes = (sums.shape[-1] - 2 - 2 * BINS) // 3
        return cls(*np.split(sums, np.cumsum([1, 1, classes, classes, classes, BINS]), axis=-1))


def accuracy(sums: np.ndarray) -> np.ndarray:
    """Return the share of texts that are classified rightly, (…, statistics) → (…,)."""
    parts = Sums.of(sums)
    return np.asarray(parts.hits.sum(-1) / parts.texts[..., 0])


def macro_f1(sums: np.ndarray) -> np.ndarray:
    """Return the plain mean of F1 over the classes that occur or are predicted, (…, statistics) → (…,)."""
    parts = Sums.of(sums)
    with np.errstate(invalid="ignore"):
        f1 = 2 * parts.hits / (parts.predicted + parts.actual)  # NaN where a class neither occurs nor is predicted
    return np.asarray(np.nanmean(f1, axis=-1))


def log_loss(sums: np.ndarray) -> np.ndarray:
    """Return the mean log loss in nats, (…, statistics) → (…,)."""
    parts = Sums.of(sums)
    return np.asarray(parts.loss[..., 0] / parts.texts[..., 0])


def calibration_error(sums: np.ndarray) -> np.ndarray:
    """Return the expected calibration error over equal bins of confidence, (…, statistics) → (…,).

    Guo et al. 2017, equation 3.
    """
    parts = Sums.of(sums)
    return np.asarray(np.abs(parts.confidence - parts.bin_hits).sum(-1) / parts.texts[..., 0])


# Metrics on validation; the first chooses between models.
VALIDATION = {function.__name__: function for function in (accuracy, macro_f1, log_loss, calibration_error)}


def validation_scores(labels: np.ndarray, probs: np.ndarray) -> dict[str, float]:
    """Return the metrics of one set of predictions on validation, the primary one first.

    Args:
        labels: (texts,) int, the true classes; −1: one that train lacks.
        probs: (texts, classes).
    """
    if (labels < 0).any():  # such labels are a class more, which nothing is taken for
        labels, probs = np.where(labels < 0, probs.shape[1], labels), np.pad(probs, [(0, 0), (0, 1)])
    sums = sufficient_statistics(labels, probs).sum(axis=0)
    return {name: float(from_sums(sums)) for name, from_sums in VALIDATION.items()}


def by_class(labels: np.ndarray, replicas: Sequence[np.ndarray], names: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return precision, recall and support of every class, the mean over replicas.

    Precision is 0 where a class is never predicted.

    Args:
        labels: (texts,) int, the true classes.
        replicas: of each the probabilities (texts, classes).
        names: of the classes.
    """
    sums = Sums.of(np.array([sufficient_statistics(labels, probs).sum(axis=0) for probs in replicas]))
    precision = (sums.hits / np.maximum(sums.predicted, 1)).mean(axis=0)
    recall = (sums.hits / np.maximum(sums.actual, 1)).mean(axis=0)
    return {
        name: {"precision": float(precision[row]), "recall": float(recall[row]), "support": int(sums.actual[0, row])}
        for row, name in enumerate(names)
    }
