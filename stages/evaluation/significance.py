"""Is a difference real? Intervals by bootstrap, paired tests, and the correction for many of them.

Intervals come from a bootstrap over items and seeds: each resample draws test items and, for every model, as many
of its seeds as it has, both with replacement; the items are the same for all models, so that differences are
paired. The test is an approximate randomisation test (Noreen 1989) on the models' scores per item, the mean over seeds:
under the null hypothesis the sign of each item's difference is a coin's toss.
"""

from collections.abc import Sequence

import numpy as np

from stages.config.schema import EvaluationConfig
from stages.evaluation.metric import Metric

CHUNK = 500  # resamples at a time: their weights take CHUNK × items × 8 bytes


def resample(
    statistics: dict[str, np.ndarray], metrics: Sequence[Metric], config: EvaluationConfig
) -> dict[str, dict[str, np.ndarray]]:
    """Return every model's metrics in every resample, (resamples,) each.

    Args:
        statistics: of each model what each item adds to the sums, (seeds, items, statistics); items in the same order.
        metrics: what is computed of the sums.
        config: how many resamples, and their seed.
    """
    rng = np.random.default_rng(config.seed)
    count = next(iter(statistics.values())).shape[1]
    values: dict[str, list[dict[str, np.ndarray]]] = {name: [] for name in statistics}
    for start in range(0, config.bootstrap, CHUNK):
        rows = min(CHUNK, config.bootstrap - start)
        weights = rng.multinomial(count, np.full(count, 1 / count), size=rows).astype(float)  # (rows, items)
        for name, added in statistics.items():
            sums = np.einsum("ri,sic->rsc", weights, added, optimize=True)  # (rows, seeds, statistics)
            drawn = rng.integers(len(added), size=(rows, len(added)))
            values[name].append(
                {
                    metric.name: np.take_along_axis(metric.from_sums(sums), drawn, 1).mean(1)  # (rows,)
                    for metric in metrics
                }
            )
    return {
        name: {key: np.concatenate([part[key] for part in parts]) for key in parts[0]} for name, parts in values.items()
    }


def bounds(values: np.ndarray, confidence: float) -> dict[str, float]:
    """Return the interval that holds the middle of the resampled values, (resamples,)."""
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return {"low": float(low), "high": float(high)}


def paired_test(ones: np.ndarray, others: np.ndarray, config: EvaluationConfig) -> dict[str, float]:
    """Return the mean difference of two models' scores per item and its two-sided p-value under random signs.

    Args:
        ones, others: what each item adds to the primary metric, the mean over seeds, (items,).
        config: how many random signs, and their seed.
    """
    differences = ones - others
    observed = abs(differences.sum())
    moved = differences[differences != 0]  # the others stay 0 under either sign
    rng = np.random.default_rng(config.seed)
    extreme = 0
    for start in range(0, config.permutations, CHUNK):
        signs = rng.integers(0, 2, size=(min(CHUNK, config.permutations - start), len(moved))) * 2 - 1
        extreme += int((np.abs(signs @ moved) >= observed - 1e-9).sum())
    return {"difference": float(differences.mean()), "p": (1 + extreme) / (1 + config.permutations)}


def holm(p: Sequence[float]) -> np.ndarray:
    """Return the p-values corrected for their number, so that the chance of any false finding is kept (Holm 1979)."""
    from statsmodels.stats.multitest import multipletests  # slow to import

    return np.asarray(multipletests(p, method="holm")[1]) if len(p) else np.zeros(0)


def significant(row: dict[str, float], confidence: float) -> bool:
    """Tell whether a difference counts as real: its p-value is small enough and its interval leaves out 0.

    The interval also covers the choice of seeds, the test does not.
    """
    p = row.get("p_corrected", row["p"])
    return p <= round(1 - confidence, 9) and not row["low"] <= 0 <= row["high"]


def pairwise_result(pairs: list[dict], name: str, other: str) -> dict[str, float]:
    """Return the row of two models, turned so that a positive difference says that the first's metric is larger."""
    row = next(pair for pair in pairs if {pair["one"], pair["other"]} == {name, other})
    numbers = {key: row[key] for key in ("difference", "low", "high", "p", "p_corrected")}
    if row["one"] == name:
        return numbers
    return numbers | {"difference": -row["difference"], "low": -row["high"], "high": -row["low"]}
