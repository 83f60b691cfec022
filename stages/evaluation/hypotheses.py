"""What the course notes claim about sequence models, as comparisons that the test part can decide."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np

from stages.evaluation.metric import Metric
from stages.evaluation.pairs import difference, proven
from stages.evaluation.uncertainty import FEW, Figure, Sampling, figure, moderated

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


@dataclass(frozen=True)
class Evidence:
    """What a dataset's models are compared by."""

    metric: Metric
    statistics: Mapping[str, np.ndarray]  # of each model what each item adds, (seeds, items, statistics)
    networks: Collection[str]
    sampling: Sampling
    lengths: np.ndarray | None  # of the items; None where they have none
    unfinished: Collection[str]  # models whose training had not finished: what they would have reached is not known
    upper_bounds: Collection[str]  # models whose figure is a bound of what it would be: they cannot lose

    @cached_property
    def figures(self) -> dict[str, Figure]:
        """All models' figures."""
        return self.figures_by(self.metric)

    @cached_property
    def changes(self) -> dict[str, Figure]:
        """All models' figures on the longest quarter of the items less those on the shortest."""
        return self.figures_by(self.metric, *self.ends)

    @cached_property
    def ends(self) -> tuple[np.ndarray, np.ndarray]:
        """The longest and the shortest quarter of the items, (items,) bool each."""
        assert self.lengths is not None
        low, high = np.quantile(self.lengths, [0.25, 0.75])
        return self.lengths >= high, self.lengths <= low

    def figures_by(self, metric: Metric, *items: np.ndarray) -> dict[str, Figure]:
        """Return all models' figures by any metric; `items` as in `figure`: `chosen` and `less`."""
        return moderated(
            {name: figure(metric, added, name in self.networks, *items) for name, added in self.statistics.items()}
        )

    def value(self, name: str, items: np.ndarray) -> float:
        """Return a model's figure on some items, (items,) bool, without what its uncertainty is made of."""
        return float(np.mean(self.metric.from_sums(self.statistics[name][:, items].sum(axis=1))))


def decide(hypothesis: Hypothesis, evidence: Evidence, confidence: float) -> dict[str, Any]:
    """Return the numbers that decide a hypothesis whose models are there, its p-value not yet corrected.

    `undecidable` says why it is not decided all the same: unfinished, bound, or null.
    """
    row = {key: getattr(hypothesis, key) for key in ("words", "better", "worse", "items")}
    numbers = (_by_length if hypothesis.items == "longer" else _on_all)(hypothesis, evidence, confidence)
    loser = hypothesis.worse if evidence.metric.gain(numbers["difference"]) > 0 else hypothesis.better
    why = "unfinished" if loser in evidence.unfinished else "bound" if loser in evidence.upper_bounds else None
    return row | numbers | {"undecidable": why}


def _on_all(hypothesis: Hypothesis, evidence: Evidence, confidence: float) -> dict[str, Any]:
    metric, figures = evidence.metric.name, evidence.figures
    own, other = figures[hypothesis.better], figures[hypothesis.worse]
    numbers = {"num_items": len(own.influence), metric: own.value, f"other_{metric}": other.value}
    return numbers | difference(own - other, evidence.sampling, confidence)


def _by_length(hypothesis: Hypothesis, evidence: Evidence, confidence: float) -> dict[str, Any]:
    metric, (own, other), (long, short) = evidence.metric.name, (hypothesis.better, hypothesis.worse), evidence.ends
    on_long, on_short = (evidence.value(own, items) - evidence.value(other, items) for items in evidence.ends)
    numbers = {"num_items": int((long | short).sum()), metric: on_long, f"other_{metric}": on_short}
    change = evidence.changes[own] - evidence.changes[other]
    row = difference(change, evidence.sampling.take(long | short), confidence)
    if (long & short).any() or min(long.sum(), short.sum()) < FEW / 2:  # too few lengths, or too few items
        row |= {"low": None, "high": None, "p": None}
    return numbers | row


def decision(row: Mapping[str, Any], metric: Metric, confidence: float) -> str:
    """Return whether a hypothesis holds, of its row with a corrected p-value.

    What helps more where items are longer must help there, and not only harm less.
    """
    if row["undecidable"]:
        return str(row["undecidable"])
    if not proven(row, confidence):
        return "not proven"
    if metric.gain(row["difference"]) < 0:
        return "no"
    helps = row["items"] == "all" or metric.gain(row[metric.name]) > 0
    return "yes" if helps else "not proven"
