"""All predictions on one dataset → intervals, paired tests of all models, the notes' claims, and a verdict in words."""

from itertools import combinations
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd

from stages.claims import items_of
from stages.console import Problem, run
from stages.files import read_json, write_json
from stages.params import Evaluation, load
from stages.schema import Neural
from stages.significance import Measure, between, bounds, holm, paired_test, proven, resample
from stages.tasks import task_module


def compare(dataset: str) -> None:
    """Compare all models on one dataset."""
    params, task = load(), task_module(dataset, "comparison")
    section, choices, measure = params.section(dataset), params.evaluation, task.MEASURE
    names = section.model_names()
    baselines = [name for name in names if not isinstance(section.model(name), Neural)]
    tables = {name: pd.read_parquet(Path("data/predictions", dataset, f"{name}.parquet")) for name in names}
    refuse_other_items(tables, task.ITEM)
    measured = {name: read_json(Path("reports/metrics", dataset, f"{name}.json")) for name in names}
    validation = {name: measured[name]["validation"][measure.name] for name in names}
    resampled = resample({name: task.by_seed(table) for name, table in tables.items()}, task.figures, choices)
    pairs = all_pairs({name: task.by_item(table) for name, table in tables.items()}, resampled, measure, choices)
    best_baseline = max(baselines, key=lambda name: measure.gain(validation[name]), default=None)
    models = {}
    for name in names:
        models[name] = {
            "metrics": _intervals(resampled[name], measured[name], choices.confidence),
            "baseline": name in baselines,
            f"validation_{measure.name}": validation[name],
        }
        if best_baseline not in (None, name):
            models[name]["against_baseline"] = between(pairs, name, best_baseline)
    best = max(names, key=lambda name: (measure.gain(validation[name]), name in baselines))  # of equals, the simpler
    outcome = {"dataset": dataset, "best": best, "best_baseline": best_baseline, "models": models}
    outcome |= {"verdict": verdict(outcome, measure, choices), "signature": measured[best]["signature"]}
    outcome |= {"pairs": pairs, "claims": decide_claims(task, tables, choices)}
    if hasattr(task, "further"):
        outcome |= task.further(dataset, tables, best_baseline, choices)
    write_json(Path("reports/compare") / f"{dataset}.json", outcome)
    print(f"{dataset}: {outcome['verdict']}")


def refuse_other_items(tables: dict[str, pd.DataFrame], columns: list[str]) -> None:
    """Refuse predictions that are not of the same items in the same order: their differences would mean nothing.

    Raises:
        Problem: names the first model and seed whose items are others.
    """
    expected = first = None
    for name, table in tables.items():
        for seed, rows in table.groupby("seed"):
            items = list(rows[columns].itertuples(index=False, name=None))
            if expected is None:
                expected, first = items, name
            elif items != expected:
                raise Problem(
                    f"the predictions of {name} (seed {seed}) are of other test items than those of {first}, or in "
                    "another order: run `dvc repro`, so that all models are evaluated on the same test part"
                )


def all_pairs(
    items: dict[str, np.ndarray], resampled: dict[str, dict[str, np.ndarray]], measure: Measure, choices: Evaluation
) -> list[dict]:
    """Return for every pair of models the difference, its interval and its p-value, as such and corrected.

    Args:
        items: of each model what each item adds to the figure that decides, the mean over seeds, (items,).
        resampled: of each model the figures by resample.
        measure: the figure that decides.
        choices: how uncertainty is measured.
    """
    pairs = []
    for one, other in combinations(items, 2):
        gaps = resampled[one][measure.name] - resampled[other][measure.name]
        row = paired_test(items[one], items[other], choices) | bounds(gaps, choices.confidence)
        pairs.append({"one": one, "other": other} | row)
    for pair, corrected in zip(pairs, holm([pair["p"] for pair in pairs]), strict=True):
        pair["p_corrected"] = float(corrected)
    return pairs


def decide_claims(task: ModuleType, tables: dict[str, pd.DataFrame], choices: Evaluation) -> list[dict]:
    """Return a row for every claim whose models are there: the figures that decide it, and whether it holds."""
    rows, measure = [], task.MEASURE
    for claim in task.CLAIMS:
        if not {claim.better, claim.worse} <= tables.keys():
            continue
        chosen = {name: items_of(tables[name], claim.texts, task.LENGTH) for name in (claim.better, claim.worse)}
        better, worse = (task.by_item(table) for table in chosen.values())
        resampled = resample({name: task.by_seed(table) for name, table in chosen.items()}, task.figures, choices)
        gaps = resampled[claim.better][measure.name] - resampled[claim.worse][measure.name]
        row = paired_test(better, worse, choices) | bounds(gaps, choices.confidence)
        ahead = "yes" if measure.gain(row["difference"]) > 0 else "no"
        holds = ahead if proven(row, choices.confidence) else "not proven"
        means = {measure.name: float(better.mean()), f"other_{measure.name}": float(worse.mean())}
        rows.append(claim._asdict() | {"items": len(better)} | means | row | {"holds": holds})
    return rows


def verdict(outcome: dict, measure: Measure, choices: Evaluation) -> str:
    """Say whether the best model beats the best baseline, with the figures that decide it, and which others do."""
    best, baseline, models = outcome["best"], outcome["best_baseline"], outcome["models"]
    mean = measure.shown.format(models[best]["metrics"][measure.name]["mean"])
    if baseline is None:
        return f"{best} is the best on validation ({measure.words} {mean}); there is no baseline to compare with."
    if best == baseline:
        return f"No model beats the baseline {baseline} on validation (its {measure.words}: {mean}); use it."
    versus = models[best]["against_baseline"]
    told = (
        f"{measure.size(versus['difference'])} {measure.unit}, {choices.confidence:.0%} interval of the "
        f"difference {measure.signed(versus['low'])} to {measure.signed(versus['high'])}, "
        f"p = {versus['p_corrected']:.2g} after correction"
    )
    better = measure.gain(versus["difference"]) > 0
    if not proven(versus, choices.confidence):
        ahead = "ahead of" if better else "behind"
        sentence = f"{best}, the best on validation, is {ahead} the baseline {baseline} by {told}: not proven."
    else:
        sentence = f"{best} {'beats' if better else 'loses to'} the baseline {baseline} by {told}."
    return sentence + _others(outcome, measure, choices)


def _others(outcome: dict, measure: Measure, choices: Evaluation) -> str:
    """Say which of the models that are neither baseline nor best beat the best baseline as well."""
    others = {
        name: model["against_baseline"]
        for name, model in outcome["models"].items()
        if not model["baseline"] and name != outcome["best"]
    }
    ahead = [
        name for name, row in others.items() if measure.gain(row["difference"]) > 0 and proven(row, choices.confidence)
    ]
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
