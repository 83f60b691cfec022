"""One model on one dataset → a replica a seed, learning curves, and timings apart from them."""

import hashlib
import json
import resource
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from stages.classification.data import Prepared
from stages.classification.metrics import scores
from stages.classification.models import NeuralParameters
from stages.classification.saved import code_hash, file_hashes, model_file
from stages.console import run
from stages.files import remove, whole, write_json, write_text
from stages.params import load
from stages.replicas import side_by_side

CHECKPOINTS = Path(".recur/checkpoints")  # outside the outputs, which DVC deletes before a stage runs


@dataclass(frozen=True)
class Job:
    """What one replica is told."""

    dataset: str
    model: str
    seed: int
    position: int  # of its progress bar
    folder: Path  # where it writes
    checkpoint: Path


def train(dataset: str, model: str) -> None:
    """Train a model on a dataset, once a seed."""
    params = load()
    prepared = Path("data/prepared", dataset)
    parameters = params.classification.model(model)
    # A baseline is fitted without chance: another seed would give the same again.
    seeds = params.seeds if isinstance(parameters, NeuralParameters) else params.seeds[:1]
    checkpoints = CHECKPOINTS / _fingerprint(prepared / "tokens", dataset, model)
    code, began = code_hash(model), perf_counter()  # of the code as it is now: it may be edited during the training
    with whole(Path("models", dataset, model)) as folder:
        folder.mkdir()
        jobs = [
            Job(dataset, model, seed, position, folder / f"seed-{seed}", checkpoints / str(seed))
            for position, seed in enumerate(seeds)
        ]
        replicas = side_by_side(replica, jobs, params.parallel)
        data = Prepared.open(prepared / "tokens")
        shutil.copyfile(prepared / "tokens" / "tokenizer.json", folder / "tokenizer.json")
        about = {
            "task": "classification",
            "dataset": dataset,
            "model": model,
            "parameters": parameters.model_dump(mode="json"),
            "labels": data.labels,
            "seeds": list(seeds),
            "validation": [found["validation"] for found in replicas],
            "size": replicas[0]["size"],
            "code": code,
            "files": file_hashes(folder),
        }
        write_json(folder / "model.json", about, digits=None)
    _write_curves(Path("reports/plots/curves", dataset, f"{model}.csv"), seeds, replicas)
    _write_timings(Path("reports/timings/train", dataset, f"{model}.json"), replicas, perf_counter() - began)
    remove(checkpoints)
    accuracy = np.mean([found["validation"]["accuracy"] for found in replicas])
    print(f"{dataset}-{model}: {len(seeds)} replica(s), validation accuracy {accuracy:.4f}")


def replica(job: Job) -> dict:
    """Train one replica, write it to `job.folder` and return its scores, its learning curve and its timings."""
    prepared = Path("data/prepared", job.dataset)
    data = Prepared.open(prepared / "tokens")
    held_out, labels = _texts(prepared / "validation.parquet", data.labels)
    classifier, seconds, epochs = _fit(job, data, (held_out, labels))
    job.folder.mkdir()
    classifier.save(job.folder)
    validation = scores(labels, classifier.predict(held_out))
    passes = max(len(epochs), 1)
    unit = 1 if sys.platform == "darwin" else 1024  # bytes in getrusage's figure
    return {
        "validation": validation,
        "epochs": epochs or [{"epoch": 1, "train_loss": None} | validation],
        "size": classifier.size(),
        "timing": {
            "seed": job.seed,
            "fit_seconds": seconds,
            "epochs": passes,
            "examples_per_second": passes * len(data.part("train").labels) / seconds,
            "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit,
        },
    }


def _fit(job: Job, data: Prepared, validation: tuple) -> tuple[Any, float, list[dict]]:
    """Return a trained classifier, the seconds that it took, and a row an epoch (none for a baseline)."""
    params = load()
    module, parameters = model_file(job.model), params.classification.model(job.model)
    if not isinstance(parameters, NeuralParameters):
        began = perf_counter()
        train_part = _texts(Path("data/prepared", job.dataset, "train.parquet"), data.labels)
        classifier = module.Classifier.fit(parameters, train_part, validation, len(data.labels))
        return classifier, perf_counter() - began, []

    from stages.classification import neural  # imports Keras
    from stages.training import Plan

    choices = params.classification.training
    plan = Plan(
        choices.epochs,
        choices.patience,
        score="accuracy",
        averaging=choices.averaging,
        checkpoint=job.checkpoint,
        description=f"{job.model} seed {job.seed}",
        position=job.position,
    )
    classifier = neural.build(module, parameters, data, choices, job.seed)
    history = neural.fit(classifier, parameters, data, choices, job.seed, plan)
    return classifier, history.seconds, history.epochs


def _texts(path: Path, labels: list[str]) -> tuple[list[str], np.ndarray]:
    """Return a part's texts and the indices of their labels."""
    table = pq.read_table(path, columns=["text", "label"])
    return table["text"].to_pylist(), np.searchsorted(labels, table["label"].to_numpy())


def _fingerprint(tokens: Path, dataset: str, model: str) -> str:
    """Name the checkpoints of one training by all that decides its course: data, parameters and code."""
    params = load()
    chosen = {
        "where": [dataset, model],
        "model": params.classification.model(model).model_dump(mode="json"),
        "training": params.classification.training.model_dump(mode="json"),
    }
    digest = hashlib.sha256(json.dumps(chosen).encode())
    code = Path(__file__).parent
    files = [*sorted(tokens.iterdir()), code / "training.py", *sorted((code / "classification").glob("*.py"))]
    files.append(code / "classification" / "models" / "__init__.py")
    for path in [*files, code / "classification" / "models" / f"{model}.py"]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _write_curves(path: Path, seeds: tuple[int, ...], replicas: list[dict]) -> None:
    columns = ["epoch", "train_loss", "accuracy", "macro_f1", "log_loss", "calibration_error"]
    rows = ["seed," + ",".join("validation_" + name if name in columns[2:] else name for name in columns)]
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
