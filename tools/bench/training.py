"""How long whole trainings take: replicas side by side or one after the other, and Keras on JAX against PyTorch."""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import geometric_mean, mean, median
from time import perf_counter

from stages.check import check
from stages.config.dataset import Dataset
from stages.config.paths import Paths
from stages.runtime.allocator import ALLOCATOR_VARIABLES
from stages.tasks.classification.config import Models
from stages.tasks.classification.modeling.contract import NeuralParameters
from stages.tasks.discovery import find_task
from tools.quick import write_params

DATASET = "movie_reviews"
SEEDS = (1, 2, 3)
EPOCHS = 5  # about as many as early stopping takes on this dataset; here it never stops early
NEURAL = sorted(name for name, field in Models.model_fields.items() if issubclass(field.annotation, NeuralParameters))
NO_TORCH = (
    "  skipped: PyTorch is not installed. For this measurement alone: .venv/bin/python -m pip install --group bench"
)


@dataclass(frozen=True)
class Trained:
    """What one run came to."""

    seconds: float  # from the start of its process to the end
    accuracy: float  # on validation, of the best epoch, mean over the seeds


def replicas(rounds: int) -> None:
    """Wall time of training 3 seeds side by side, one thread each, and one after the other in one such process."""
    _say_load()
    for model in ("lstm", "cnn"):
        with tempfile.TemporaryDirectory() as name:
            together, apart, cache = Path(name, "together"), Path(name, "apart"), Path(name, "cache")
            make_project(together, model, {"backend": "local", "processes": -1})
            make_project(apart, model, {"backend": "local", "processes": 1})
            stage(together, model, cache)  # compiles for both
            pairs = [(stage(together, model, cache), stage(apart, model, cache)) for _ in range(rounds)]
        side, one = (median(run.seconds for run in runs) for runs in zip(*pairs, strict=True))
        print(
            f"  {model:4s} side by side {side:.1f} s, one after the other {one:.1f} s: ratio {side / one:.2f}",
            flush=True,
        )


def pytorch(rounds: int) -> None:
    """Wall time of training 3 seeds of every neural classifier, the pipeline's way and in a plain PyTorch loop.

    Ours is the stage `train` as `dvc repro` runs it; PyTorch's is a process that trains one seed after the other
    with as many threads as there are cores. Both count from the start of the process to its end, imports and
    compiling included, with the same data, batches, sizes, epochs, averaging and allocator. Ours is timed with
    an empty cache of compiled code, as in a first run, and again with what that run left there.
    """
    if importlib.util.find_spec("torch") is None:
        print(NO_TORCH)
        return
    _say_load()
    print(f"  seconds for {EPOCHS} epochs, medians of {rounds}; accuracy on validation, mean of {len(SEEDS)} seeds")
    print("  model        first   again PyTorch  first/PyTorch  again/PyTorch  accuracy  PyTorch's")
    ratios = []
    for model in NEURAL:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name, "project")
            make_project(folder, model, {"backend": "local", "processes": -1})
            caches = [Path(name, str(number)) for number in range(rounds)]
            timings = [
                (stage(folder, model, cache), peer(folder, model), stage(folder, model, cache)) for cache in caches
            ]
        runs = list(zip(*timings, strict=True))
        first, theirs, again = (median(run.seconds for run in side) for side in runs)
        ratios.append((first / theirs, again / theirs))
        accuracy, peers = (mean(run.accuracy for run in side) for side in runs[:2])
        print(f"  {model:10s}{first:8.1f}{again:8.1f}{theirs:8.1f}", end="")
        print(f"{first / theirs:15.2f}{again / theirs:15.2f}{accuracy:10.4f}{peers:11.4f}", flush=True)
    means = (geometric_mean(column) for column in zip(*ratios, strict=True))
    print("  geometric mean of the ratios: {:.2f} first, {:.2f} again".format(*means))


def make_project(folder: Path, model: str, parallel: dict) -> None:
    """Make a project in `folder` whose data are this one's, with fixed epochs and the models' own parameters.

    Raises:
        SystemExit: the pipeline has not run yet.
    """
    tokens = Path("data/prepared", DATASET, "tokens")
    if not tokens.exists():
        sys.exit(f"{tokens} is missing: run `make repro` first")
    folder.mkdir()
    (folder / "data").mkdir()
    for name in ("prepared", "vectors"):
        (folder / "data" / name).symlink_to(Path("data", name).resolve())
    parameters = {"vectors": "random"}  # both sides start from chance
    if "recurrent_dropout" in Models.model_fields[model].annotation.model_fields:
        parameters["recurrent_dropout"] = 0.0  # PyTorch's layers have none
    section = {"training": {"epochs": EPOCHS, "patience": EPOCHS}, "models": {model: parameters}}
    write_params(Path.cwd(), folder, {"seeds": list(SEEDS), "parallel": parallel, "classification": section})
    check(Paths(folder))


def stage(folder: Path, model: str, cache: Path) -> Trained:
    """Train as the pipeline does: its stage, in a project's folder; compiled code is kept in `cache`."""
    seconds, _ = _timed(folder, ["stages.train", DATASET, model], {"RECUR_CACHE": str(cache)})
    metadata = json.loads((folder / "models" / DATASET / model / "model.json").read_text(encoding="utf-8"))
    return Trained(seconds, mean(scores["accuracy"] for scores in metadata["validation"]))


def peer(folder: Path, model: str) -> Trained:
    """Train the model's peer in PyTorch with the parameters of a project's folder."""
    plan = find_task("classification").plan(Dataset(Paths(folder), "classification", DATASET), model)
    job = {
        "tokens": str(folder / "data/prepared" / DATASET / "tokens"),
        "model": model,
        "parameters": plan.parameters.model_dump(mode="json"),
        "training": plan.training.model_dump(mode="json"),
        "seeds": SEEDS,
    }
    seconds, printed = _timed(folder, ["tools.bench.peers", json.dumps(job)], {})
    return Trained(seconds, mean(json.loads(printed.splitlines()[-1])))


def _say_load() -> None:
    print(f"  load before: {os.getloadavg()[0]:.2f}; other work slows PyTorch's threads most", flush=True)


def _timed(folder: Path, words: list[str], environment: dict[str, str]) -> tuple[float, str]:
    """Run a module as a process in a folder; return its wall time and what it printed."""
    folders = [str(Path.cwd()), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | ALLOCATOR_VARIABLES | {"PYTHONPATH": os.pathsep.join(folders)} | environment
    began = perf_counter()
    run = subprocess.run(
        [sys.executable, "-m", *words], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=False
    )
    if run.returncode:
        sys.exit(f"{words[0]} failed; what it says above tells why")
    return perf_counter() - began, run.stdout
