"""How far would a figure move with other test items and other seeds? Intervals and p-values of one model of variance.

A figure of a network is a mean over its seeds, measured on a sample of items. The variance of a difference of two is

    V = V(items) + s²_A / S_A + s²_B / S_B

with s² the variance over a side's S seeds, where it has any (Bouthillier et al. 2021, "Accounting for variance in
machine learning benchmarks"; Reimers & Gurevych 2018, "Why comparing single performance scores does not allow to draw
conclusions about machine learning approaches"). What an item adds is its influence by the jackknife (Efron & Stein
1981), so that sums, ratios, F1 and BLEU are treated alike; how the influences' mean varies depends on whether items are
independent (`Sampling`; Dror et al. 2018, "The hitchhiker's guide to testing statistical significance in NLP"). p and
the interval are Student's t of difference / √V with the degrees of freedom of Satterthwaite (1946).

Two or three seeds say little about s², and of several networks some look steady by luck. So none counts as steadier
than the middle one of the dataset's networks; its degrees of freedom stay S − 1. docs/statistics.md has the error rates
that were simulated.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple

import numpy as np

from stages.evaluation.metric import Metric

CHUNK = 2000  # items that are left out at a time
WAVES = 3  # that a long-run variance is estimated from at least
FEW = 30  # independent items below which a warning is due


class ItemPart(NamedTuple):
    """How a mean over items varies with them."""

    variance: float
    df: float  # degrees of freedom
    independent: float  # as how many independent items they count


class Sampling(ABC):
    """How the items of a test part came about, which says how alike neighbours are."""

    fewest: ClassVar[float] = 5  # independent items without which nothing is said

    @abstractmethod
    def spread(self, influence: np.ndarray) -> ItemPart:
        """Return how the mean of the items' influences, (items,), varies."""

    @abstractmethod
    def describe(self, independent: float) -> str:
        """Say how the items count that are worth so many independent ones."""

    def take(self, chosen: np.ndarray) -> "Sampling":
        """Return how some of the items, (items,) bool, came about."""
        return self


class Independent(Sampling):
    """Items that were drawn one by one."""

    def spread(self, influence: np.ndarray) -> ItemPart:
        """Return the variance of a mean of independent values."""
        count = len(influence)
        return ItemPart(float(influence.var(ddof=1)) / count if count > 1 else 0.0, count - 1, count)

    def describe(self, independent: float) -> str:
        """Say that each counts."""
        return "items, of which each counts by itself"


@dataclass(frozen=True)
class Grouped(Sampling):
    """Items of a few groups, such as the works of a text: others of them would be other groups.

    The variance is that of leaving out one group after the other, which groups of unequal sizes do not make too small
    (the jackknife of MacKinnon, Nielsen & Webb 2023, CV3); they count as (Σ n)² / Σ n² groups (Kish 1965).
    """

    groups: np.ndarray  # (items,) each item's
    name: str  # of the groups, in the plural
    fewest: ClassVar[float] = 3.5  # four, and those not too unequal

    @property
    def independent(self) -> float:
        """How many groups of equal size these are worth."""
        sizes = np.unique(self.groups, return_counts=True)[1]
        return float(sizes.sum() ** 2 / (sizes**2).sum())

    def spread(self, influence: np.ndarray) -> ItemPart:
        """Return the variance over groups of what each adds in all."""
        _, number = np.unique(self.groups, return_inverse=True)
        sizes = np.bincount(number)
        if len(sizes) < 2:
            return ItemPart(0.0, 0, 1)
        without = np.bincount(number, influence) / len(influence) / (1 - sizes / sizes.sum())
        variance = float((without**2).sum()) * (len(sizes) - 1) / len(sizes)
        return ItemPart(variance, self.independent - 1, self.independent)

    def describe(self, independent: float) -> str:
        """Name the groups."""
        return f"items of {len(np.unique(self.groups))} {self.name}, of which each counts as one"

    def take(self, chosen: np.ndarray) -> "Grouped":
        """Return the groups of some items."""
        return replace(self, groups=self.groups[chosen])


@dataclass(frozen=True)
class Ordered(Sampling):
    """Items in an order in which neighbours are alike, such as lines of a text or hours.

    The long-run variance is estimated from the longest waves of the influences, by an equally weighted cosine
    transform (Müller 2007; Lazarus, Lewis, Stock & Watson 2018, "HAR inference: recommendations for practice"). How
    many of them follows from the number of independent stretches: how long one is, is the block length by Politis &
    White (2004, corrected by Patton, Politis & White 2009), and no shorter than items overlap. Where the very longest
    waves are higher than all of them together, as where parts of a text differ from each other, those count.
    """

    overlap: int = 1  # neighbours that have something in common, such as the values that two forecasts are of

    def spread(self, influence: np.ndarray) -> ItemPart:
        """Return the long-run variance over the number of items."""
        from scipy.fft import dct

        count = len(influence)
        independent = count / self.stretch(influence)
        waves = max(WAVES, int(0.6 * independent ** (2 / 3)))
        power = np.zeros(waves)
        power[: count - 1] = dct(influence, norm="ortho")[1 : waves + 1] ** 2
        means = np.cumsum(power) / np.arange(1, waves + 1)  # of the longest, of the two longest, …
        return ItemPart(float(means[WAVES - 1 :].max()) / count, waves, independent)

    def stretch(self, influence: np.ndarray) -> float:
        """Return how many neighbours count as one independent item; of few items it cannot be told, so all do."""
        from arch.bootstrap import optimal_block_length  # slow to import

        count = len(influence)
        if count < FEW:
            return count
        if not np.ptp(influence):
            return self.overlap
        length = float(optimal_block_length(influence)["stationary"].iloc[0])
        return max(self.overlap, length, 1) if np.isfinite(length) else count

    def describe(self, independent: float) -> str:
        """Say as how many they count."""
        return f"items, of which neighbours are alike: they count as {max(1, int(independent)):,}"


class SeedPart(NamedTuple):
    """How a network's mean over seeds varies with them; of a baseline there is none."""

    variance: float | None  # over seeds; None: one seed does not tell
    seeds: int


@dataclass(frozen=True)
class Figure:
    """A figure of one model, or a difference of some, and what its uncertainty is made of."""

    value: float
    influence: np.ndarray  # of each item, (items,): their mean is 0
    seeds: tuple[SeedPart, ...]

    def __sub__(self, other: "Figure") -> "Figure":
        """Return the difference; the items are the same, the seeds are not."""
        return Figure(self.value - other.value, self.influence - other.influence, self.seeds + other.seeds)

    @property
    def over_seeds(self) -> bool:
        """Whether its uncertainty covers other seeds: every network has two or more."""
        return all(part.variance is not None for part in self.seeds)


class Uncertainty(NamedTuple):
    """An interval and the two-sided p-value of a figure of 0; None where there are too few independent items."""

    low: float | None
    high: float | None
    p: float | None
    independent: float

    def worded(self) -> dict[str, float | None]:
        """Return what is written of it."""
        return self._asdict() | {"independent": round(self.independent, 1)}


def figure(
    metric: Metric,
    statistics: np.ndarray,
    network: bool,
    chosen: np.ndarray | None = None,
    less: np.ndarray | None = None,
) -> Figure:
    """Return a model's figure by a metric.

    Args:
        metric: what is computed of sums.
        statistics: what each item adds to them, (seeds, items, statistics).
        network: whether its seeds are of chance; a baseline has one, and none of chance.
        chosen: (items,) bool: those that it is computed on; None: all. The influence is theirs alone.
        less: (items,) bool: others, whose figure is subtracted, seed by seed; None: nothing is.
    """
    if chosen is None:
        values, influence = _jackknife(metric, statistics)
    elif less is None:
        values, influence = _jackknife(metric, statistics[:, chosen])
    else:
        values, of_chosen = _jackknife(metric, statistics[:, chosen])
        subtracted, of_less = _jackknife(metric, statistics[:, less])
        values, used = values - subtracted, chosen | less
        influence = np.zeros(len(chosen))
        # So that their mean over all items used moves the figure.
        influence[chosen], influence[less] = of_chosen / chosen.sum(), -of_less / less.sum()
        influence = influence[used] * used.sum()
    variance = float(values.var(ddof=1)) if len(values) > 1 else None
    return Figure(float(values.mean()), influence, (SeedPart(variance, len(values)),) if network else ())


def _jackknife(metric: Metric, statistics: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the metric of each seed, (seeds,), and each item's influence on their mean, (items,)."""
    items = statistics.shape[1]
    sums = statistics.sum(axis=1)  # (seeds, statistics)
    values, influence = np.asarray(metric.from_sums(sums), float), np.zeros(items)
    if items < 2:  # nothing is left without the only one
        return values, influence
    for start in range(0, items, CHUNK):
        without = metric.from_sums(sums[:, None] - statistics[:, start : start + CHUNK])  # (seeds, rows)
        influence[start : start + CHUNK] = (items - 1) * (values[:, None] - without).mean(axis=0)
    return values, influence - influence.mean()


def moderated(figures: Mapping[str, Figure]) -> dict[str, Figure]:
    """Return models' figures, with no network's variance over seeds below the median of all networks."""
    known = [part.variance for each in figures.values() for part in each.seeds if part.variance is not None]
    middle = float(np.median(known)) if known else 0.0

    def raised(part: SeedPart) -> SeedPart:
        return part if part.variance is None else part._replace(variance=max(part.variance, middle))

    return {name: replace(each, seeds=tuple(map(raised, each.seeds))) for name, each in figures.items()}


def uncertainty(figure: Figure, sampling: Sampling, confidence: float) -> Uncertainty:
    """Return a figure's interval and p-value.

    Where it is the same by every item, it is taken as if a further item could be of the other sign.
    """
    from scipy.special import stdtr, stdtrit  # Student's t: much faster than scipy.stats

    items, value = sampling.spread(figure.influence), figure.value
    parts = [(items.variance, items.df)]
    parts += [(part.variance / part.seeds, part.seeds - 1) for part in figure.seeds if part.variance is not None]
    total = sum(variance for variance, _ in parts)
    if items.independent < sampling.fewest or not np.isfinite([total, value]).all():
        return Uncertainty(None, None, None, items.independent)
    if total == 0:
        if value == 0:
            return Uncertainty(value, value, 1.0, items.independent)
        total = (2 * value / items.independent) ** 2
        parts = [(total, items.df)]
    degrees = 1 / sum((variance / total) ** 2 / df for variance, df in parts)
    error = float(np.sqrt(total))
    reach = float(stdtrit(degrees, (1 + confidence) / 2)) * error
    return Uncertainty(value - reach, value + reach, 2 * float(stdtr(degrees, -abs(value) / error)), items.independent)


def holm(p: Sequence[float | None]) -> list[float | None]:
    """Return p-values corrected for their number, so that the chance of any false finding is kept (Holm 1979).

    One that is None counts as 1, so that the number does not depend on the outcomes.
    """
    from statsmodels.stats.multitest import multipletests  # slow to import

    if not p:
        return []
    corrected = multipletests([1.0 if value is None else value for value in p], method="holm")[1]
    return [None if value is None else float(each) for value, each in zip(p, corrected, strict=True)]
