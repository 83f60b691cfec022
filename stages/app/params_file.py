"""params.yaml as text: an entry put in or taken out, and every other byte left as it is.

ruamel.yaml's round trip keeps comments, but not every space and line break; so it only tells here where things stand,
and afterwards that the file means what it should.
"""

import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from stages.runtime.errors import UserError
from stages.runtime.files import atomic_write

STEP = 2  # spaces of an indent


def with_entry(
    text: str, task: str, name: str, entry: Mapping[str, Any], lines: Sequence[str], models: Sequence[str]
) -> str:
    """Return the file with a dataset put in, behind those of its task.

    Args:
        text: of params.yaml.
        task: of the dataset.
        name: of the dataset.
        entry: what stands in the lines.
        lines: of the entry, the one with its name first, with comments, not indented.
        models: of the task, for a file that has no section of it yet.

    Raises:
        UserError: the file has a shape in which this cannot be done safely.
    """
    content = _parse(text)
    expected = deepcopy(_plain(content))
    section = expected[task] = expected.get(task) or {}
    section["datasets"] = (section.get("datasets") or {}) | {name: entry}
    end = "\r\n" if "\r\n" in text else "\n"
    whole = text if not text or text.endswith("\n") else text + end
    if not content.get(task):
        section["models"] = {model: {} for model in models}
        head = ["", f"{task}:", *_indented(["datasets:", *_indented(lines, 1)], 1)]
        tail = _indented(["models:", *_indented([f"{model}: {{}}" for model in models], 1)], 1)
        whole = _without_key(whole, content, task)
        result = whole + end.join([*head, *tail, ""])
    else:
        result = _into_section(whole, content, task, lines, end)
    return _checked(result, expected, end.join(_indented(lines, 2)))


def without_entry(text: str, task: str, name: str) -> str:
    """Return the file without a dataset, and without the comment right above it.

    Raises:
        UserError: the file has a shape in which this cannot be done safely.
    """
    content = _parse(text)
    expected = deepcopy(_plain(content))
    del expected[task]["datasets"][name]
    lines = text.splitlines(keepends=True)
    datasets = content[task]["datasets"]
    start, column = datasets.lc.key(name)
    stop = _end(content, lines, [task, "datasets", name])
    while start and _indent_of_comment(lines[start - 1]) == column:
        start -= 1
    blank_before, blank_after = not lines[start - 1].strip(), stop < len(lines) and not lines[stop].strip()
    if blank_before and (blank_after or stop == len(lines) or _indent(lines[stop]) < column):
        start -= 1
    elif blank_after and len(datasets) > 1:
        stop += 1
    if len(datasets) == 1:
        row, place = content[task].lc.key("datasets")
        lines[row] = _after_key(lines[row], place, "datasets", " {}")
    result = "".join([*lines[:start], *lines[stop:]])
    return _checked(result, expected, f"remove the entry {task}.datasets.{name}")


def write_exact(path: Path, text: str) -> None:
    """Write a text with its ends of lines as they are."""
    with atomic_write(path) as partial:
        partial.write_bytes(text.encode())


def _into_section(text: str, content: CommentedMap, task: str, lines: Sequence[str], end: str) -> str:
    rows = text.splitlines(keepends=True)
    section = content[task]
    if section.fa.flow_style():
        raise UserError(_by_hand(task, lines, "its section is between braces"))
    if "datasets" not in section:
        row, column = content.lc.key(task)
        place = row + 1
        first = min(key[1] for key in section.lc.data.values())
        block = _indented(["datasets:", *_indented(lines, 1)], first / STEP)
    else:
        row, column = section.lc.key("datasets")
        datasets = section["datasets"]
        if not datasets:
            rows[row] = _after_key(rows[row], column, "datasets", "")
            place, block = row + 1, _indented(lines, column / STEP + 1)
        elif datasets.fa.flow_style():
            raise UserError(_by_hand(task, lines, "its datasets are between braces"))
        else:
            inner = datasets.lc.key(next(iter(datasets)))[1]
            place = _end(content, rows, [task, "datasets"])
            block = ["", *_indented(lines, inner / STEP)]
    return "".join([*rows[:place], *(line + end for line in block), *rows[place:]])


def _end(content: CommentedMap, lines: Sequence[str], keys: Sequence[str]) -> int:
    """Return the line behind what a path of keys holds; blank lines and comments of what follows are not part of it."""
    following, node, column = [len(lines)], content, 0
    for key in keys:
        row, column = node.lc.key(key)
        following += [place[0] for place in node.lc.data.values() if place[0] > row]
        node = node[key]
    stop = min(following)
    while stop > row + 1 and (not lines[stop - 1].strip() or 0 <= _indent_of_comment(lines[stop - 1]) <= column):
        stop -= 1
    return stop


def _indent_of_comment(line: str) -> int:
    """Return how far a line's comment is indented; -1 if the line is none."""
    return _indent(line) if line.lstrip().startswith("#") else -1


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _after_key(line: str, column: int, key: str, value: str) -> str:
    """Replace the empty value behind a key, and keep the comment behind it."""
    before, after = line[: column + len(key) + 1], line[column + len(key) + 1 :]
    rest = after.lstrip(" ")
    for empty in ("{}", "null", "~"):
        rest = rest.removeprefix(empty).lstrip(" ")
    spaces = " " if rest.startswith("#") else ""
    return before + value + spaces + rest


def _without_key(text: str, content: CommentedMap, task: str) -> str:
    """Take out the line of a section that is there but empty."""
    if task not in content:
        return text
    lines = text.splitlines(keepends=True)
    del lines[content.lc.key(task)[0]]
    return "".join(lines)


def _indented(lines: Sequence[str], steps: float) -> list[str]:
    return [" " * int(STEP * steps) + line if line else line for line in lines]


def _parse(text: str) -> CommentedMap:
    content = YAML().load(text)
    return CommentedMap() if content is None else content


def _plain(content: Any) -> Any:
    return json.loads(json.dumps(content))


def _checked(result: str, expected: Any, by_hand: str) -> str:
    """Return the text if it means what it should."""
    if _plain(_parse(result)) != _plain(expected):
        raise UserError(f"params.yaml has a shape that cannot be edited safely: do this by hand:\n{by_hand}")
    return result


def _by_hand(task: str, lines: Sequence[str], reason: str) -> str:
    entry = "\n".join(_indented(lines, 2))
    return f"params.yaml: {task}: {reason}, which cannot be edited safely: put this below {task}.datasets:\n{entry}"
