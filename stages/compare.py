"""All predictions on one dataset → intervals, paired tests against the best baseline, and a verdict in words.

Intervals come from a bootstrap over items and seeds: each resample draws test items and, for every model, as many
of its seeds as it has, both with replacement; the items are the same for all models, so that differences are
paired. The test is an approximate randomisation test (Noreen 1989) on the models' accuracy by item, the mean over
seeds: under the null hypothesis the sign of each item's difference is a coin's toss.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from stages.classification.metrics import contributions, figures
from stages.classification.models import NeuralParameters
from stages.console import Problem, run
from stages.files import read_json, write_json
from stages.params import Evaluation, load

CHUNK = 500  # resamples at a time: their weights take CHUNK × items × 8 bytes


def compare(dataset: str) -> None:
    """Compare all models on one dataset."""
    params = load()
    names = params.classification.model_names()
    baselines = [name for name in names if not isinstance(params.classification.model(name), NeuralParameters)]
    tables = {name: pd.read_parquet(Path("data/predictions", dataset, f"{name}.parquet")) for name in names}
    refuse_other_items(tables)
    measured = {name: read_json(Path("reports/metrics", dataset, f"{name}.json")) for name in names}
    validation = {name: measured[name]["validation"]["accuracy"] for name in names}
    best_baseline = max(baselines, key=validation.get, default=None)
    resampled = resample({name: by_seed(table) for name, table in tables.items()}, params.evaluation)
    models = {
        name: {"metrics": _intervals(resampled[name], measured[name], params.evaluation.confidence)} for name in names
    }
    hits = {name: mean_hits(table) for name, table in tables.items()}
    for name in names:
        models[name] |= {"baseline": name in baselines, "validation_accuracy": validation[name]}
        if best_baseline is not None and name != best_baseline:
            versus = paired_test(hits[name], hits[best_baseline], params.evaluation)
            gains = resampled[name]["accuracy"] - resampled[best_baseline]["accuracy"]
            models[name]["against_baseline"] = versus | _bounds(gains, params.evaluation.confidence)
    best = max(names, key=lambda name: (validation[name], name in baselines))  # of equals, the simpler
    outcome = {"dataset": dataset, "best": best, "best_baseline": best_baseline, "models": models}
    outcome["verdict"] = verdict(outcome, params.evaluation)
    outcome["signature"] = measured[best]["signature"]
    write_json(Path("reports/compare") / f"{dataset}.json", outcome)
    print(f"{dataset}: {outcome['verdict']}")


def refuse_other_items(tables: dict[str, pd.DataFrame]) -> None:
    """Refuse predictions that are not of the same items in the same order: their differences would mean nothing.

    Raises:
        Problem: names the first model and seed whose items are others.
    """
    expected = first = None
    for name, table in tables.items():
        for seed, rows in table.groupby("seed"):
            items = list(zip(rows["id"], rows["label"], strict=True))
            if expected is None:
                expected, first = items, name
            elif items != expected:
                raise Problem(
                    f"the predictions of {name} (seed {seed}) are of other test items than those of {first}, or in "
                    "another order: run `dvc repro`, so that all models are evaluated on the same test part"
                )


def by_seed(table: pd.DataFrame) -> np.ndarray:
    """Return every item's contributions to the figures, (seeds, items, columns), from a table of predictions."""
    columns = [column for column in table if column.startswith("probability.")]
    classes = [column.removeprefix("probability.") for column in columns]
    return np.stack(
        [
            contributions(np.searchsorted(classes, rows["label"].to_numpy()), rows[columns].to_numpy())
            for _, rows in table.groupby("seed")
        ]
    )


def mean_hits(table: pd.DataFrame) -> np.ndarray:
    """Return how often each item was classified rightly, the mean over seeds, (items,)."""
    hits = (table["label"] == table["predicted"]).astype(float)
    return hits.groupby(table["id"], sort=True).mean().to_numpy()


def resample(items: dict[str, np.ndarray], choices: Evaluation) -> dict[str, dict[str, np.ndarray]]:
    """Return every model's figures in every resample, (resamples,) each.

    Args:
        items: of each model the contributions (seeds, items, columns); items in the same order.
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


def paired_test(hits: np.ndarray, others: np.ndarray, choices: Evaluation) -> dict[str, float]:
    """Return the mean difference of two models' hits by item and its two-sided p-value under random signs."""
    differences = hits - others
    observed = abs(differences.sum())
    moved = differences[differences != 0]  # the others stay 0 under either sign
    random = np.random.default_rng(choices.seed)
    extreme = 0
    for start in range(0, choices.permutations, CHUNK):
        signs = random.integers(0, 2, size=(min(CHUNK, choices.permutations - start), len(moved))) * 2 - 1
        extreme += int((np.abs(signs @ moved) >= observed - 1e-9).sum())
    return {"difference": float(differences.mean()), "p": (1 + extreme) / (1 + choices.permutations)}


def verdict(outcome: dict, choices: Evaluation) -> str:
    """Say in a sentence whether the best model beats the best baseline, with the figures that decide it.

    It counts as proven when the test's p-value is small enough and the interval of the difference, which also covers
    the choice of seeds, leaves out 0.
    """
    best, baseline = outcome["best"], outcome["best_baseline"]
    accuracy = outcome["models"][best]["metrics"]["accuracy"]["mean"]
    if baseline is None:
        return f"{best} is the best on validation (test accuracy {accuracy:.1%}); there is no baseline to compare with."
    if best == baseline:
        return f"No model beats the baseline {baseline} on validation (its test accuracy: {accuracy:.1%}); use it."
    versus = outcome["models"][best]["against_baseline"]
    figures_told = (
        f"by {100 * abs(versus['difference']):.1f} points of test accuracy, {choices.confidence:.0%} interval of the "
        f"difference {100 * versus['low']:+.1f} to {100 * versus['high']:+.1f}, p = {versus['p']:.2g}"
    )
    if versus["p"] > round(1 - choices.confidence, 9) or versus["low"] <= 0 <= versus["high"]:
        ahead = "ahead of" if versus["difference"] > 0 else "behind"
        return f"{best}, the best on validation, is {ahead} the baseline {baseline} {figures_told}: not proven."
    return f"{best} {'beats' if versus['difference'] > 0 else 'loses to'} the baseline {baseline} {figures_told}."


def _intervals(resampled: dict[str, np.ndarray], measured: dict, confidence: float) -> dict:
    return {
        name: {"mean": measured[name]}
        | _bounds(values, confidence)
        | {"sd": measured["sd"][name], "seeds": len(measured["seeds"])}
        for name, values in resampled.items()
    }


def _bounds(values: np.ndarray, confidence: float) -> dict[str, float]:
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return {"low": float(low), "high": float(high)}


if __name__ == "__main__":
    run(compare)
