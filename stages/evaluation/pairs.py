"""Every pair of a dataset's models: their difference, its interval and p-value, and whether it is proven."""

from collections.abc import Collection, Mapping, Sequence
from itertools import combinations
from typing import Any

from stages.evaluation.metric import Metric
from stages.evaluation.uncertainty import Figure, Sampling, holm, uncertainty

Row = Mapping[str, Any]  # difference, low, high, p, p_corrected, independent, over_seeds
NUMBERS = ("difference", "low", "high", "p", "p_corrected", "independent", "over_seeds")


def difference(figure: Figure, sampling: Sampling, confidence: float) -> dict[str, Any]:
    """Return the row of a difference, its p-value not yet corrected."""
    worded = uncertainty(figure, sampling, confidence).worded()
    return {"difference": figure.value} | worded | {"over_seeds": figure.over_seeds}


def all_pairs(
    figures: Mapping[str, Figure],
    metric: Metric,
    sampling: Sampling,
    confidence: float,
    upper_bounds: Collection[str] = (),
) -> list[dict[str, Any]]:
    """Return a row for every pair of models, its p-value as such and by Holm's correction over all pairs.

    Args:
        figures: of each model, by the metric.
        metric: says which of two is better.
        sampling: how the items came about.
        confidence: of the intervals.
        upper_bounds: models whose figure is a bound of what it would be: they may be ahead, but not be proven behind.
    """
    rows = []
    for one, other in combinations(figures, 2):
        row = difference(figures[one] - figures[other], sampling, confidence)
        worse = other if metric.gain(row["difference"]) > 0 else one
        if worse in upper_bounds:
            row["p"] = None
        rows.append({"one": one, "other": other} | row)
    return with_corrected(rows)


def with_corrected(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return rows with their p-values corrected for the number of rows."""
    return [dict(row) | {"p_corrected": p} for row, p in zip(rows, holm([row["p"] for row in rows]), strict=True)]


def turned(pairs: Sequence[Row], name: str, other: str) -> dict[str, Any]:
    """Return the row of two models so that a positive difference says that the first's metric is larger."""
    row = next(pair for pair in pairs if {pair["one"], pair["other"]} == {name, other})
    numbers = {key: row[key] for key in NUMBERS}
    if row["one"] == name:
        return numbers
    low, high = (None if end is None else -end for end in (row["high"], row["low"]))
    return numbers | {"difference": -row["difference"], "low": low, "high": high}


def clear(row: Row, confidence: float) -> bool:
    """Tell whether a difference is more than chance, of the models as they were trained here."""
    return row["p_corrected"] is not None and row["p_corrected"] <= round(1 - confidence, 9)


def proven(row: Row, confidence: float) -> bool:
    """Tell whether a difference is proven: clear, and of any seeds, for every network was trained with several."""
    return clear(row, confidence) and bool(row["over_seeds"])


def probability(p: float | None) -> str:
    """Word a p-value with two digits that count: 0.012. Below 0.0001 no assumption is good enough for digits."""
    return "–" if p is None else "<0.0001" if p < 0.0001 else f"{p:.2g}"
