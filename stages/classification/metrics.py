"""The figures of text classification, as functions of sums over items.

Every figure here is computed from sums over items, so that one matrix product of resampling weights with the
items' contributions gives a figure for every resample of a bootstrap.
"""

import numpy as np

BINS = 15  # of confidence, for the calibration error
FLOOR = 1e-15  # the least probability that the log loss counts with


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return the probabilities (items, classes) that logits (items, classes) stand for."""
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponents / exponents.sum(axis=1, keepdims=True)


def contributions(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return what each item adds to the sums that `figures` reads.

    Args:
        labels: (items,) int, the true classes.
        probabilities: (items, classes).

    Returns:
        (items, 2 + 3 classes + 2 BINS): 1; log loss; hits, predictions and occurrences by class; confidence and
        hits by bin of confidence.
    """
    items, classes = probabilities.shape
    predicted = probabilities.argmax(axis=1)
    hit = (predicted == labels)[:, None]
    confidence = probabilities.max(axis=1)[:, None]
    occurs, guessed = np.eye(classes)[labels], np.eye(classes)[predicted]
    loss = -np.log(np.maximum(probabilities[np.arange(items), labels], FLOOR))[:, None]
    bins = np.eye(BINS)[np.minimum((confidence[:, 0] * BINS).astype(int), BINS - 1)]
    return np.hstack([np.ones((items, 1)), loss, occurs * hit, guessed, occurs, bins * confidence, bins * hit])


def figures(sums: np.ndarray) -> dict[str, np.ndarray]:
    """Return the figures of weighted sums of `contributions`, (…, columns) → (…,) each.

    accuracy; macro_f1, the plain mean over the classes that occur or are predicted; log_loss in nats;
    calibration_error, the expected calibration error over equal bins of confidence (Guo et al. 2017, eq. 3).
    """
    classes = (sums.shape[-1] - 2 - 2 * BINS) // 3
    count, loss, hits, guessed, occurs, confidence, right = np.split(
        sums, np.cumsum([1, 1, classes, classes, classes, BINS]), axis=-1
    )
    with np.errstate(invalid="ignore"):
        f1 = 2 * hits / (guessed + occurs)  # NaN where a class neither occurs nor is predicted
    return {
        "accuracy": hits.sum(-1) / count[..., 0],
        "macro_f1": np.nanmean(f1, axis=-1),
        "log_loss": loss[..., 0] / count[..., 0],
        "calibration_error": np.abs(confidence - right).sum(-1) / count[..., 0],
    }


def scores(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    """Return the figures of one set of predictions."""
    found = figures(contributions(labels, probabilities).sum(axis=0))
    return {name: float(value) for name, value in found.items()}


def by_class(labels: np.ndarray, replicas: list[np.ndarray], names: list[str]) -> dict[str, dict[str, float]]:
    """Return precision, recall and support of every class, the mean over replicas' probabilities (items, classes).

    Precision is 0 where a class is never predicted.
    """
    sums = np.array([contributions(labels, probabilities).sum(axis=0) for probabilities in replicas])
    hits, guessed, occurs = np.moveaxis(sums[:, 2 : 2 + 3 * len(names)].reshape(len(replicas), 3, -1), 1, 0)
    precision, recall = ((hits / np.maximum(found, 1)).mean(axis=0) for found in (guessed, occurs))
    rows = zip(names, precision, recall, occurs[0], strict=True)
    return {
        name: {"precision": float(precision), "recall": float(recall), "support": int(support)}
        for name, precision, recall, support in rows
    }
