"""Is a difference real? Intervals by bootstrap, paired tests, and the correction for many of them.

Intervals come from a bootstrap over items and seeds: each resample draws test items and, for every model, as many
of its seeds as it has, both with replacement; the items are the same for all models, so that differences are
paired. The test is an approximate randomisation test (Noreen 1989) on the models' scores by item, the mean over seeds:
under the null hypothesis the sign of each item's difference is a coin's toss.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from stages.params import Evaluation

CHUNK = 500  # resamples at a time: their weights take CHUNK × items × 8 bytes


@dataclass(frozen=True)
class Measure:
    """The figure that decides between a task's models, and how it is worded."""

    name: str
    words: str
    unit: str  # of a difference
    higher_is_better: bool = True
    scale: float = 1  # a difference is worded in so many parts of 1
    digits: int = 3  # of a worded difference
    shown: str = "{:.3f}"  # format of a mean

    def gain(self, value: float) -> float:
        """Return a value, or a difference, so that more is better."""
        return value if self.higher_is_better else -value

    def size(self, difference: float) -> str:
        """Word a difference without its sign."""
        return f"{self.scale * abs(difference):.{self.digits}f}"

    def signed(self, difference: float) -> str:
        """Word a difference with its sign; what rounds to nothing has none."""
        size, sign = self.size(difference), "−" if difference < 0 else "+"
        return size if float(size) == 0 else f"{sign}{size}"

    def versus(self, row: dict[str, float]) -> str:
        """Word a difference and its interval: +1.2 [−0.3, +2.7]."""
        return f"{self.signed(row['difference'])} [{self.signed(row['low'])}, {self.signed(row['high'])}]"


def resample(
    items: dict[str, np.ndarray], figures: Callable[[np.ndarray], dict[str, np.ndarray]], choices: Evaluation
) -> dict[str, dict[str, np.ndarray]]:
    """Return every model's figures in every resample, (resamples,) each.

    Args:
        items: of each model what each item adds to the sums, (seeds, items, columns); items in the same order.
        figures: of sums (…, columns) → the figures (…,).
    """
    random = np.random.default_rng(choices.seed)
    count = next(iter(items.values())).shape[1]
    found = {name: [] for name in items}
    for start in range(0, choices.bootstrap, CHUNK):
        rows = min(CHUNK, choices.bootstrap - start)
        weights = random.multinomial(count, np.full(count, 1 / count), size=rows).astype(float)  # (rows, items)
        for name, added in items.items():
            by_replica = figures(np.einsum("ri,sic->rsc", weights, added, optimize=True))  # (rows, seeds)
            drawn = random.integers(len(added), size=(rows, len(added)))
            found[name].append(
                {metric: np.take_along_axis(value, drawn, 1).mean(1) for metric, value in by_replica.items()}
            )
    return {
        name: {key: np.concatenate([part[key] for part in parts]) for key in parts[0]} for name, parts in found.items()
    }


def bounds(values: np.ndarray, confidence: float) -> dict[str, float]:
    """Return the interval that holds the middle of the resampled values, (resamples,)."""
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return {"low": float(low), "high": float(high)}


def paired_test(ones: np.ndarray, others: np.ndarray, choices: Evaluation) -> dict[str, float]:
    """Return the mean difference of two models' scores by item and its two-sided p-value under random signs.

    Args:
        ones, others: what each item adds to the figure that decides, the mean over seeds, (items,).
    """
    differences = ones - others
    observed = abs(differences.sum())
    moved = differences[differences != 0]  # the others stay 0 under either sign
    random = np.random.default_rng(choices.seed)
    extreme = 0
    for start in range(0, choices.permutations, CHUNK):
        signs = random.integers(0, 2, size=(min(CHUNK, choices.permutations - start), len(moved))) * 2 - 1
        extreme += int((np.abs(signs @ moved) >= observed - 1e-9).sum())
    return {"difference": float(differences.mean()), "p": (1 + extreme) / (1 + choices.permutations)}


def holm(p: Sequence[float]) -> np.ndarray:
    """Return the p-values corrected for their number, so that the chance of any false finding is kept (Holm 1979)."""
    p = np.asarray(p, float)
    order = np.argsort(p, kind="stable")
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1)
    return corrected


def proven(row: dict[str, float], confidence: float) -> bool:
    """Tell whether a difference counts as real: its p-value is small enough and its interval leaves out 0.

    The interval also covers the choice of seeds, the test does not.
    """
    p = row.get("p_corrected", row["p"])
    return p <= round(1 - confidence, 9) and not row["low"] <= 0 <= row["high"]


def between(pairs: list[dict], name: str, other: str) -> dict[str, float]:
    """Return the row of two models, turned so that a positive difference speaks for the first."""
    row = next(pair for pair in pairs if {pair["one"], pair["other"]} == {name, other})
    figures_only = {key: row[key] for key in ("difference", "low", "high", "p", "p_corrected")}
    if row["one"] == name:
        return figures_only
    return figures_only | {"difference": -row["difference"], "low": -row["high"], "high": -row["low"]}
