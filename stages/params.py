"""params.yaml → typed, frozen parameters, or every error at once.

The types with their defaults lie beside the code that they steer (`stages/schema.py` and each task's
`params.py`); this module only reads, checks across sections, and words the errors.
"""

import json
import textwrap
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from stages.classification.params import Classification, ClassificationDataset
from stages.console import BadParameters, nearest
from stages.forecasting.params import Forecasting, ForecastingDataset
from stages.generation.params import Generation, GenerationDataset
from stages.schema import NAME_PATTERN, TASKS, Frozen, Name, Section, Seed, Seeds
from stages.seq2seq.params import Seq2seq, Seq2seqDataset

PATH = Path("params.yaml")
MUST_BE = {"model_type": "a mapping", "dict_type": "a mapping", "tuple_type": "a list"}  # by pydantic's error type


Dataset = Annotated[
    ClassificationDataset | GenerationDataset | ForecastingDataset | Seq2seqDataset, Field(discriminator="task")
]


class Parallel(Frozen):
    """How replicas run side by side."""

    backend: Literal["loky", "dask", "ray", "sequential"] = Field(
        default="loky", description="joblib's backend: processes here (loky), or a cluster's (dask, ray)"
    )
    processes: int = Field(default=-1, ge=-1, description="at a time; -1: one more than there are cores")


class Evaluation(Frozen):
    """How uncertainty is measured."""

    bootstrap: int = Field(default=1000, ge=100, description="resamples of items and seeds for an interval")
    permutations: int = Field(default=10_000, ge=100, description="random sign flips for a paired test")
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    seed: Seed = Field(default=0, description="of the resampling")


class Params(Frozen):
    """All that a user chooses."""

    seeds: Seeds
    parallel: Parallel
    datasets: Annotated[dict[Name, Dataset], Field(min_length=1)]
    classification: Classification
    generation: Generation
    forecasting: Forecasting
    seq2seq: Seq2seq
    evaluation: Evaluation

    def dataset(self, name: str) -> Dataset:
        """Return one dataset's entry.

        Raises:
            BadParameters: params.yaml has no such dataset.
        """
        if name not in self.datasets:
            raise BadParameters(f"{PATH} has no dataset '{name}': {nearest(name, self.datasets)}")
        return self.datasets[name]

    def section(self, dataset: str) -> Section:
        """Return the section of a dataset's task."""
        return getattr(self, self.dataset(dataset).task)

    def seeds_of(self, dataset: str) -> tuple[int, ...]:
        """Return the seeds that a dataset's models are trained with: its task's own, if it has any."""
        return getattr(self.section(dataset), "seeds", self.seeds)


@cache
def load(path: Path = PATH) -> Params:
    """Return the parameters.

    Raises:
        BadParameters: with a line for each thing that is wrong: file, line, key's path, value found, what is valid.
    """
    content = _parse(path)
    problems = list(_cross_check(content))
    try:
        params = Params.model_validate(content)
    except ValidationError as error:
        # A list whose items are bad is empty after validation: that is no error of its own.
        items = [item for item in error.errors() if not (item["type"] == "too_short" and item["input"])]
        problems += [_describe(item, content) for item in items]
    if problems:
        problems.sort(key=lambda problem: _line(content, problem[0]))
        lines = [f"{path}:{_line(content, keys)}: {'.'.join(map(str, keys))}: {what}" for keys, what in problems]
        raise BadParameters("\n".join([f"{path} has {len(lines)} error{'s' * (len(lines) > 1)}", *lines]))
    return params


def _parse(path: Path) -> CommentedMap:
    try:
        content = YAML().load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadParameters(f"{path} is missing in {Path.cwd()}: run from the project's root") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise BadParameters(f"{path}:{mark.line + 1}: not valid YAML: {error.problem or error.context}") from None
    except ReaderError as error:
        raise BadParameters(f"{path} holds the control character U+{error.character:04X}: remove it") from None
    except ValueError as error:
        raise BadParameters(f"{path} is not UTF-8 text: {error}") from None
    if not isinstance(content, CommentedMap):
        raise BadParameters(f"{path} must be a mapping with the keys {', '.join(Params.model_fields)}")
    return content


def _cross_check(content: CommentedMap) -> Iterator[tuple[list, str]]:
    """Check a task's list of datasets against the registry, also where other errors stand."""
    registry = content.get("datasets")
    for task in TASKS:
        section = content.get(task)
        names = section.get("datasets") if isinstance(section, dict) else None
        if not isinstance(registry, dict) or not isinstance(names, list):
            continue
        for index, name in enumerate(names):
            if not isinstance(name, str):
                continue  # the type says so
            where = [task, "datasets", index]
            if names.index(name) < index:
                yield where, f"dataset '{name}' is given twice"
            elif name not in registry:
                yield where, f"no dataset '{name}' under datasets; {nearest(name, registry)}"
            elif isinstance(registry[name], dict) and registry[name].get("task") != task:
                yield where, f"dataset '{name}' has the task {registry[name].get('task')!r}, not '{task}'"


def _describe(error: dict[str, Any], content: CommentedMap) -> tuple[list, str]:
    """Word one of pydantic's errors: the key's path as it stands in the file, and what is wrong there."""
    keys = _keys_in_file(error["loc"], content)
    found = error["input"]
    shown = f"found {_shown(found)}"
    if error["type"] == "extra_forbidden":
        return keys, f"unknown key; {nearest(str(keys[-1]), _valid_keys(keys[:-1]))}"
    if error["type"] == "string_pattern_mismatch" and error["ctx"]["pattern"] == NAME_PATTERN:
        return keys, f"a name may hold letters, digits and underscores only ({shown})"
    if error["type"] in ("union_tag_invalid", "union_tag_not_found"):
        return _describe_task(keys, error)
    if error["type"] == "missing":
        return keys, "required, but missing"
    if error["type"] in MUST_BE:
        return keys, f"must be {MUST_BE[error['type']]} ({shown})"
    if error["type"] == "literal_error" and isinstance(found, str):
        choices = [
            str(choice) for choice in error["ctx"]["expected"].replace(" or ", ", ").replace("'", "").split(", ")
        ]
        return keys, f"{shown}; {nearest(found, choices)}"
    return keys, f"{error['msg'].removeprefix('Value error, ')} ({shown})"


def _describe_task(keys: list, error: dict[str, Any]) -> tuple[list, str]:
    """Word an error in what tells the kinds of datasets apart."""
    if error["type"] == "union_tag_not_found":
        return [*keys, "task"], f"required, but missing; valid: {', '.join(TASKS)}"
    return [*keys, "task"], f"found {error['ctx']['tag']!r}; {nearest(error['ctx']['tag'], TASKS)}"


def _shown(found: object) -> str:
    """Return the value found, shortened, without the parser's own types showing through."""
    plain = json.loads(json.dumps(found, default=str)) if isinstance(found, dict | list) else found
    return textwrap.shorten(repr(plain), width=80, placeholder=" …")


def _keys_in_file(location: tuple, content: CommentedMap) -> list:
    """Leave out of pydantic's location what the file does not hold: the tags of unions and '[key]' marks."""
    if location[0] == "datasets":
        location = location[:2] + location[3:]  # the task, which tells the kinds of datasets apart
        if location[2:3] == ("source",):
            location = location[:3] + location[4:]  # the kind of source, which may also be one of its keys
    keys, node = [], content
    for position, key in enumerate(location):
        in_mapping = isinstance(node, CommentedMap) and key in node
        if in_mapping or (isinstance(node, CommentedSeq) and isinstance(key, int)):
            keys.append(key)
            node = node[key]
        elif position == len(location) - 1 and key != "[key]":
            keys.append(key)
    return keys


def _line(content: CommentedMap, keys: list) -> int:
    """Return the line, counted from 1, of the deepest of the keys that the file holds."""
    line, node = 0, content
    for key in keys:
        if isinstance(node, CommentedMap) and key in node:
            line = (node.lc.data or {}).get(key, [line])[0]  # a key that is merged in (<<) has no line here
        elif isinstance(node, CommentedSeq) and key < len(node):
            line = node.lc.item(key)[0]
        else:
            break
        node = node[key]
    return line + 1


def _valid_keys(keys: list) -> set[str]:
    """Return the keys that the schema allows below a path."""
    schema = Params.model_json_schema()
    nodes = [schema]
    for key in keys:
        below = []
        for node in nodes:
            named = node.get("properties", {}).get(key)
            below += [named, node.get("items"), node.get("additionalProperties")]
            below += node.get("patternProperties", {}).values()
        nodes = [resolved for node in below if isinstance(node, dict) for resolved in _resolve(node, schema)]
    return {name for node in nodes for name in node.get("properties", {})}


def _resolve(node: dict, schema: dict) -> list[dict]:
    """Follow a reference, or every choice of a union, to the nodes that hold properties."""
    if "$ref" in node:
        return _resolve(schema["$defs"][node["$ref"].rpartition("/")[2]], schema)
    choices = node.get("oneOf", []) + node.get("anyOf", [])
    return [resolved for choice in choices for resolved in _resolve(choice, schema)] or [node]
