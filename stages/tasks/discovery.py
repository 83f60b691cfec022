"""The tasks, found by their folders: each has a `config.py` with its `Section`, and a `task.py` with its `TASK`."""

from functools import cache
from importlib import import_module
from pathlib import Path

from ruamel.yaml import YAML

from stages.config.loader import load
from stages.config.paths import Paths
from stages.config.schema import BaseParams, TaskSection
from stages.tasks.base import Task

FOLDER = Path(__file__).parent


def task_names() -> list[str]:
    """Return the names of all tasks, in alphabetical order."""
    return sorted(path.parent.name for path in FOLDER.glob("*/task.py"))


def find_task(name: str) -> Task:
    """Return a task by the name of its folder."""
    task: Task = import_module(f"stages.tasks.{name}.task").TASK
    return task


@cache
def section_types() -> dict[str, type[TaskSection]]:
    """Return the type of each task's section in params.yaml."""
    return {name: import_module(f"stages.tasks.{name}.config").Section for name in task_names()}


def load_params(paths: Paths) -> BaseParams:
    """Return the parameters of a project.

    Raises:
        ConfigError: with a line for each thing that is wrong in params.yaml.
    """
    return load(paths.params, section_types())


@cache
def stage_matrices(task: str) -> dict[str, tuple[str, ...]]:
    """Return what each of a task's stages runs once for, in the order of the graph: datasets, or also models."""
    stages = YAML(typ="safe").load(FOLDER.parent / task / "dvc.yaml")["stages"]
    return {name: tuple(stage["matrix"]) for name, stage in stages.items()}
