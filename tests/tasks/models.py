"""The models of any task, found by their files, with small parameters."""

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from stages.config.schema import ModelConfig, NeuralConfig
from stages.tasks.discovery import find_task, section_types
from stages.training.saved import model_module


def _module(task: str, model: str) -> ModuleType:
    return model_module(find_task(task).family, model)


def model_names(task: str) -> list[str]:
    """Return the names of a task's models."""
    models = section_types()[task].model_fields["models"].annotation
    assert models is not None
    return sorted(models.model_fields)


def is_network(task: str, model: str) -> bool:
    """Return whether a model is a network; else it is a baseline."""
    return issubclass(_module(task, model).Parameters, NeuralConfig)


def small_parameters(task: str, model: str, values: Mapping[str, Any]) -> ModelConfig:
    """Return a model's parameters: of the values, those that it has."""
    kind: type[ModelConfig] = _module(task, model).Parameters
    return kind(**{name: value for name, value in values.items() if name in kind.model_fields})
