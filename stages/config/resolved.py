"""params.yaml with its defaults filled in, as small files that stages depend on.

A stage whose `params:` named a key that params.yaml leaves at its default would not run in DVC, and a default that
changes in the code would rerun nothing. So `check` writes what each stage needs, defaults included, and touches only
the files whose content changed; a stage reads nothing else of params.yaml.

| file below data/params/ | holds | who depends on it |
|---|---|---|
| <task>/datasets/<dataset>/<key>.json | one key of the dataset's entry: source, reading, split, … | fetch to audit |
| <task>/models/<model>.json | the model's parameters, the task's training, the seeds | train |
| <task>/<key>.json | any other key of the task's section: decoding, sampling | evaluate, generate |
| <task>/comparison.json | the models, which are baselines, how uncertainty is measured | compare |
| report.json | each task's datasets and models, the confidence | report |
| parallel.json | how replicas run side by side | none: it changes no result |
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from stages.config.paths import Paths
from stages.config.schema import BaseParams, EvaluationConfig, Frozen, NeuralConfig, TaskSection
from stages.runtime.errors import UserError
from stages.runtime.files import read_json, remove, write_text

Config = TypeVar("Config", bound=Frozen)
Value = TypeVar("Value")
OWN_FILES = {"datasets", "models", "training", "seeds"}  # keys of a section that are in files of their own kind


class ModelFile(Frozen):
    """What decides how one model is trained."""

    parameters: dict[str, Any]
    training: dict[str, Any]  # of a baseline only what it uses, mostly nothing
    seeds: tuple[int, ...]


class ComparisonFile(Frozen):
    """What decides how a task's models are compared."""

    baselines: tuple[str, ...]
    networks: tuple[str, ...]
    evaluation: EvaluationConfig

    @property
    def models(self) -> list[str]:
        """All models, in alphabetical order."""
        return sorted((*self.baselines, *self.networks))


class TaskContent(Frozen):
    """Which datasets and models of a task the report is about."""

    datasets: tuple[str, ...]
    models: tuple[str, ...]


class ReportFile(Frozen):
    """What the report is about."""

    tasks: dict[str, TaskContent]
    confidence: float


def read_resolved(path: Path, kind: type[Config]) -> Config:
    """Read one of the files that `write_resolved` wrote.

    Raises:
        UserError: there is none, or it is damaged.
    """
    return validate_resolved(path, kind.model_validate)


def validate_resolved(path: Path, validate: Callable[[Any], Value]) -> Value:
    """Return what `validate` makes of the content of such a file, for types that are no class, such as a union.

    Raises:
        UserError: there is none, or it is damaged.
    """
    if not path.exists():
        raise UserError(f"{path} is missing: run `python -m stages.check`, which writes it from params.yaml")
    try:
        return validate(read_json(path))
    except ValueError:  # pydantic's, of many lines
        raise UserError(f"{path} is damaged: remove it and run `python -m stages.check`") from None


def write_resolved(params: BaseParams, paths: Paths) -> None:
    """Write the resolved parameters; files that would stay the same are not touched, those of no use are removed."""
    contents = {paths.resolved / name: content for name, content in _contents(params)}
    for path in paths.resolved.rglob("*.json"):
        if path not in contents:
            remove(path)
    for folder in sorted((path for path in paths.resolved.rglob("*") if path.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()
    for path, content in contents.items():
        text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            write_text(path, text)


def _contents(params: BaseParams) -> Iterator[tuple[str, Any]]:
    """Yield the name and the content of every file."""
    sections = {name: section for name, section in params.sections().items() if section.datasets}
    for task, section in sections.items():
        yield from ((f"{task}/{name}", content) for name, content in _of_task(section, params.seeds_of(task)))
        networks = {name for name in section.model_names() if isinstance(section.model(name), NeuralConfig)}
        comparison = ComparisonFile(
            baselines=tuple(sorted(set(section.model_names()) - networks)),
            networks=tuple(sorted(networks)),
            evaluation=params.evaluation,
        )
        yield f"{task}/comparison.json", comparison.model_dump(mode="json")
    tasks = {
        task: TaskContent(datasets=tuple(section.datasets), models=tuple(section.model_names()))
        for task, section in sections.items()
    }
    report = ReportFile(tasks=tasks, confidence=params.evaluation.confidence)
    yield "report.json", report.model_dump(mode="json")
    yield "parallel.json", params.parallel.model_dump(mode="json")


def _of_task(section: TaskSection, seeds: tuple[int, ...]) -> Iterator[tuple[str, Any]]:
    for dataset, entry in section.datasets.items():
        for key, value in entry.model_dump(mode="json").items():
            yield f"datasets/{dataset}/{key}.json", value
    for model in section.model_names():
        config = section.model(model)
        neural = isinstance(config, NeuralConfig)
        keys = None if neural else set(section.baseline_training)
        file = ModelFile(
            parameters=config.model_dump(mode="json"),
            training=section.training.model_dump(mode="json", include=keys),
            seeds=seeds if neural else seeds[:1],  # a baseline has no chance in it: another seed gives the same
        )
        yield f"models/{model}.json", file.model_dump(mode="json")
    for key, value in section.model_dump(mode="json", exclude=OWN_FILES).items():
        yield f"{key}.json", value
