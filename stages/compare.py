"""All predictions on one dataset → intervals, paired tests of all models, the notes' hypotheses, a verdict in words."""

from collections.abc import Mapping, Sequence, Set
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from stages.config.dataset import Dataset
from stages.config.paths import Paths
from stages.config.resolved import ComparisonFile, read_resolved
from stages.config.schema import EvaluationConfig
from stages.evaluation.hypotheses import Hypothesis, items_of
from stages.evaluation.metric import Metric
from stages.evaluation.significance import bounds, holm, paired_test, pairwise_result, resample, significant
from stages.evaluation.verdict import verdict
from stages.runtime.command import run
from stages.runtime.errors import UserError
from stages.runtime.files import read_json, write_json
from stages.tasks.base import Task
from stages.tasks.discovery import find_task

Predictions = Mapping[str, pd.DataFrame]  # by model


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
    outcome = _compared(dataset.name, task, file, predictions, evaluations)
    unfinished = {name for name, model in outcome["models"].items() if model["still_improving"]}
    asked = [hypothesis for hypothesis in task.hypotheses if hypothesis.asked_of(dataset.name)]
    outcome["hypotheses"] = decide_hypotheses(task, asked, predictions, file.evaluation, unfinished)
    outcome |= task.extra_tests(dataset, predictions, outcome["best_baseline"], file.evaluation)
    write_json(dataset.report("compare"), outcome)
    print(f"{dataset.name}: {outcome['verdict']}")


def _compared(
    dataset: str, task: Task, file: ComparisonFile, predictions: Predictions, evaluations: Mapping[str, dict[str, Any]]
) -> dict[str, Any]:
    """Return intervals of every model's metrics, the test of every pair, which models are best, and the verdict."""
    config, primary, names = file.evaluation, task.primary, file.models
    validation = {name: evaluations[name]["validation"][primary.name] for name in names}
    statistics = {name: task.per_seed(table) for name, table in predictions.items()}
    resampled = resample(statistics, task.metrics, config)
    pairs = all_pairs({name: task.per_item(table) for name, table in predictions.items()}, resampled, primary, config)
    best_baseline = max(file.baselines, key=lambda name: primary.gain(validation[name]), default=None)
    # Of equals, the simpler.
    best = max(names, key=lambda name: (primary.gain(validation[name]), name in file.baselines))
    models: dict[str, dict[str, Any]] = {}
    for name in names:
        models[name] = {
            "metrics": _intervals(resampled[name], evaluations[name]["metrics"], config.confidence),
            "baseline": name in file.baselines,
            "still_improving": evaluations[name]["still_improving"],
            f"validation_{primary.name}": validation[name],
        }
        if best_baseline not in (None, name):
            models[name]["against_baseline"] = pairwise_result(pairs, name, str(best_baseline))
    outcome = {"dataset": dataset, "best": best, "best_baseline": best_baseline, "models": models}
    signature = evaluations[best]["signature"]
    return outcome | {"verdict": verdict(outcome, primary, config), "signature": signature, "pairs": pairs}


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


def all_pairs(
    items: Mapping[str, np.ndarray],
    resampled: Mapping[str, Mapping[str, np.ndarray]],
    primary: Metric,
    config: EvaluationConfig,
) -> list[dict[str, Any]]:
    """Return for every pair of models the difference, its interval and its p-value, as such and corrected.

    Args:
        items: of each model what each item adds to the primary metric, the mean over seeds, (items,).
        resampled: of each model the metrics by resample.
        primary: the metric that decides.
        config: how uncertainty is measured.
    """
    pairs: list[dict[str, Any]] = []
    for one, other in combinations(items, 2):
        gaps = resampled[one][primary.name] - resampled[other][primary.name]
        row = paired_test(items[one], items[other], config) | bounds(gaps, config.confidence)
        pairs.append({"one": one, "other": other} | row)
    for pair, corrected in zip(pairs, holm([pair["p"] for pair in pairs]), strict=True):
        pair["p_corrected"] = float(corrected)
    return pairs


def decide_hypotheses(
    task: Task,
    asked: Sequence[Hypothesis],
    predictions: Predictions,
    config: EvaluationConfig,
    unfinished: Set[str] = frozenset(),
) -> list[dict[str, Any]]:
    """Return a row for every hypothesis whose models are there: the means that decide it, and whether it holds.

    What a model that was still improving would have reached is not known: it decides nothing.
    """
    rows, primary = [], task.primary
    for hypothesis in asked:
        names = (hypothesis.better, hypothesis.worse)
        if not set(names) <= predictions.keys():
            continue
        tables = {name: items_of(predictions[name], hypothesis.items, task.length_column) for name in names}
        better, worse = (task.per_item(table) for table in tables.values())
        resampled = resample({name: task.per_seed(table) for name, table in tables.items()}, [primary], config)
        gaps = resampled[names[0]][primary.name] - resampled[names[1]][primary.name]
        row = paired_test(better, worse, config) | bounds(gaps, config.confidence)
        ahead = "yes" if primary.gain(row["difference"]) > 0 else "no"
        holds = ahead if significant(row, config.confidence) else "not proven"
        holds = "unfinished" if unfinished & set(names) else holds
        means = {primary.name: float(better.mean()), f"other_{primary.name}": float(worse.mean())}
        words = {key: getattr(hypothesis, key) for key in ("words", "better", "worse", "items")}
        rows.append(words | {"num_items": len(better)} | means | row | {"holds": holds})
    return rows


def _intervals(
    resampled: Mapping[str, np.ndarray], scores: Mapping[str, dict[str, Any]], confidence: float
) -> dict[str, dict[str, float]]:
    return {
        name: {"mean": scores["mean"][name]}
        | bounds(values, confidence)
        | {"sd": scores["sd"][name], "seeds": len(scores["seeds"])}
        for name, values in resampled.items()
    }


def main(dataset: str) -> None:
    """Compare all models on one dataset."""
    compare(Dataset.find(Paths(), dataset))


if __name__ == "__main__":
    run(main)
