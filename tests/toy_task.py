"""The toy task of tests/toy, importable as if its folders lay in the project, for tests that need any task."""

from importlib import import_module
from pathlib import Path

import stages.models
import stages.tasks

FOLDER = Path(__file__).parent / "toy/stages"

for package in (stages.models, stages.tasks):
    place = str(FOLDER / package.__name__.rpartition(".")[2])
    if place not in package.__path__:
        package.__path__.append(place)

TASK = import_module("stages.tasks.toy.task").TASK
Section = import_module("stages.tasks.toy.config").Section
