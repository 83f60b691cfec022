"""A small project in a temporary folder, with trained models that the commands can ask."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow.parquet as pq
import pytest

from stages.check import check
from stages.config.dataset import Dataset
from stages.config.paths import Paths
from stages.fetch import fetch
from stages.runtime.files import atomic_write
from stages.split import split
from stages.tasks.discovery import find_task
from stages.train import train

PROJECT = Path(__file__).parents[2]


def make_project(
    root: Path,
    task: str,
    files: Mapping[str, str],
    entry: Mapping[str, Any],
    models: Mapping[str, Mapping[str, Any]],
    training: Mapping[str, Any] | None = None,
    seeds: Sequence[int] = (1,),
) -> Dataset:
    """Return a dataset `mine` on which models were trained by the stages.

    Args:
        root: an empty folder.
        task: of the dataset.
        files: its raw files.
        entry: keys of the dataset's entry beside its source.
        models: parameters by model.
        training: the section's.
        seeds: of the models.
    """
    section = {"datasets": {"mine": {"source": {"path": "own"}, **entry}}, "models": models, "training": training or {}}
    params = {"seeds": list(seeds), "parallel": {"processes": 1}, task: section}
    (root / "own").mkdir(parents=True)
    for name, content in files.items():
        (root / "own" / name).write_text(content, encoding="utf-8")
    (root / "params.yaml").write_text(json.dumps(params))
    check(Paths(root))
    dataset = Dataset.find(Paths(root), "mine")
    fetch(dataset)
    dataset.prepared.mkdir(parents=True)
    pq.write_table(find_task(task).read(dataset).rows, dataset.table)
    split(dataset)
    with atomic_write(dataset.prepared / find_task(task).prepared) as output:
        find_task(task).prepare(dataset, output)
    for model in models:
        train(dataset, model)
    return dataset


def pipe(monkeypatch: pytest.MonkeyPatch, content: bytes, terminal: bool = False) -> None:
    """Put some bytes on standard input."""
    stream = SimpleNamespace(buffer=io.BytesIO(content), isatty=lambda: terminal)
    monkeypatch.setattr(sys, "stdin", stream)


def run_program(folder: Path, *words: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run `recur` as a process in a project's folder."""
    command = [sys.executable, "-m", "stages.app", *words]
    environment = os.environ | {"PYTHONPATH": str(PROJECT)}
    return subprocess.run(command, cwd=folder, env=environment, input=stdin, capture_output=True, check=False)


def json_objects(text: str) -> list[dict[str, Any]]:
    """Return the objects of JSON Lines; U+2028 and its like end no line."""
    return [json.loads(line) for line in text.split("\n")[:-1]]
