"""The metrics of regions of pictures, and the notes' hypotheses."""

import numpy as np
import pandas as pd

from stages.evaluation.hypotheses import Hypothesis
from stages.evaluation.metric import Metric
from stages.tasks.detection.modeling.statistics import FIXED, mean_average_precision, share_proposed, share_right

METRICS = (
    Metric(
        "mean_average_precision",
        "mAP at 0.5",
        "points of mAP",
        mean_average_precision,
        "The area under the curve of precision by recall, mean over classes. A detection is right if its box and an "
        "object's of its class share half of the area that they cover together, and no likelier one does.",
        headline=True,
        scale=100,
        digits=1,
        limits=(0, 1),
    ),
    Metric(
        "pictures_right",
        "Pictures right",
        "points of pictures right",
        share_right,
        "The share of pictures in which each object is found with its class, and nothing else, by detections with a "
        "score of 0.5 or more: of strings of digits, those that are read right.",
        headline=True,
        scale=100,
        digits=1,
        limits=(0, 1),
    ),
    Metric(
        "proposal_recall",
        "Proposed",
        "points of proposed objects",
        share_proposed,
        "The share of objects that a proposed region overlaps enough, whatever it is then taken for.",
        headline=True,
        scale=100,
        digits=1,
        limits=(0, 1),
    ),
)
ASKED = ("digit_regions",)  # the datasets of which the notes' hypotheses are asked
HYPOTHESES = (
    Hypothesis("Reading regions in a row beats classifying each by itself", "gru", "feedforward", "all", ASKED),
    Hypothesis("Reading regions in a row helps where there are many", "gru", "feedforward", "longer", ASKED),
    Hypothesis("A network finds objects better than components and a classifier", "gru", "components", "all", ASKED),
)


def per_seed(predictions: pd.DataFrame) -> np.ndarray:
    """Return every picture's statistics, (seeds, pictures, columns)."""
    first = predictions.columns.get_loc(FIXED[0])
    return np.stack([rows.iloc[:, first:].to_numpy(float) for _, rows in predictions.groupby("seed")])
