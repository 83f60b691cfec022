"""params.yaml → typed, frozen parameters, or every error at once, each with its line."""

import json
import textwrap
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, create_model
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from stages.config.schema import NAME_PATTERN, BaseParams, TaskSection
from stages.runtime.errors import ConfigError, nearest

MUST_BE = {"model_type": "a mapping", "dict_type": "a mapping", "tuple_type": "a list"}  # by pydantic's error type
OLD_STYLE = (
    "{path} is of the old style, with one registry of datasets and lists of names. Convert it:\n"
    "  1. move each entry below `datasets:` to `<task>.datasets.<name>`, without its key `task`\n"
    "  2. entries that no list named: leave them out or comment them out; to stand there is to be active\n"
    "  3. remove the lists `<task>.datasets: [...]` and the top-level `datasets:`\n"
    "  4. rename keys: averaging → ema_decay, forgetting → state_reset_prob, epoch_steps → steps_per_epoch,\n"
    "     epoch_windows → windows_per_epoch, pass_epochs → epochs_per_pass, strengths → C (linear: alphas),\n"
    "     piece → chunk_length, divergence → kl_weight, lexical → lexical_attention, short_season → ets_season,\n"
    "     letter_window → aligned_decision_tree\n"
    "params.yaml of this version and docs/parameters.md show how each entry looks; CHANGELOG.md lists every change."
)


def params_type(sections: Mapping[str, type[TaskSection]]) -> type[BaseParams]:
    """Return the type of params.yaml for some tasks' sections, each of which may be left out."""
    fields: dict[str, Any] = {name: (kind, Field(default_factory=kind)) for name, kind in sections.items()}
    return create_model("Params", __base__=BaseParams, __doc__="All that a user chooses.", **fields)


def load(path: Path, sections: Mapping[str, type[TaskSection]]) -> BaseParams:
    """Return the parameters that a file holds.

    Raises:
        ConfigError: with a line for each thing that is wrong: file, line, key's path, value found, what is valid.
    """
    kind, content = params_type(sections), _parse(path)
    _refuse_old_style(path, content, sections)
    problems = list(_named_twice(content, sections))
    try:
        params = kind.model_validate(content)
    except ValidationError as error:
        # A list whose items are bad is empty after validation: that is no error of its own.
        items = [item for item in error.errors() if not (item["type"] == "too_short" and item["input"])]
        words = _Words(content, kind, tuple(sections))
        problems += [words.describe(dict(item)) for item in items]
    if problems:
        problems.sort(key=lambda problem: _line(content, problem[0]))
        lines = [f"{path}:{_line(content, keys)}: {'.'.join(map(str, keys))}: {what}" for keys, what in problems]
        raise ConfigError("\n".join([f"{path} has {len(lines)} error{'s' * (len(lines) > 1)}", *lines]))
    return params


def _parse(path: Path) -> CommentedMap:
    try:
        content = YAML().load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path} is missing in {Path.cwd()}: run from the project's root") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ConfigError(f"{path}:{mark.line + 1}: not valid YAML: {error.problem or error.context}") from None
    except ReaderError as error:
        raise ConfigError(f"{path} holds the control character U+{error.character:04X}: remove it") from None
    except ValueError as error:
        raise ConfigError(f"{path} is not UTF-8 text: {error}") from None
    if not isinstance(content, CommentedMap):
        raise ConfigError(f"{path} must be a mapping, with a section for each task")
    return content


def _refuse_old_style(path: Path, content: CommentedMap, sections: Mapping[str, type[TaskSection]]) -> None:
    """Refuse a file of the time when datasets stood in a registry of their own; say how to convert it."""
    present = [content[name] for name in sections if isinstance(content.get(name), dict)]
    lists = any(isinstance(section.get("datasets"), list) for section in present)
    if lists or isinstance(content.get("datasets"), dict):
        raise ConfigError(OLD_STYLE.format(path=path))


def _named_twice(content: CommentedMap, sections: Mapping[str, type[TaskSection]]) -> Iterator[tuple[list[Any], str]]:
    """Find datasets of two tasks that have one name: files are named by it."""
    first: dict[str, str] = {}
    for task in sections:
        section = content.get(task)
        datasets = section.get("datasets") if isinstance(section, dict) else None
        for name in datasets if isinstance(datasets, dict) else ():
            if name in first:
                yield [task, "datasets", name], f"{first[name]}.datasets has a dataset of that name: rename one"
            first.setdefault(name, task)


class _Words:
    """Pydantic's errors in words, with keys as they stand in the file."""

    def __init__(self, content: CommentedMap, kind: type[BaseParams], tasks: tuple[str, ...]) -> None:
        self.content, self.kind, self.tasks = content, kind, tasks

    def describe(self, error: dict[str, Any]) -> tuple[list[Any], str]:
        """Return the key's path and what is wrong there."""
        keys, value = self._keys_in_file(error["loc"]), error["input"]
        shown = f"found {_shown(value)}"
        if error["type"] == "extra_forbidden":
            return keys, f"unknown key; {nearest(str(keys[-1]), self._valid_keys(keys[:-1]))}"
        if error["type"] == "string_pattern_mismatch" and error["ctx"]["pattern"] == NAME_PATTERN:
            return keys, f"a name may hold letters, digits and underscores only ({shown})"
        if error["type"] == "missing":
            return keys, "required, but missing"
        if error["type"] in MUST_BE:
            return keys, f"must be {MUST_BE[error['type']]} ({shown})"
        if error["type"] == "literal_error" and isinstance(value, str):
            choices = error["ctx"]["expected"].replace(" or ", ", ").replace("'", "").split(", ")
            return keys, f"{shown}; {nearest(value, choices)}"
        return keys, f"{error['msg'].removeprefix('Value error, ')} ({shown})"

    def _keys_in_file(self, location: tuple[Any, ...]) -> list[Any]:
        """Leave out of pydantic's location what the file does not hold: the tags of unions and '[key]' marks."""
        if location[1:2] == ("datasets",) and location[3:4] == ("source",):
            location = location[:4] + location[5:]  # the kind of source, which may also be one of its keys
        keys: list[Any] = []
        node: Any = self.content
        for position, key in enumerate(location):
            in_mapping = isinstance(node, CommentedMap) and key in node
            if in_mapping or (isinstance(node, CommentedSeq) and isinstance(key, int)):
                keys.append(key)
                node = node[key]
            elif position == len(location) - 1 and key != "[key]":
                keys.append(key)
        return keys

    def _valid_keys(self, keys: list[Any]) -> set[str]:
        """Return the keys that the schema allows below a path."""
        schema = _json_schema(self.kind)
        nodes = [schema]
        for key in keys:
            below: list[Any] = []
            for node in nodes:
                below += [node.get("properties", {}).get(key), node.get("items"), node.get("additionalProperties")]
                below += node.get("patternProperties", {}).values()
            nodes = [deeper for node in below if isinstance(node, dict) for deeper in _followed(node, schema)]
        return {name for node in nodes for name in node.get("properties", {})}


@cache
def _json_schema(kind: type[BaseParams]) -> dict[str, Any]:
    return kind.model_json_schema()


def _followed(node: dict[str, Any], schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Follow a reference, or every choice of a union, to the nodes that hold properties."""
    if "$ref" in node:
        return _followed(schema["$defs"][node["$ref"].rpartition("/")[2]], schema)
    choices = node.get("oneOf", []) + node.get("anyOf", [])
    return [reached for choice in choices for reached in _followed(choice, schema)] or [node]


def _shown(value: object) -> str:
    """Return a value, shortened, without the parser's own types showing through."""
    plain = json.loads(json.dumps(value, default=str)) if isinstance(value, dict | list) else value
    return textwrap.shorten(repr(plain), width=80, placeholder=" …")


def _line(content: CommentedMap, keys: list[Any]) -> int:
    """Return the line, counted from 1, of the deepest of the keys that the file holds."""
    line: int = 0
    node: Any = content
    for key in keys:
        if isinstance(node, CommentedMap) and key in node:
            line = (node.lc.data or {}).get(key, [line])[0]  # a key that is merged in (<<) has no line here
        elif isinstance(node, CommentedSeq) and key < len(node):
            line = node.lc.item(key)[0]
        else:
            break
        node = node[key]
    return line + 1
