"""What a task's package offers to the stages, and how they find it.

| module of the package | what it holds                                                                               |
|-----------------------|---------------------------------------------------------------------------------------------|
| params.py             | the types of its section in params.yaml and of its datasets                                 |
| reading.py            | `read(folder, reading)`: raw files to a tidy table                                          |
| splitting.py          | `split_table(table, choices)` and `describe(part)`: the table to its parts                  |
| windowing.py          | `window(dataset, prepared, output)`: what `stages.window` writes, where a task has windows  |
| tokenizing.py         | `tokenize(dataset, prepared, output)`: what `stages.tokenize` writes, where it has texts    |
| auditing.py           | `findings(dataset)`: what leaked, by check                                                  |
| replica.py            | `train(job)`: one replica; `FITTED`: what the models carry along; `about(prepared)`         |
| saved.py              | `Saved`: a trained model                                                                    |
| evaluation.py         | `measure(saved)`: the model on the test part                                                |
| comparison.py         | `MEASURE`, `METRICS`, `ITEM`, `CLAIMS`, `LENGTH`, `by_seed`, `by_item`, `figures`; and      |
|                       | `further(dataset, tables, baseline, choices)`, where a task has a test of its own           |
| report.py             | `gather` and `draw` for the page, whose template has the task's name                        |
"""

from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from stages.console import Problem
from stages.params import load

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Job:
    """What one replica is told."""

    dataset: str
    model: str
    seed: int
    position: int  # of its progress bar
    folder: Path  # where it writes
    checkpoint: Path


@dataclass(frozen=True)
class Measured:
    """What a model did on the test part."""

    predictions: "pd.DataFrame"  # rows an item and seed, for `compare`
    scores: dict[int, dict[str, float]]  # figures by seed
    details: dict  # further entries of the metrics' file, the signature among them
    seconds: float  # that the predictions of all seeds took
    items: int  # predicted in that time, all seeds together
    plots: dict[str, "pd.DataFrame"] = field(default_factory=dict)  # by kind
    examples: dict | None = None  # with texts of the data


def task_module(dataset: str, name: str) -> ModuleType:
    """Return a module of the package of a dataset's task.

    Raises:
        Problem: the task does without it.
    """
    task = load().dataset(dataset).task
    if find_spec(f"stages.{task}.{name}") is None:
        raise Problem(f"{dataset} has the task {task}, which has no {name}: its stages are in stages/{task}/dvc.yaml")
    return import_module(f"stages.{task}.{name}")
