"""What each picture adds to sums, from which all metrics are computed: sufficient statistics.

Precision needs detections in the order of their scores. These are kept in BINS steps, so that a sum over pictures of
what was right and wrong in each step gives the curve, and a jackknife needs no sorting anew. The steps are even in the
score's logarithmic odds: those of networks crowd close to 1.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

BINS = 40  # of the scores from 0 to 1
EDGES = 1 / (1 + np.exp(-np.linspace(-5, 12, BINS - 1)))  # between them
OVERLAP = 0.5  # of a detection's box with an object's, their intersection by their union, from which it counts
SURE = 0.5  # score from which a detection counts where one must decide
FIXED = ("pictures", "right", "proposed")  # pictures; those of which all is right; objects that a proposal overlaps


class Detection(NamedTuple):
    """What a model found in a picture: D detections, P proposals."""

    classes: np.ndarray  # (D,) int, counted from 1
    boxes: np.ndarray  # (D, 4) left, top, right, bottom, in pixels of what networks read
    scores: np.ndarray  # (D,) from 0 to 1
    proposals: np.ndarray  # (P, 4) boxes that it looked at


def columns(classes: int) -> list[str]:
    """Return the names of the statistics: FIXED, and for each class its objects, and hits and misses by score."""
    return [
        *FIXED,
        *(f"objects.{name}" for name in range(1, classes + 1)),
        *(
            f"{kind}.{name}.{step}"
            for kind in ("hits", "misses")
            for name in range(1, classes + 1)
            for step in range(BINS)
        ),
    ]


def statistics_of(found: Sequence[Detection], objects: Sequence[np.ndarray], classes: int) -> np.ndarray:
    """Return what each picture adds, (pictures, columns).

    Args:
        found: in each picture.
        objects: that are in each, (objects, 5): class and box.
        classes: how many there are.
    """
    rows = np.zeros((len(found), len(columns(classes))))
    for row, detection, truth in zip(rows, found, objects, strict=True):
        hits = matched(detection, truth)
        steps = np.searchsorted(EDGES, detection.scores, side="right")
        counts = np.zeros((2, classes, BINS))
        np.add.at(counts, (np.where(hits, 0, 1), detection.classes - 1, steps), 1)
        sure = detection.scores >= SURE
        all_right = hits[sure].all() and hits[sure].sum() == len(truth)
        known = truth[truth[:, 0] > 0]
        row[:3] = 1, all_right, (overlaps(known[:, 1:], detection.proposals) >= OVERLAP).any(axis=1).sum()
        row[3:] = np.concatenate([np.bincount(truth[:, 0].astype(int), minlength=classes + 1)[1:], counts.ravel()])
    return rows


def matched(detection: Detection, truth: np.ndarray) -> np.ndarray:
    """Return which detections (D,) are right: each is compared with the object of its class that it overlaps most.

    As PASCAL VOC does (Everingham et al. 2010, section 4.2): a second detection of an object is wrong.
    """
    hits, taken = np.zeros(len(detection.scores), bool), np.zeros(len(truth), bool)
    overlap = overlaps(detection.boxes, truth[:, 1:])
    for row in np.argsort(-detection.scores, kind="stable"):
        fitting = np.where(truth[:, 0] == detection.classes[row], overlap[row], 0.0)
        if len(fitting) and fitting.max() >= OVERLAP and not taken[best := int(fitting.argmax())]:
            hits[row] = taken[best] = True
    return hits


def overlaps(ones: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return intersection by union of boxes (n, 4) with others (m, 4), (n, m)."""
    lowest, highest = (
        np.maximum(ones[:, None, :2], others[None, :, :2]),
        np.minimum(ones[:, None, 2:], others[None, :, 2:]),
    )
    shared = np.maximum(highest - lowest, 0).prod(axis=2)
    areas = [np.maximum(boxes[:, 2:] - boxes[:, :2], 0).prod(axis=1) for boxes in (ones, others)]
    return np.asarray(shared / np.maximum(areas[0][:, None] + areas[1][None, :] - shared, 1e-9))


def suppressed(boxes: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return the rows of boxes (n, 4) that stay if of overlapping ones the likeliest does: non-maximum suppression."""
    kept: list[int] = []
    overlap = overlaps(boxes, boxes)
    for row in np.argsort(-scores, kind="stable"):
        if not kept or overlap[row, kept].max() < OVERLAP:
            kept.append(int(row))
    return np.array(kept, int)


def mean_average_precision(sums: np.ndarray) -> np.ndarray:
    """Return the mean over classes of the area under the curve of precision by recall, sums (…, columns) → (…,).

    Precision is at each recall the best at that or a higher one. A class without objects does not count.
    """
    classes = (sums.shape[-1] - len(FIXED)) // (1 + 2 * BINS)
    start = len(FIXED) + classes
    objects = sums[..., len(FIXED) : start]
    counts = sums[..., start:].reshape(*sums.shape[:-1], 2, classes, BINS)[..., ::-1]  # the highest scores first
    hits, misses = np.cumsum(counts[..., 0, :, :], axis=-1), np.cumsum(counts[..., 1, :, :], axis=-1)
    precision = hits / np.maximum(hits + misses, 1e-9)
    best = np.maximum.accumulate(precision[..., ::-1], axis=-1)[..., ::-1]
    recalled = np.diff(hits, axis=-1, prepend=0.0) / np.maximum(objects[..., None], 1e-9)
    areas = (recalled * best).sum(axis=-1)
    known = objects > 0
    return np.asarray((areas * known).sum(axis=-1) / np.maximum(known.sum(axis=-1), 1))


def share_right(sums: np.ndarray) -> np.ndarray:
    """Return the share of pictures of which all is right, sums (…, columns) → (…,)."""
    return np.asarray(sums[..., 1] / sums[..., 0])


def share_proposed(sums: np.ndarray) -> np.ndarray:
    """Return the share of objects that a proposal overlaps enough, sums (…, columns) → (…,)."""
    classes = (sums.shape[-1] - len(FIXED)) // (1 + 2 * BINS)
    objects = sums[..., len(FIXED) : len(FIXED) + classes].sum(axis=-1)
    return np.asarray(sums[..., 2] / np.maximum(objects, 1e-9))


MEASURES = {
    "mean_average_precision": mean_average_precision,
    "pictures_right": share_right,
    "proposal_recall": share_proposed,
}
