"""A metric: one definition, from which tables, the glossary, plots and the documentation of summary.json follow."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Metric:
    """A figure of a model's predictions, computed from sums of what each item adds: its sufficient statistics.

    So the metric without one item, which its uncertainty is made of, costs a subtraction.
    """

    name: str  # in JSON
    title: str  # of a table's column, such as "Accuracy"
    unit: str  # of a difference, such as "points of accuracy"
    from_sums: Callable[[np.ndarray], np.ndarray]  # (…, statistics) → (…,)
    explanation: str  # what it means, for the glossary; a sentence or two
    higher_is_better: bool | None = True  # None: neither, such as the coverage of an interval
    headline: bool = False  # among the few that DVC shows
    scale: float = 1  # a difference is worded in so many parts of 1
    digits: int = 3  # of a worded difference
    format: str = "{:.3f}"  # of a mean in a sentence
    limits: tuple[float, float] = (0, np.inf)  # that no interval passes
    interval: bool = True  # False where it would mislead, as of a figure that chance moves to one side

    @property
    def heading(self) -> str:
        """The title with an arrow where lower is better."""
        return f"{self.title} ↓" if self.higher_is_better is False else self.title

    @property
    def words(self) -> str:
        """The title within a sentence: accuracy, MASE."""
        acronym = self.title[1:2].isupper()
        return self.title if acronym else self.title[:1].lower() + self.title[1:]

    def gain(self, value: float) -> float:
        """Return a value, or a difference, so that more is better."""
        return -value if self.higher_is_better is False else value

    def size(self, difference: float) -> str:
        """Word a difference without its sign."""
        return f"{self.scale * abs(difference):.{self.digits}f}"

    def signed(self, difference: float) -> str:
        """Word a difference with its sign; what rounds to nothing has none."""
        size, sign = self.size(difference), "−" if difference < 0 else "+"
        return size if float(size) == 0 else f"{sign}{size}"

    def versus(self, row: Mapping[str, Any]) -> str:
        """Word a difference and its interval, if there is one: +1.2 [−0.3, +2.7]."""
        if row["low"] is None:
            return self.signed(row["difference"])
        return f"{self.signed(row['difference'])} [{self.signed(row['low'])}, {self.signed(row['high'])}]"


def measure(metrics: Sequence[Metric], sums: np.ndarray) -> dict[str, float]:
    """Return every metric of one set of sums, (statistics,)."""
    return {metric.name: float(metric.from_sums(sums)) for metric in metrics}
