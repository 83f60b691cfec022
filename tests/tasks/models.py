"""The models of any task, found by their files, with small parameters."""

import pkgutil
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from stages.config.schema import ModelConfig, NeuralConfig
from stages.training.saved import model_module


def model_names(task: str) -> list[str]:
    """Return the names of a task's models."""
    return [file.name for file in pkgutil.iter_modules(import_module(f"stages.models.{task}").__path__)]


def is_network(task: str, model: str) -> bool:
    """Return whether a model is a network; else it is a baseline."""
    return issubclass(model_module(task, model).Parameters, NeuralConfig)


def small_parameters(task: str, model: str, values: Mapping[str, Any]) -> ModelConfig:
    """Return a model's parameters: of the values, those that it has."""
    kind: type[ModelConfig] = model_module(task, model).Parameters
    return kind(**{name: value for name, value in values.items() if name in kind.model_fields})
