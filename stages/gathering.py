"""What every task's stages found out, gathered for the report's pages."""

from pathlib import Path

import pandas as pd

from stages.console import Problem
from stages.files import read_json
from stages.significance import Measure, between, proven
from stages.wording import probability

REPORTS = Path("reports")
FASTER = "Convolutions are faster than recurrence"
RACES = (("cnn", "lstm"), ("cnn", "gru"))
NOISE = 1.1  # speeds were measured once: two of them that differ by less count as equal
TEXTS = {"all": "all items", "longest": "longest quarter", "shortest": "shortest quarter"}
HOLDS = {"yes": "Yes", "no": "No, the other is better", "not proven": "Not proven"}


def gather_comparison(dataset: str, names: list[str], measure: Measure, confidence: float) -> dict:
    """Return what the stages wrote about a dataset of any task.

    Returns:
        The reports `compare`, `split`, `audit` and `validation` by name, `matrix` (by model and model, the pair's
        row in `compare`, turned, with `proven`), and `models`: of each model its results in `compare` and
        `metrics` in one, `timings`, and `curves` as a table. Models are sorted by their test figure, the best first.

    Raises:
        Problem: a report is missing, or is not about all the models.
    """
    kinds = ("compare", "split", "audit", "validation")
    found = {kind: read_json(REPORTS / kind / f"{dataset}.json") for kind in kinds}
    compared = found["compare"] = _of_models(found["compare"], names, REPORTS / "compare" / f"{dataset}.json")
    means = {name: compared["models"][name]["metrics"][measure.name]["mean"] for name in names}
    ranked = sorted(names, key=lambda name: (-measure.gain(means[name]), name))
    return found | {
        "models": {name: _gather_model(dataset, name) | compared["models"][name] for name in ranked},
        "matrix": {name: _duels(name, ranked, compared["pairs"], confidence) for name in ranked},
        "measure": measure,
    }


def _gather_model(dataset: str, name: str) -> dict:
    timings = {
        stage: read_json(REPORTS / "timings" / stage / dataset / f"{name}.json") for stage in ("train", "evaluate")
    }
    curves = read_table(REPORTS / "plots/curves" / dataset / f"{name}.csv")
    return read_json(REPORTS / "metrics" / dataset / f"{name}.json") | {"timings": timings, "curves": curves}


def _of_models(compared: dict, names: list[str], path: Path) -> dict:
    """Return a comparison without the pairs and claims of models that params.yaml does not name."""
    lacking = sorted(set(names) - set(compared["models"]))
    if lacking:
        raise Problem(f"{path} has no model {', '.join(lacking)}, which params.yaml names: run `dvc repro`")
    chosen = sorted({compared["best"], compared["best_baseline"]} - {*names, None})
    if chosen:
        raise Problem(f"{path} chose {', '.join(chosen)}, which params.yaml does not name: run `dvc repro`")
    return compared | {
        "pairs": [row for row in compared["pairs"] if {row["one"], row["other"]} <= set(names)],
        "claims": [row for row in compared["claims"] if {row["better"], row["worse"]} <= set(names)],
    }


def _duels(name: str, others: list[str], pairs: list[dict], confidence: float) -> dict[str, dict]:
    rows = {other: between(pairs, name, other) for other in others if other != name}
    return {other: row | {"proven": proven(row, confidence)} for other, row in rows.items()}


def read_table(path: Path, **options) -> pd.DataFrame:
    """Read a CSV file that a stage wrote.

    Raises:
        Problem: the file is not there or not CSV.
    """
    try:
        return pd.read_csv(path, **options)
    except FileNotFoundError:
        raise Problem(f"{path} is missing: run `dvc repro` first") from None
    except ValueError as error:
        raise Problem(f"{path} is not valid CSV ({error}): remove it and run `dvc repro`") from None


def claims(datasets: dict[str, dict]) -> dict[str, list[dict]]:
    """Return the notes' claims in words, each with the rows that decide it, the figures worded.

    A row is {dataset, better, worse, texts, figure, other_figure, difference, p, holds}. The rows on speed come from
    timings: they differ from run to run.
    """
    found: dict[str, list[dict]] = {}
    for dataset, reports in datasets.items():
        for claim in reports["compare"]["claims"]:
            row = _worded(claim, reports["measure"]) | {"dataset": dataset}
            found.setdefault(claim["words"], []).append(row)
    races = [
        {"dataset": dataset, "better": better, "worse": worse} | row
        for better, worse in RACES
        for dataset, reports in datasets.items()
        if {better, worse} <= reports["models"].keys()
        for row in _race(reports["models"][better]["timings"], reports["models"][worse]["timings"])
    ]
    for rows in found.values():
        rows.sort(key=lambda row: (row["better"], row["worse"]))  # stable: datasets stay in their order
    return found | ({FASTER: races} if races else {})


def _worded(claim: dict, measure: Measure) -> dict:
    return {
        "better": claim["better"],
        "worse": claim["worse"],
        "texts": f"{TEXTS[claim['texts']]} ({claim['items']:,})",
        "figure": f"{claim[measure.name]:.3f}",
        "other_figure": f"{claim[f'other_{measure.name}']:.3f}",
        "difference": measure.versus(claim),
        "p": probability(claim["p"]),
        "holds": HOLDS[claim["holds"]],
    }


def _race(timings: dict, others: dict) -> list[dict]:
    rows = []
    for work, stage in {"in training": "train", "in prediction": "evaluate"}.items():
        fast, slow = (found[stage]["examples_per_second"] for found in (timings, others))
        ratio = fast / max(slow, 0.001)
        told = {"figure": f"{fast:,.0f}/s", "other_figure": f"{slow:,.0f}/s", "difference": f"{ratio:.2f} ×"}
        holds = "Yes" if ratio > NOISE else "No, the other is faster" if ratio < 1 / NOISE else "Equally fast"
        rows.append({"texts": work, "p": "–", "holds": holds} | told)
    return rows
