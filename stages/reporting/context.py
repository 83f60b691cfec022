"""What the stages wrote about a dataset, gathered for the report's pages."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from stages.config.dataset import Dataset
from stages.evaluation.metric import Metric
from stages.evaluation.pairs import proven, turned
from stages.evaluation.verdict import beats_baselines
from stages.runtime.errors import UserError
from stages.runtime.files import read_json


def dataset_context(dataset: Dataset, models: Sequence[str], primary: Metric, confidence: float) -> dict[str, Any]:
    """Return what the stages wrote about a dataset of any task.

    Returns:
        The reports `compare`, `split`, `audit`, `validation` and `prepare` by name, `matrix` (by model and model, the
        pair's row in `compare`, turned, with `proven`), `remarks`, `beats_baselines`, whether the best model is proven
        to be ahead of every baseline, and `models`: of each model its `evaluation` and its results in `compare` in one,
        `timings`, and `curves` as a table. Models are sorted by the primary metric on test, the best first.

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
        "beats_baselines": beats_baselines(compared, primary, confidence),
    }


def _of_model(dataset: Dataset, name: str) -> dict[str, Any]:
    timings = {stage: read_json(dataset.report(f"timings/{stage}", name)) for stage in ("train", "evaluate")}
    curves = read_table(dataset.plot("curves", name))
    results = read_json(dataset.report("evaluation", name)) | {"timings": timings, "curves": curves}
    return {"still_improving": False} | results  # runs of earlier versions do not tell


def _of_models(compared: dict[str, Any], names: Sequence[str], path: Path) -> dict[str, Any]:
    """Return a comparison without models that params.yaml does not name."""
    if lacking := sorted(set(names) - set(compared["models"])):
        raise UserError(f"{path} has no model {', '.join(lacking)}, which params.yaml names: run `dvc repro`")
    if chosen := sorted({compared["best"], compared["best_baseline"]} - {*names, None}):
        raise UserError(f"{path} chose {', '.join(chosen)}, which params.yaml does not name: run `dvc repro`")
    return compared | {
        "models": {name: compared["models"][name] for name in names},
        "pairs": [row for row in compared["pairs"] if {row["one"], row["other"]} <= set(names)],
        "hypotheses": [row for row in compared["hypotheses"] if {row["better"], row["worse"]} <= set(names)],
    }


def _duels(
    name: str, others: Iterable[str], pairs: list[dict[str, Any]], confidence: float
) -> dict[str, dict[str, Any]]:
    rows = {other: turned(pairs, name, other) for other in others if other != name}
    return {other: row | {"proven": proven(row, confidence)} for other, row in rows.items()}


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
