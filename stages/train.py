"""One model on one dataset → a replica for each seed, learning curves, and timings apart from them."""

import hashlib
import json
import shutil
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np

from stages.config.dataset import Dataset
from stages.config.paths import Paths
from stages.config.resolved import read_resolved
from stages.config.schema import ParallelConfig
from stages.runtime.command import run
from stages.runtime.files import atomic_write, remove, write_json
from stages.tasks.base import Task, TrainingPlan, train_replica
from stages.tasks.discovery import find_task
from stages.training.curves import write_curves
from stages.training.parallel import run_parallel
from stages.training.replica import Job, ReplicaResult
from stages.training.saved import code_hash, file_hashes


def train(dataset: Dataset, model: str) -> None:
    """Train a model on a dataset, once for each of its seeds.

    Raises:
        UserError: params.yaml names no such model.
    """
    task, began = find_task(dataset.task), perf_counter()
    plan = task.plan(dataset, model)
    code = code_hash(task.name, task.family, model)  # as it is now: it may be edited meanwhile
    checkpoints = dataset.paths.checkpoints / _fingerprint(task, dataset, model, plan, code)
    curve = dataset.plot("curves", model)
    remove(curve)
    with atomic_write(dataset.model(model)) as folder:
        folder.mkdir()
        jobs = [
            Job(
                dataset,
                model,
                plan.parameters,
                plan.training,
                seed,
                folder / f"seed-{seed}",
                checkpoints / str(seed),
                curve,
                position,
            )
            for position, seed in enumerate(plan.seeds)
        ]
        parallel = read_resolved(dataset.paths.resolved / "parallel.json", ParallelConfig)
        replicas = run_parallel(partial(train_replica, task), jobs, parallel)
        _describe(folder, task, dataset, model, plan, code, replicas)
    write_curves(curve, plan.seeds, replicas)
    _write_timings(dataset.report("timings/train", model), replicas, perf_counter() - began)
    remove(checkpoints)
    mean = np.mean([replica.validation[task.primary.name] for replica in replicas])
    improving = ", still improving when training ended" if any(replica.still_improving for replica in replicas) else ""
    print(f"{dataset.name}-{model}: {len(jobs)} run(s), {task.primary.name} {mean:.4f} on validation{improving}")


def _describe(
    folder: Path,
    task: Task,
    dataset: Dataset,
    model: str,
    plan: TrainingPlan,
    code: str,
    replicas: list[ReplicaResult],
) -> None:
    """Write model.json, and lay the preprocessor beside the replicas."""
    prepared = dataset.prepared / task.prepared
    shutil.copyfile(prepared / task.preprocessor, folder / task.preprocessor)
    metadata = {
        "task": task.name,
        "dataset": dataset.name,
        "model": model,
        "parameters": plan.parameters.model_dump(mode="json"),
        "seeds": list(plan.seeds),
        "validation": [replica.validation for replica in replicas],
        "still_improving": [replica.still_improving for replica in replicas],
        "num_params": replicas[0].num_params,
        "code": code,
        "files": file_hashes(folder),
    }
    write_json(folder / "model.json", metadata | task.metadata(task.open_prepared(prepared)), digits=None)


def _fingerprint(task: Task, dataset: Dataset, model: str, plan: TrainingPlan, code: str) -> str:
    """Name the checkpoints of one training by all that decides its course: data, parameters and code."""
    course = {
        "where": [dataset.name, model],
        "model": plan.parameters.model_dump(mode="json"),
        "training": plan.training.model_dump(mode="json"),
        "code": code,
    }
    digest = hashlib.sha256(json.dumps(course).encode())
    prepared = sorted(path for path in (dataset.prepared / task.prepared).iterdir() if path.is_file())
    loop = sorted((Path(__file__).parent / "training").glob("*.py"))
    for path in [*prepared, *loop, Path(__file__).parent / "tasks" / task.name / "task.py"]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _write_timings(path: Path, replicas: list[ReplicaResult], wall: float) -> None:
    timings = [replica.timing for replica in replicas]
    names = ("fit_seconds", "examples_per_second", "peak_memory_bytes")
    summary = {name: float(np.mean([timing[name] for timing in timings])) for name in names}
    write_json(path, {"wall_seconds": wall} | summary | {"replicas": timings}, digits=3)


def main(dataset: str, model: str) -> None:
    """Train a model on a dataset, once for each of its seeds."""
    train(Dataset.find(Paths(), dataset), model)


if __name__ == "__main__":
    run(main)
