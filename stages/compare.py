"""All predictions on one dataset → intervals, paired tests of all models, the notes' claims, and a verdict in words."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from stages.classification.claims import CLAIMS
from stages.classification.metrics import contributions, figures
from stages.classification.models import NeuralParameters
from stages.console import Problem, run
from stages.files import read_json, write_json
from stages.params import Evaluation, load
from stages.significance import between, bounds, holm, paired_test, proven, resample


def compare(dataset: str) -> None:
    """Compare all models on one dataset."""
    params = load()
    names, choices = params.classification.model_names(), params.evaluation
    baselines = [name for name in names if not isinstance(params.classification.model(name), NeuralParameters)]
    tables = {name: pd.read_parquet(Path("data/predictions", dataset, f"{name}.parquet")) for name in names}
    refuse_other_items(tables)
    measured = {name: read_json(Path("reports/metrics", dataset, f"{name}.json")) for name in names}
    validation = {name: measured[name]["validation"]["accuracy"] for name in names}
    resampled = resample({name: by_seed(table) for name, table in tables.items()}, figures, choices)
    pairs = all_pairs({name: mean_hits(table) for name, table in tables.items()}, resampled, choices)
    best_baseline = max(baselines, key=validation.get, default=None)
    models = {}
    for name in names:
        models[name] = {
            "metrics": _intervals(resampled[name], measured[name], choices.confidence),
            "baseline": name in baselines,
            "validation_accuracy": validation[name],
        }
        if best_baseline not in (None, name):
            models[name]["against_baseline"] = between(pairs, name, best_baseline)
    best = max(names, key=lambda name: (validation[name], name in baselines))  # of equals, the simpler
    outcome = {"dataset": dataset, "best": best, "best_baseline": best_baseline, "models": models}
    outcome |= {"verdict": verdict(outcome, choices), "signature": measured[best]["signature"]}
    outcome |= {"pairs": pairs, "claims": decide_claims(tables, choices)}
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


def all_pairs(hits: dict[str, np.ndarray], resampled: dict[str, dict[str, np.ndarray]], choices: Evaluation) -> list:
    """Return for every pair of models the difference in accuracy, its interval and its p-value, as such and corrected.

    Args:
        hits: of each model the mean hits by item, (items,).
        resampled: of each model the figures by resample.
    """
    pairs = []
    for one, other in combinations(hits, 2):
        gains = resampled[one]["accuracy"] - resampled[other]["accuracy"]
        row = paired_test(hits[one], hits[other], choices) | bounds(gains, choices.confidence)
        pairs.append({"one": one, "other": other} | row)
    for pair, corrected in zip(pairs, holm([pair["p"] for pair in pairs]), strict=True):
        pair["p_corrected"] = float(corrected)
    return pairs


def decide_claims(tables: dict[str, pd.DataFrame], choices: Evaluation) -> list[dict]:
    """Return a row for every claim whose models are there: the figures that decide it, and whether it holds."""
    rows = []
    for claim in CLAIMS:
        if not {claim.better, claim.worse} <= tables.keys():
            continue
        chosen = {name: _of_length(tables[name], claim.texts) for name in (claim.better, claim.worse)}
        better, worse = (mean_hits(table) for table in chosen.values())
        resampled = resample({name: by_seed(table) for name, table in chosen.items()}, figures, choices)
        gains = resampled[claim.better]["accuracy"] - resampled[claim.worse]["accuracy"]
        row = paired_test(better, worse, choices) | bounds(gains, choices.confidence)
        holds = ("yes" if row["difference"] > 0 else "no") if proven(row, choices.confidence) else "not proven"
        told = {"items": len(better), "accuracy": float(better.mean()), "other_accuracy": float(worse.mean())}
        rows.append(claim._asdict() | told | row | {"holds": holds})
    return rows


def _of_length(table: pd.DataFrame, texts: str) -> pd.DataFrame:
    """Return the rows of all texts, or of the shortest or longest quarter by tokens."""
    if texts == "all":
        return table
    quarter = table["tokens"].quantile(0.25 if texts == "shortest" else 0.75)
    return table[table["tokens"] <= quarter if texts == "shortest" else table["tokens"] >= quarter]


def verdict(outcome: dict, choices: Evaluation) -> str:
    """Say whether the best model beats the best baseline, with the figures that decide it, and which others do."""
    best, baseline, models = outcome["best"], outcome["best_baseline"], outcome["models"]
    accuracy = models[best]["metrics"]["accuracy"]["mean"]
    if baseline is None:
        return f"{best} is the best on validation (test accuracy {accuracy:.1%}); there is no baseline to compare with."
    if best == baseline:
        return f"No model beats the baseline {baseline} on validation (its test accuracy: {accuracy:.1%}); use it."
    versus = models[best]["against_baseline"]
    told = (
        f"{100 * abs(versus['difference']):.1f} points of test accuracy, {choices.confidence:.0%} interval of the "
        f"difference {100 * versus['low']:+.1f} to {100 * versus['high']:+.1f}, p = {versus['p_corrected']:.2g} "
        "after correction"
    )
    if not proven(versus, choices.confidence):
        ahead = "ahead of" if versus["difference"] > 0 else "behind"
        sentence = f"{best}, the best on validation, is {ahead} the baseline {baseline} by {told}: not proven."
    else:
        sentence = f"{best} {'beats' if versus['difference'] > 0 else 'loses to'} the baseline {baseline} by {told}."
    return sentence + _others(outcome, choices)


def _others(outcome: dict, choices: Evaluation) -> str:
    """Say which of the models that are neither baseline nor best beat the best baseline as well."""
    others = {
        name: model["against_baseline"]
        for name, model in outcome["models"].items()
        if not model["baseline"] and name != outcome["best"]
    }
    ahead = [name for name, row in others.items() if row["difference"] > 0 and proven(row, choices.confidence)]
    behind = [name for name in others if name not in ahead]
    parts = [f" Also better than {outcome['best_baseline']}: {', '.join(ahead)}."] if ahead else []
    parts += [f" Not shown to be better than {outcome['best_baseline']}: {', '.join(behind)}."] if behind else []
    return "".join(parts)


def _intervals(resampled: dict[str, np.ndarray], measured: dict, confidence: float) -> dict:
    return {
        name: {"mean": measured[name]}
        | bounds(values, confidence)
        | {"sd": measured["sd"][name], "seeds": len(measured["seeds"])}
        for name, values in resampled.items()
    }


if __name__ == "__main__":
    run(compare)
