"""A trained model and the test part → predictions, metrics with their spread over seeds, and what plots need."""

import numpy as np

from stages.config.dataset import Dataset
from stages.config.paths import Paths
from stages.config.resolved import read_resolved
from stages.config.schema import ParallelConfig
from stages.runtime.command import run
from stages.runtime.files import atomic_write, write_json
from stages.runtime.jax_setup import prepare_jax
from stages.runtime.remarks import print_remarks, with_remarks
from stages.tasks.discovery import find_task


def evaluate(dataset: Dataset, model: str) -> None:
    """Measure a model on a dataset's test part."""
    prepare_jax()
    task = find_task(dataset.task)
    saved = task.load(dataset.model(model))
    parallel = read_resolved(dataset.paths.resolved / "parallel.json", ParallelConfig)
    result = task.evaluate(saved, dataset, parallel)
    with atomic_write(dataset.predictions(model)) as partial:
        result.predictions.to_parquet(partial, index=False)
    means = _mean(list(result.scores.values()))
    write_json(dataset.report("metrics", model), {metric.name: means[metric.name] for metric in task.headline()})
    about = {
        "validation": _mean(saved.metadata["validation"]),
        "still_improving": bool(np.mean(saved.metadata["still_improving"]) >= 0.5),  # of the runs
        "num_params": saved.metadata["num_params"],
    }
    spread = {"mean": means, "sd": _deviation(result.scores), "seeds": result.scores}
    details = {"metrics": spread} | result.details | about | {"bytes": saved.bytes} | with_remarks(result.remarks)
    write_json(dataset.report("evaluation", model), details)
    if result.examples is not None:
        write_json(dataset.report("examples", model), result.examples)
    for kind, table in result.plots.items():
        with atomic_write(dataset.plot(kind, model)) as partial:
            table.to_csv(partial, index=False)
    timings = {"predict_seconds": result.seconds, "examples_per_second": result.items / result.seconds}
    write_json(dataset.report("timings/evaluate", model), timings, digits=3)
    primary, items = task.primary.name, result.details["signature"]["items"]
    print(f"{dataset.name}-{model}: {primary} {means[primary]:.4f} on {items} test items")
    print_remarks(result.remarks)


def _mean(rows: list[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def _deviation(scores: dict[int, dict[str, float]]) -> dict[str, float | None]:
    """Return the standard deviation of each metric over seeds; a single seed has none."""
    rows = list(scores.values())
    return {name: float(np.std([row[name] for row in rows], ddof=1)) if len(rows) > 1 else None for name in rows[0]}


def main(dataset: str, model: str) -> None:
    """Measure a model on a dataset's test part."""
    evaluate(Dataset.find(Paths(), dataset), model)


if __name__ == "__main__":
    run(main)
