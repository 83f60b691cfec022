"""The metrics of dialogue, and the hypotheses that are asked of it."""

from functools import partial

import numpy as np
import pandas as pd

from stages.evaluation.hypotheses import Hypothesis
from stages.evaluation.metric import Metric
from stages.tasks.dialogue.modeling.statistics import FIRST, count, recall
from stages.tasks.replies import CANDIDATES

ASKED = ("chitchat",)
HYPOTHESES = (
    Hypothesis("A network chooses replies better than counted words", "dual_encoder", "tfidf_retrieval", "all", ASKED),
    Hypothesis("Choosing is learned by choosing, not by writing", "dual_encoder", "luong", "all", ASKED),
)


def _share(place: int, first: int) -> Metric:
    words = "the first" if first == 1 else f"among the first {first}"
    return Metric(
        f"recall_at_{first}",
        f"R@{first}",
        f"points of R@{first}",
        partial(recall, place=place),
        f"The share of the replies that were given which a model puts {words} of {CANDIDATES}; the others are replies "
        "of other conversations, drawn by chance. Equal scores count as if their order were drawn.",
        headline=True,
        scale=100,
        digits=1,
        limits=(0, 1),
    )


METRICS = tuple(_share(place, first) for place, first in enumerate(FIRST))


def per_seed(predictions: pd.DataFrame) -> np.ndarray:
    """Return every reply's sufficient statistics, (seeds, replies, 1 + hits)."""
    return np.stack([count(of_seed) for _, of_seed in predictions.groupby("seed")])
