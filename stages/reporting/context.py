"""What the stages wrote about a dataset, gathered for the report's pages."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from stages.config.dataset import Dataset
from stages.evaluation.metric import Metric
from stages.evaluation.significance import pairwise_result, significant
from stages.reporting.formatting import probability
from stages.runtime.errors import UserError
from stages.runtime.files import read_json

FASTER = "Convolutions are faster than recurrence"
RACES = (("cnn", "lstm"), ("cnn", "gru"))
NOISE = 1.1  # speeds were measured once: two of them that differ by less count as equal
ITEMS = {"all": "all items", "longest": "longest quarter", "shortest": "shortest quarter"}
HOLDS = {
    "yes": "Yes",
    "no": "No, the other is better",
    "not proven": "Not proven",
    "unfinished": "Undecided: training had not finished",
}


def dataset_context(dataset: Dataset, models: Sequence[str], primary: Metric, confidence: float) -> dict[str, Any]:
    """Return what the stages wrote about a dataset of any task.

    Returns:
        The reports `compare`, `split`, `audit`, `validation` and `prepare` by name, `matrix` (by model and model, the
        pair's row in `compare`, turned, with `significant`), `remarks`, and `models`: of each model its `evaluation`
        and its results in `compare` in one, `timings`, and `curves` as a table. Models are sorted by the primary metric
        on test, the best first.

    Raises:
        UserError: a report is missing, or is not about all the models.
    """
    context: dict[str, Any] = {
        kind: read_json(dataset.report(kind)) for kind in ("compare", "split", "audit", "validation", "prepare")
    }
    compared = context["compare"] = _of_models(context["compare"], models, dataset.report("compare"))
    means = {name: compared["models"][name]["metrics"][primary.name]["mean"] for name in models}
    ranked = sorted(models, key=lambda name: (-primary.gain(means[name]), name))
    results = {name: _of_model(dataset, name) | compared["models"][name] for name in ranked}
    remarked = (context["validation"], context["split"], context["prepare"], results[compared["best"]])
    return context | {
        "models": results,
        "remarks": list(dict.fromkeys(remark for report in remarked for remark in report.get("remarks", []))),
        "matrix": {name: _duels(name, ranked, compared["pairs"], confidence) for name in ranked},
    }


def _of_model(dataset: Dataset, name: str) -> dict[str, Any]:
    timings = {stage: read_json(dataset.report(f"timings/{stage}", name)) for stage in ("train", "evaluate")}
    curves = read_table(dataset.plot("curves", name))
    return read_json(dataset.report("evaluation", name)) | {"timings": timings, "curves": curves}


def _of_models(compared: dict[str, Any], names: Sequence[str], path: Path) -> dict[str, Any]:
    """Return a comparison without the pairs and hypotheses of models that params.yaml does not name."""
    if lacking := sorted(set(names) - set(compared["models"])):
        raise UserError(f"{path} has no model {', '.join(lacking)}, which params.yaml names: run `dvc repro`")
    if chosen := sorted({compared["best"], compared["best_baseline"]} - {*names, None}):
        raise UserError(f"{path} chose {', '.join(chosen)}, which params.yaml does not name: run `dvc repro`")
    return compared | {
        "pairs": [row for row in compared["pairs"] if {row["one"], row["other"]} <= set(names)],
        "hypotheses": [row for row in compared["hypotheses"] if {row["better"], row["worse"]} <= set(names)],
    }


def _duels(
    name: str, others: Iterable[str], pairs: list[dict[str, Any]], confidence: float
) -> dict[str, dict[str, Any]]:
    rows = {other: pairwise_result(pairs, name, other) for other in others if other != name}
    return {other: row | {"significant": significant(row, confidence)} for other, row in rows.items()}


def read_table(path: Path, **options: Any) -> pd.DataFrame:
    """Read a CSV file that a stage wrote; `options` of `pandas.read_csv`.

    Raises:
        UserError: the file is not there or not CSV.
    """
    try:
        return pd.read_csv(path, **options)
    except FileNotFoundError:
        raise UserError(f"{path} is missing: run `dvc repro` first") from None
    except ValueError as error:
        raise UserError(f"{path} is not valid CSV ({error}): remove it and run `dvc repro`") from None


def hypotheses(contexts: Mapping[str, Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return the notes' hypotheses in words, each with the rows that decide it, their numbers worded.

    A row is {dataset, better, worse, items, value, other_value, difference, p, holds}. The rows on speed come from
    timings: they differ from run to run.

    Args:
        contexts: of each dataset what `dataset_context` returned, with its `task`.
    """
    rows_of: dict[str, list[dict[str, Any]]] = {}
    for dataset, context in contexts.items():
        for row in context["compare"]["hypotheses"]:
            rows_of.setdefault(row["words"], []).append({"dataset": dataset} | _worded(row, context["task"].primary))
    races = [
        {"dataset": dataset, "better": better, "worse": worse} | row
        for better, worse in RACES
        for dataset, context in contexts.items()
        if {better, worse} <= context["models"].keys()
        for row in _race(context["models"][better]["timings"], context["models"][worse]["timings"])
    ]
    for rows in rows_of.values():
        rows.sort(key=lambda row: (row["better"], row["worse"]))  # stable: datasets stay in their order
    return rows_of | ({FASTER: races} if races else {})


def _worded(row: Mapping[str, Any], primary: Metric) -> dict[str, str]:
    return {
        "better": row["better"],
        "worse": row["worse"],
        "items": f"{ITEMS[row['items']]} ({row['num_items']:,})",
        "value": f"{row[primary.name]:.3f}",
        "other_value": f"{row[f'other_{primary.name}']:.3f}",
        "difference": primary.versus(dict(row)),
        "p": probability(row["p"]),
        "holds": HOLDS[row["holds"]],
    }


def _race(timings: Mapping[str, Any], others: Mapping[str, Any]) -> list[dict[str, str]]:
    rows = []
    for work, stage in {"in training": "train", "in prediction": "evaluate"}.items():
        fast, slow = (times[stage]["examples_per_second"] for times in (timings, others))
        ratio = fast / max(slow, 0.001)
        values = {"value": f"{fast:,.0f}/s", "other_value": f"{slow:,.0f}/s", "difference": f"{ratio:.2f} ×"}
        holds = "Yes" if ratio > NOISE else "No, the other is faster" if ratio < 1 / NOISE else "Equally fast"
        rows.append({"items": work, "p": "–", "holds": holds} | values)
    return rows
