"""What the course notes claim about sequence models, as comparisons that the test part can decide."""

from collections.abc import Collection, Mapping
from typing import Any, Literal, NamedTuple

import numpy as np

from stages.evaluation.metric import Metric
from stages.evaluation.pairs import difference, proven
from stages.evaluation.uncertainty import Figure, Sampling, figure, moderated

Items = Literal["all", "longer"]


class Hypothesis(NamedTuple):
    """It holds if `better` is ahead of `worse`, or more so the longer the items are.

    Of `longer` items it is an interaction: what the better one gains on the longest quarter of the items, less what it
    gains on the shortest. To be ahead on the longest alone would not show that length has anything to do with it.
    """

    words: str
    better: str
    worse: str
    items: Items = "all"
    datasets: tuple[str, ...] = ()  # of which it is asked; none named: of all

    def asked_of(self, dataset: str) -> bool:
        """Tell whether it is asked of a dataset."""
        return not self.datasets or dataset in self.datasets


class Evidence(NamedTuple):
    """What hypotheses on a dataset are decided by."""

    metric: Metric
    statistics: Mapping[str, np.ndarray]  # of each model what each item adds, (seeds, items, statistics)
    networks: Collection[str]
    sampling: Sampling
    lengths: np.ndarray | None  # of the items; None where they have none
    unfinished: Collection[str]  # models whose training had not finished: what they would have reached is not known
    upper_bounds: Collection[str]  # models whose figure is a bound of what it would be: they cannot lose

    def figures(self, chosen: np.ndarray | None = None, less: np.ndarray | None = None) -> dict[str, Figure]:
        """Return all models' figures, as `figure` does."""
        figures = {
            name: figure(self.metric, added, name in self.networks, chosen, less)
            for name, added in self.statistics.items()
        }
        return moderated(figures)


def decide(hypothesis: Hypothesis, evidence: Evidence, confidence: float) -> dict[str, Any]:
    """Return the numbers that decide a hypothesis whose models are there, its p-value not yet corrected.

    `undecidable` says why it is not decided all the same: unfinished, bound, or null.
    """
    row = {key: getattr(hypothesis, key) for key in ("words", "better", "worse", "items")}
    metric, own, other = evidence.metric.name, hypothesis.better, hypothesis.worse
    if hypothesis.items == "longer":
        assert evidence.lengths is not None
        ends = np.quantile(evidence.lengths, [0.25, 0.75])
        short, long = evidence.lengths <= ends[0], evidence.lengths >= ends[1]
        on_long, on_short, figures = evidence.figures(long), evidence.figures(short), evidence.figures(long, short)
        values = (on_long[own].value - on_long[other].value, on_short[own].value - on_short[other].value)
        count = int(long.sum() + short.sum())
    else:
        figures = evidence.figures()
        values, count = (figures[own].value, figures[other].value), len(figures[own].influence)
    result = difference(figures[own] - figures[other], evidence.sampling, confidence)
    numbers = {"num_items": count, metric: values[0], f"other_{metric}": values[1]}
    return row | numbers | result | {"undecidable": _why_undecidable(hypothesis, evidence, result["difference"])}


def _why_undecidable(hypothesis: Hypothesis, evidence: Evidence, difference: float) -> str | None:
    if {hypothesis.better, hypothesis.worse} & set(evidence.unfinished):
        return "unfinished"
    loser = hypothesis.worse if evidence.metric.gain(difference) > 0 else hypothesis.better
    return "bound" if loser in evidence.upper_bounds else None


def outcome(row: Mapping[str, Any], metric: Metric, confidence: float) -> str:
    """Return whether a hypothesis holds, of its row with a corrected p-value."""
    if row["undecidable"]:
        return str(row["undecidable"])
    if not proven(row, confidence):
        return "not proven"
    return "yes" if metric.gain(row["difference"]) > 0 else "no"
