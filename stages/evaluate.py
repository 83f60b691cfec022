"""A trained model and the test part → predictions, figures with their spread over seeds, and what pictures need."""

from pathlib import Path

import numpy as np

from stages.console import run
from stages.files import whole, write_json
from stages.replicas import prepare_jax
from stages.tasks import task_module


def evaluate(dataset: str, model: str) -> None:
    """Measure a model on a dataset's test part."""
    prepare_jax()
    saved = task_module(dataset, "saved").Saved(Path("models", dataset, model))
    measured = task_module(dataset, "evaluation").measure(saved)
    with whole(Path("data/predictions", dataset, f"{model}.parquet")) as partial:
        measured.predictions.to_parquet(partial, index=False)
    told = {"validation": _mean(saved.about["validation"]), "size": saved.about["size"], "bytes": saved.bytes}
    figures = _spread(measured.scores)
    write_json(Path("reports/metrics", dataset, f"{model}.json"), figures | measured.details | told)
    if measured.examples is not None:
        write_json(Path("reports/examples", dataset, f"{model}.json"), measured.examples)
    for kind, table in measured.plots.items():
        with whole(Path("reports/plots", kind, dataset, f"{model}.csv")) as partial:
            table.to_csv(partial, index=False)
    timings = {"predict_seconds": measured.seconds, "examples_per_second": measured.items / measured.seconds}
    write_json(Path("reports/timings/evaluate", dataset, f"{model}.json"), timings, digits=3)
    name = next(iter(saved.about["validation"][0]))
    print(f"{dataset}-{model}: {name} {figures[name]:.4f} on {measured.details['signature']['items']} test items")


def _mean(rows: list[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def _spread(by_seed: dict[int, dict[str, float]]) -> dict:
    """Return the mean and the standard deviation over seeds of every figure; no deviation for a single seed."""
    rows = list(by_seed.values())
    deviation = {name: float(np.std([row[name] for row in rows], ddof=1)) if len(rows) > 1 else 0.0 for name in rows[0]}
    return _mean(rows) | {"sd": deviation, "seeds": {str(seed): row for seed, row in by_seed.items()}}


if __name__ == "__main__":
    run(evaluate)
