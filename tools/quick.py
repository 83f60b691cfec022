"""A first look: the whole graph with small budgets, in a scratch clone that leaves the workspace alone."""

import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter
from typing import Any

from ruamel.yaml import YAML

from stages.app.pipeline import reproduce
from stages.config.paths import Paths
from stages.runtime.command import run
from stages.runtime.errors import UserError
from stages.runtime.files import remove
from stages.tasks.discovery import task_names

SCRATCH = Path(".recur/quick")
OVERLAY = Path("params.quick.yaml")


def quick() -> None:
    """Run every stage with small budgets in a scratch clone."""
    began = perf_counter()
    make_clone(Path.cwd(), SCRATCH)
    print(f"quick: running in {SCRATCH}, with {OVERLAY} laid over params.yaml", flush=True)
    dvc(SCRATCH, "repro", "check")
    run_datasets(SCRATCH)
    dvc(SCRATCH, "repro")
    print((SCRATCH / "reports/leaderboard.md").read_text(encoding="utf-8"))
    print(f"quick: {perf_counter() - began:.0f} s; the report is {SCRATCH / 'reports/index.html'}")


def run_datasets(clone: Path) -> None:
    """Run each dataset's stages in a copy of the clone, side by side, and bring what they made home.

    One seed leaves cores idle, and DVC writes the whole of a task's dvc.lock anew after every stage, one at a time. A
    copy has its own. `dvc repro` in the clone then finds every stage done as dvc.lock says, and only the report is
    left to run.
    """
    names = dvc(clone, "stage", "list", "--all", "--name-only", capture_output=True).stdout.split()
    stages: dict[str, list[str]] = {}
    for name in names:
        stages.setdefault(name.partition("@")[2].partition("-")[0], []).append(name)
    del stages[""]  # check and report
    copies = {dataset: copy_clone(clone, dataset) for dataset in stages}
    largest_first = sorted(stages, key=lambda dataset: -len(stages[dataset]))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda name: reproduce(Paths(copies[name]), stages[name], stages[name]), largest_first))
    bring_home(clone, list(copies.values()))


def copy_clone(clone: Path, name: str) -> Path:
    """Return a copy of a clone, within it, that keeps its outputs in the clone's cache."""
    copy = clone / ".recur/copies" / name
    shutil.copytree(clone, copy, symlinks=True, ignore=shutil.ignore_patterns(".recur", "cache", "tmp"))
    with (copy / ".dvc/config.local").open("a", encoding="utf-8") as file:
        file.write(f"[cache]\n    dir = {(clone / '.dvc/cache').resolve()}\n")
    return copy


def bring_home(clone: Path, copies: list[Path]) -> None:
    """Move what was made in copies of a clone into it, and gather each dvc.lock of theirs in its own."""
    yaml = YAML(typ="safe")
    locks: dict[Path, dict] = {}
    for folder in (clone, *copies):
        for path in (folder / "dvc.lock", *folder.glob("stages/*/dvc.lock")):
            if path.exists():
                lock = yaml.load(path)
                locks.setdefault(path.relative_to(folder), lock)["stages"] |= lock["stages"]
    for copy in copies:
        for folder in ("data", "models", "reports"):
            if (copy / folder).exists():
                shutil.copytree(
                    copy / folder, clone / folder, symlinks=True, dirs_exist_ok=True, copy_function=os.replace
                )
        remove(copy)
    for path, lock in locks.items():
        yaml.dump(lock, clone / path)


def dvc(clone: Path, *words: str, **options) -> subprocess.CompletedProcess:
    """Run DVC in a clone.

    Raises:
        UserError: it failed.
    """
    run = subprocess.run(["dvc", *words], cwd=clone, text=True, check=False, **options)
    if run.returncode:
        raise UserError(f"the pipeline failed in {clone}; what it says above tells where")
    return run


def make_clone(project: Path, clone: Path) -> None:
    """Copy a project's files into `clone`, uncommitted edits included, with the small budgets laid over.

    Outputs of DVC are not copied; local sources are referred to where they are.

    Raises:
        UserError: the project is not a Git repository.
    """
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(listing, cwd=project, capture_output=True, text=True, check=False)
    if listed.returncode:
        raise UserError(f"{project} is not a Git repository: {listed.stderr.strip()}")
    remove(clone)
    for name in filter(None, listed.stdout.split("\0")):
        source, copy = project / name, clone / name
        if source.is_file() and not _made_by_a_run(name):
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy)
    (clone / ".dvc/config.local").write_text("[core]\n    no_scm = true\n", encoding="utf-8")
    write_params(project, clone)


def write_params(project: Path, clone: Path, overlay: dict[str, Any] | None = None) -> None:
    """Write the clone's params.yaml: the project's with an overlay (default: params.quick.yaml) laid over it.

    An overlay's key `only` keeps some datasets of each task; its key `every` is laid over each dataset of a task.
    """
    yaml = YAML()
    params = yaml.load(project / "params.yaml")
    overlay = yaml.load(project / OVERLAY) if overlay is None else dict(overlay)
    only, every = overlay.pop("only", {}), overlay.pop("every", {})
    lay_over(params, overlay)
    for task in task_names():
        datasets = params.get(task, {}).get("datasets", {})
        for name in set(datasets) - set(only.get(task, datasets)):
            del datasets[name]
        for dataset in datasets.values():
            lay_over(dataset, every.get(task, {}))
            if "path" in dataset["source"]:
                dataset["source"]["path"] = os.path.abspath(project / dataset["source"]["path"])  # noqa: PTH100 (no links)
    yaml.dump(params, clone / "params.yaml")


def lay_over(base: dict[str, Any], overlay: dict[str, Any]) -> None:
    """Replace values in `base` by those of `overlay`, mapping by mapping."""
    for key, value in overlay.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            lay_over(base[key], value)
        else:
            base[key] = value


def _made_by_a_run(name: str) -> bool:
    kept = Path(name).name == ".gitkeep"
    return Path(name).name == "dvc.lock" or (
        name.startswith(("reports/", "data/params/", "data/watched/")) and not kept
    )


if __name__ == "__main__":
    run(quick)
