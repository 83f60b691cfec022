"""A first look: the whole graph with small budgets, in a scratch clone that leaves the workspace alone."""

import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter

from ruamel.yaml import YAML

from stages.console import Problem, run
from stages.files import remove
from stages.params import load

SCRATCH = Path(".recur/quick")
OVERLAY = Path("params.quick.yaml")


def quick() -> None:
    """Run every stage with small budgets in a scratch clone."""
    began = perf_counter()
    make_clone(Path.cwd(), SCRATCH)
    print(f"quick: running in {SCRATCH}, with {OVERLAY} laid over params.yaml", flush=True)
    dvc("repro", "check")
    # One seed leaves cores idle: the datasets run side by side instead, each in a `dvc repro` of its own stages.
    names = dvc("stage", "list", "--name-only", capture_output=True).stdout.split()
    datasets = load(SCRATCH / "params.yaml").datasets
    stages = [[name for name in names if name.partition("@")[2].partition("-")[0] == dataset] for dataset in datasets]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        # One may give up where another holds DVC's lock for long; what it left, or what really fails, comes up below.
        list(pool.map(lambda own: _run("repro", "--single-item", *own), filter(None, stages)))
    dvc("repro")
    print((SCRATCH / "reports/leaderboard.md").read_text(encoding="utf-8"))
    print(f"quick: {perf_counter() - began:.0f} s; the report is {SCRATCH / 'reports/index.html'}")


def dvc(*words: str, **options) -> subprocess.CompletedProcess:
    """Run DVC in the scratch clone.

    Raises:
        Problem: it failed.
    """
    run = _run(*words, **options)
    if run.returncode:
        raise Problem(f"the pipeline failed in {SCRATCH}; what it says above tells where")
    return run


def _run(*words: str, **options) -> subprocess.CompletedProcess:
    return subprocess.run(["dvc", *words], cwd=SCRATCH, text=True, check=False, **options)


def make_clone(project: Path, clone: Path) -> None:
    """Copy a project's files into `clone`, uncommitted edits included, with the small budgets laid over.

    Outputs of DVC are not copied; local sources are referred to where they are.

    Raises:
        Problem: the project is not a Git repository.
    """
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    found = subprocess.run(listing, cwd=project, capture_output=True, text=True, check=False)
    if found.returncode:
        raise Problem(f"{project} is not a Git repository: {found.stderr.strip()}")
    remove(clone)
    for name in filter(None, found.stdout.split("\0")):
        source, copy = project / name, clone / name
        if source.is_file() and not _made_by_a_run(name):
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy)
    (clone / ".dvc/config.local").write_text("[core]\n    no_scm = true\n", encoding="utf-8")
    write_params(project, clone)


def write_params(project: Path, clone: Path, overlay: dict | None = None) -> None:
    """Write the clone's params.yaml: the project's with an overlay (default: params.quick.yaml) laid over it."""
    yaml = YAML()
    params = yaml.load(project / "params.yaml")
    overlay = yaml.load(project / OVERLAY) if overlay is None else dict(overlay)
    every = overlay.pop("every", {})  # by task: laid over each of its datasets
    lay_over(params, overlay)
    for dataset in params["datasets"].values():
        lay_over(dataset, every.get(dataset["task"], {}))
        if "path" in dataset["source"]:
            dataset["source"]["path"] = os.path.abspath(project / dataset["source"]["path"])  # noqa: PTH100 (no links)
    yaml.dump(params, clone / "params.yaml")


def lay_over(base: dict, overlay: dict) -> None:
    """Replace values in `base` by those of `overlay`, mapping by mapping."""
    for key, value in overlay.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            lay_over(base[key], value)
        else:
            base[key] = value


def _made_by_a_run(name: str) -> bool:
    return name == "dvc.lock" or name.startswith(("reports/", "data/watched/"))


if __name__ == "__main__":
    run(quick)
