"""All predictions on one dataset → intervals, tests of all pairs, what decides the notes' claims, and a verdict."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from stages.config.dataset import Dataset
from stages.config.paths import Paths
from stages.config.resolved import ComparisonFile, read_resolved
from stages.evaluation.hypotheses import Evidence, decide
from stages.evaluation.metric import Metric
from stages.evaluation.pairs import all_pairs, turned
from stages.evaluation.uncertainty import Grouped, uncertainty
from stages.evaluation.verdict import verdict
from stages.runtime.command import run
from stages.runtime.errors import UserError
from stages.runtime.files import read_json, write_json
from stages.tasks.base import Task
from stages.tasks.discovery import find_task

Predictions = Mapping[str, pd.DataFrame]  # by model
Evaluations = Mapping[str, Mapping[str, Any]]  # by model


def compare(dataset: Dataset) -> None:
    """Compare all models on one dataset.

    Raises:
        UserError: predictions are missing, or are of other test items than those of another model.
    """
    task = find_task(dataset.task)
    file = read_resolved(dataset.paths.task_params(task.name, "comparison"), ComparisonFile)
    predictions = {name: pd.read_parquet(dataset.predictions(name)) for name in file.models}
    refuse_other_items(predictions, task.item_columns)
    evaluations = {name: read_json(dataset.report("evaluation", name)) for name in file.models}
    evidence = gather(task, file.networks, predictions, evaluations)
    comparison = {"dataset": dataset.name} | compare_models(task, file, evidence, evaluations)
    confidence = file.evaluation.confidence
    asked = [each for each in task.hypotheses if each.asked_of(dataset.name)]
    answerable = [each for each in asked if {each.better, each.worse} <= predictions.keys()]
    comparison["hypotheses"] = [decide(hypothesis, evidence, confidence) for hypothesis in answerable]
    write_json(dataset.report("compare"), comparison)
    print(f"{dataset.name}: {comparison['verdict']}")


def gather(task: Task, networks: Sequence[str], predictions: Predictions, evaluations: Evaluations) -> Evidence:
    """Return what everything is decided by: of each model what each item adds to the metrics."""
    items = of_first_seed(next(iter(predictions.values())))
    return Evidence(
        metric=task.primary,
        statistics={name: task.per_seed(table) for name, table in predictions.items()},
        networks=networks,
        sampling=task.sampling(items),
        lengths=None if task.length_column is None else items[task.length_column].to_numpy(),
        unfinished={name for name, evaluation in evaluations.items() if evaluation["still_improving"]},
        upper_bounds={name for name, each in evaluations.items() if each["signature"].get("upper_bound")},
    )


def of_first_seed(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return one of a model's rows for each item."""
    return predictions[predictions["seed"] == predictions["seed"].iloc[0]]


def compare_models(task: Task, file: ComparisonFile, evidence: Evidence, evaluations: Evaluations) -> dict[str, Any]:
    """Return intervals of every model's metrics, the test of every pair, which models are best, and the verdict."""
    confidence, primary, names = file.evaluation.confidence, task.primary, file.models
    validation = {name: evaluations[name]["validation"][primary.name] for name in names}
    pairs = all_pairs(evidence.figures, primary, evidence.sampling, confidence, evidence.upper_bounds)
    best_baseline = max(file.baselines, key=lambda name: primary.gain(validation[name]), default=None)
    # Of equals, the simpler.
    best = max(names, key=lambda name: (primary.gain(validation[name]), name in file.baselines))
    intervals = [_intervals(metric, evidence, evaluations, confidence) for metric in task.metrics]
    models: dict[str, dict[str, Any]] = {}
    for name in names:
        models[name] = {
            "metrics": {metric.name: rows[name] for metric, rows in zip(task.metrics, intervals, strict=True)},
            "baseline": name in file.baselines,
            "still_improving": evaluations[name]["still_improving"],
            f"validation_{primary.name}": validation[name],
        }
        if best_baseline not in (None, name):
            models[name]["against_baseline"] = turned(pairs, name, str(best_baseline))
    comparison = {"best": best, "best_baseline": best_baseline, "models": models, "pairs": pairs}
    comparison["sample"] = _sample(evidence, best, validation)
    comparison["by_group"] = _by_group(evidence)
    return comparison | {
        "verdict": verdict(comparison, primary, confidence),
        "signature": evaluations[best]["signature"],
    }


def _intervals(
    metric: Metric, evidence: Evidence, evaluations: Evaluations, confidence: float
) -> dict[str, dict[str, Any]]:
    """Return of every model a metric's mean, interval and deviation over seeds."""
    figures = evidence.figures if metric is evidence.metric else evidence.figures_by(metric)
    rows = {}
    for name, each in figures.items():
        low, high = uncertainty(each, evidence.sampling, confidence)[:2] if metric.interval else (None, None)
        scores = evaluations[name]["metrics"]
        rows[name] = {
            "mean": scores["mean"][metric.name],
            "low": None if low is None else max(low, metric.limits[0]),
            "high": None if high is None else min(high, metric.limits[1]),
            "sd": scores["sd"][metric.name],
            "seeds": len(scores["seeds"]),
        }
    return rows


def _sample(evidence: Evidence, best: str, validation: Mapping[str, float]) -> dict[str, Any]:
    """Return as how many items the test part counts where the best model is compared with the best of the other kind.

    Where all are networks, or none is, its own figure counts.
    """
    others = [name for name in validation if (name in evidence.networks) != (best in evidence.networks)]
    decisive = evidence.figures[best]
    if others:
        rival = max(others, key=lambda name: evidence.metric.gain(validation[name]))
        decisive = decisive - evidence.figures[rival]
    independent = evidence.sampling.spread(decisive.influence).independent
    return {
        "items": len(decisive.influence),
        "independent": round(independent, 1),
        "fewest": evidence.sampling.fewest,
        "words": evidence.sampling.describe(independent),
    }


def _by_group(evidence: Evidence) -> dict[str, dict[str, float]]:
    """Return every model's primary metric on each group of the items, where there are groups."""
    if not isinstance(evidence.sampling, Grouped):
        return {}
    groups = evidence.sampling.groups
    return {
        str(group): {name: evidence.value(name, groups == group) for name in evidence.statistics}
        for group in dict.fromkeys(groups)
    }


def refuse_other_items(predictions: Predictions, columns: tuple[str, ...]) -> None:
    """Refuse predictions that are not of the same items in the same order: their differences would mean nothing.

    Raises:
        UserError: names the first model and seed whose items are others.
    """
    expected, first = None, ""
    for name, table in predictions.items():
        for seed, rows in table.groupby("seed"):
            items = list(rows[list(columns)].itertuples(index=False, name=None))
            if expected is None:
                expected, first = items, name
            elif items != expected:
                raise UserError(
                    f"the predictions of {name} (seed {seed}) are of other test items than those of {first}, or in "
                    "another order: run `dvc repro`, so that all models are evaluated on the same test part"
                )


def main(dataset: str) -> None:
    """Compare all models on one dataset."""
    compare(Dataset.find(Paths(), dataset))


if __name__ == "__main__":
    run(main)
