"""A temporary copy of the project in which DVC runs."""

import hashlib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from stages.runtime.warm import run_warm
from tools.quick import lay_over

PROJECT = Path(__file__).parents[1]
OF_DATASET = ("fetch", "validate", "split", "tokenize", "window", "audit", "compare")  # stages that models share
TIMED = ("timings", "reports/index.html", "dvc.lock")  # files that show timings, or their hashes


def call(
    clone: Path,
    *command: str,
    check: bool = True,
    environment: dict[str, str] | None = None,
    typed: str | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command in a copy of the project, with this environment's programs. `typed`: what it reads, if it reads."""
    variables = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        command,
        cwd=clone,
        env=variables | (environment or {}),
        capture_output=True,
        text=True,
        check=False,
        input=typed,
    )
    assert done.returncode == 0 or not check, done.stdout + done.stderr
    return done


def repro(clone: Path, *targets: str) -> set[str]:
    """Run the pipeline as `make repro` does; return the stages that really ran."""
    lines: list[str] = []
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    words = ["sh", "-c", shlex.join(["dvc", "repro", "--no-run-cache", *targets]) + " 2>&1"]
    code = run_warm(words, clone, os.environ | {"PATH": path}, lines.append)
    assert code == 0, "\n".join(lines)
    return set(re.findall(r"Running stage '(.+?)'", "\n".join(lines)))


def addresses(task: str, dataset: str, stages: tuple[str, ...], models: tuple[str, ...] = ()) -> set[str]:
    """Return the addresses of a dataset's stages; those of a single model once for each of the models."""
    of_dataset = {f"stages/{task}/dvc.yaml:{stage}@{dataset}" for stage in stages if stage in OF_DATASET}
    of_models = {stage for stage in stages if stage not in OF_DATASET}
    return of_dataset | {f"stages/{task}/dvc.yaml:{stage}@{dataset}-{model}" for stage in of_models for model in models}


def edit(clone: Path, overlay: dict[str, Any], remove: tuple[str, ...] = ()) -> None:
    """Change values of the clone's params.yaml, and remove keys, each given by its path with dots."""
    yaml = YAML()
    params = yaml.load(clone / "params.yaml")
    for path in remove:
        *parents, last = path.split(".")
        section = params
        for key in parents:
            section = section[key]
        del section[last]
    lay_over(params, overlay)
    yaml.dump(params, clone / "params.yaml")


def replace(path: Path, old: str, new: str) -> None:
    """Replace a text that a file holds exactly once."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{path} holds {old!r} {text.count(old)} times"
    path.write_text(text.replace(old, new), encoding="utf-8")


def hashes(clone: Path, *folders: str) -> dict[str, str]:
    """Return the hashes of all files in some folders, by path; bytecode left out."""
    files = [path for folder in folders for path in (clone / folder).rglob("*") if path.is_file()]
    return {
        path.relative_to(clone).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if "__pycache__" not in path.parts and path.name != ".gitignore"
    }


def results(clone: Path) -> dict[str, str]:
    """Return the hashes of everything that a run makes and that is the same each time."""
    folders = ("data/params", "data/raw", "data/prepared", "data/predictions", "models", "reports")
    return {name: value for name, value in hashes(clone, *folders).items() if not any(part in name for part in TIMED)}
