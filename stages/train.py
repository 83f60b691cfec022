"""One model on one dataset → a replica a seed, learning curves, and timings apart from them."""

import hashlib
import json
import shutil
from pathlib import Path
from time import perf_counter

import numpy as np

from stages.console import run
from stages.files import remove, whole, write_json, write_text
from stages.params import load
from stages.replicas import side_by_side
from stages.saved import file_hashes
from stages.schema import Neural
from stages.tasks import Job, task_module

CHECKPOINTS = Path(".recur/checkpoints")  # outside the outputs, which DVC deletes before a stage runs


def train(dataset: str, model: str) -> None:
    """Train a model on a dataset, once a seed."""
    params, task, saved = load(), task_module(dataset, "replica"), task_module(dataset, "saved").Saved
    parameters = params.section(dataset).model(model)
    # A baseline is fitted without chance: another seed would give the same again.
    seeds = params.seeds_of(dataset)[: None if isinstance(parameters, Neural) else 1]
    code, began = saved.code_hash(model), perf_counter()  # as it is now: it may be edited during the training
    fitted = Path("data/prepared", dataset, task.FITTED)
    checkpoints = CHECKPOINTS / _fingerprint(fitted.parent, dataset, model, code)
    with whole(Path("models", dataset, model)) as folder:
        folder.mkdir()
        jobs = [
            Job(dataset, model, seed, position, folder / f"seed-{seed}", checkpoints / str(seed))
            for position, seed in enumerate(seeds)
        ]
        replicas = side_by_side(task.train, jobs, params.parallel)
        shutil.copyfile(fitted, folder / fitted.name)
        about = {
            "task": saved.task,
            "dataset": dataset,
            "model": model,
            "parameters": parameters.model_dump(mode="json"),
            "seeds": list(seeds),
            "validation": [found["validation"] for found in replicas],
            "size": replicas[0]["size"],
            "code": code,
            "files": file_hashes(folder),
        }
        write_json(folder / "model.json", about | task.about(fitted.parent), digits=None)
    _write_curves(Path("reports/plots/curves", dataset, f"{model}.csv"), seeds, replicas)
    _write_timings(Path("reports/timings/train", dataset, f"{model}.json"), replicas, perf_counter() - began)
    remove(checkpoints)
    name = next(iter(replicas[0]["validation"]))
    mean = np.mean([found["validation"][name] for found in replicas])
    print(f"{dataset}-{model}: {len(seeds)} replica(s), {name} {mean:.4f} on validation")


def _fingerprint(prepared: Path, dataset: str, model: str, code: str) -> str:
    """Name the checkpoints of one training by all that decides its course: data, parameters and code."""
    section = load().section(dataset)
    chosen = {
        "where": [dataset, model],
        "model": section.model(model).model_dump(mode="json"),
        "training": section.training.model_dump(mode="json"),
        "code": code,
    }
    digest = hashlib.sha256(json.dumps(chosen).encode())
    loops = [Path(__file__).parent / "training.py", Path(task_module(dataset, "replica").__file__)]
    for path in [*sorted(prepared.iterdir()), *loops]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _write_curves(path: Path, seeds: tuple[int, ...], replicas: list[dict]) -> None:
    columns = list(replicas[0]["epochs"][0])  # epoch, train_loss, and the figures on validation
    rows = ["seed," + ",".join(columns[:2] + [f"validation_{name}" for name in columns[2:]])]
    for seed, found in zip(seeds, replicas, strict=True):
        for epoch in found["epochs"]:
            cells = ("" if epoch[name] is None else f"{epoch[name]:.6g}" for name in columns)
            rows.append(f"{seed}," + ",".join(cells))
    write_text(path, "\n".join(rows) + "\n")


def _write_timings(path: Path, replicas: list[dict], wall: float) -> None:
    timings = [found["timing"] for found in replicas]
    names = ("fit_seconds", "examples_per_second", "peak_memory_bytes")
    summary = {name: float(np.mean([timing[name] for timing in timings])) for name in names}
    write_json(path, {"wall_seconds": wall} | summary | {"replicas": timings}, digits=3)


if __name__ == "__main__":
    run(train)
