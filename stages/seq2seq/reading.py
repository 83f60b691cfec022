"""Raw files → one tidy table of pairs.

| column | type | meaning |
|---|---|---|
| id | string | `<file's stem>-<row>`, unique and stable; of two files, the source's |
| file | string | the raw file's name |
| row | int64 | the pair in that file, counted from 1; a header does not count, a blank line does |
| source | string | what is read; runs of white space are one space |
| target | string | what is to be written; a source that stands in several rows has several references |
| part | string | train, validation or test where the file is named so, else null |
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, get_args

import pandas as pd
import pyarrow as pa

from stages.classification.splitting import hash_to_unit
from stages.console import Problem, nearest
from stages.schema import Part
from stages.seq2seq.params import Reading

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("file", pa.string()),
        ("row", pa.int64()),
        ("source", pa.string()),
        ("target", pa.string()),
        ("part", pa.string()),
    ]
)
SHOWN = 5  # rows that a message lists before it only counts the others


@dataclass(frozen=True)
class Table:
    """The tidy table, and an account of where its rows come from and which were dropped."""

    rows: pa.Table
    files: list[dict]  # name, bytes, encoding, rows
    rows_read: int
    rows_dropped: dict[str, int]  # reason → count


class Raw(NamedTuple):
    """A pair as it stands in a file."""

    file: Path
    row: int
    source: str
    target: str


def read(folder: Path, reading: Reading) -> Table:
    """Read a dataset's raw files, in the order of their names.

    Raises:
        Problem: there is no file, one is not text, or they are not pairs as `reading` says.
    """
    paths = sorted(path for path in folder.iterdir() if not path.name.startswith(".")) if folder.is_dir() else []
    if not paths:
        raise Problem(f"{folder} holds no file: look at datasets.{folder.name}.source in params.yaml")
    aligned = {side for path in paths if (side := _side(path, reading))} == {reading.source, reading.target}
    read_format = {"tsv": _tsv, "aligned": _aligned, "cmudict": _cmudict, "numbered": _numbered}
    found = list(read_format[reading.format or ("aligned" if aligned else "tsv")](paths, reading))
    dropped, rows = Counter(), []
    for raw in found:
        pair = {side: " ".join(getattr(raw, side).split()) for side in ("source", "target")}
        if empty := [side for side, text in pair.items() if not text]:
            dropped[f"empty {' and '.join(empty)}"] += 1
            continue
        stem = raw.file.name.partition(".")[0]
        part = stem if stem in get_args(Part) else None
        rows.append({"id": f"{stem}-{raw.row}", "file": raw.file.name, "row": raw.row, **pair, "part": part})
    kept = _chosen(rows, reading.sources)
    dropped["beyond reading.sources"] = len(rows) - len(kept)
    if not kept:
        raise Problem(f"{folder} holds no pair with text on both sides: add pairs, or look at its reading")
    counts = Counter(raw.file for raw in found)
    files = [
        {"name": path.name, "bytes": path.stat().st_size, "encoding": reading.encoding, "rows": counts[path]}
        for path in paths
    ]
    told = {reason: count for reason, count in sorted(dropped.items()) if count}
    return Table(pa.Table.from_pylist(kept, schema=SCHEMA), files, len(found), told)


def _chosen(rows: list[dict], most: int | None) -> list[dict]:
    """Return the rows of so many sources, chosen by a hash, so that another choice of them adds or takes away only."""
    if most is None:
        return rows
    sources = pd.Series(sorted({row["source"].casefold() for row in rows}), dtype=str)
    kept = set(sources[hash_to_unit(sources, "sources").argsort(kind="stable").iloc[:most]])
    return [row for row in rows if row["source"].casefold() in kept]


def _side(path: Path, reading: Reading) -> str | None:
    """Return which of the two names stands between the dots of a file's name, if one does."""
    return next((side for side in (reading.source, reading.target) if side in path.name.split(".")), None)


def _text(path: Path, reading: Reading) -> str:
    try:
        return path.read_text(encoding=reading.encoding).removeprefix("\ufeff")
    except LookupError:
        raise Problem(f"reading.encoding '{reading.encoding}' is none that Python knows") from None
    except UnicodeDecodeError as error:
        raise Problem(
            f"{path}: byte {error.start} is not {reading.encoding}: set reading.encoding under "
            f"datasets.{path.parent.name}, or mend the file"
        ) from None


def _lines(path: Path, reading: Reading) -> list[str]:
    lines = _text(path, reading).split("\n")
    return lines[:-1] if not lines[-1] else lines


def _tsv(paths: list[Path], reading: Reading) -> Iterator[Raw]:
    """Yield the pairs of files of tab-separated columns; quotes are plain text."""
    for path in paths:
        lines = _lines(path, reading)
        header = list(reading.columns or (lines[0].split("\t") if lines else []))
        places = [_place(path, header, key, getattr(reading, key)) for key in ("source", "target")]
        ragged = []
        for row, line in enumerate(lines[0 if reading.columns else 1 :], start=1):
            fields = line.split("\t")
            if len(fields) == len(header):
                yield Raw(path, row, *(fields[place] for place in places))
            elif line.strip():
                ragged.append(f"row {row} has {len(fields)}")
        if ragged:
            more = f" and {len(ragged) - SHOWN} more" if len(ragged) > SHOWN else ""
            raise Problem(
                f"{path}: {len(header)} tab-separated fields a row expected, but {', '.join(ragged[:SHOWN])}{more}: "
                "mend these rows"
            )


def _place(path: Path, header: list[str], key: str, name: str) -> int:
    if name not in header:
        raise Problem(
            f"{path} has no column '{name}': {nearest(name, header)}: mend datasets.{path.parent.name}.reading.{key}, "
            "or name the columns under reading.columns if the file has no header"
        )
    return header.index(name)


def _aligned(paths: list[Path], reading: Reading) -> Iterator[Raw]:
    """Yield the pairs of files of which one holds the sources, a line each, and one the targets."""
    parts = {}
    for path in paths:
        side = _side(path, reading)
        if side is None:
            raise Problem(
                f"{path} is neither '{reading.source}' nor '{reading.target}' by what stands between the dots of its "
                "name: rename it, take it out of the source, or set reading.source and reading.target"
            )
        part = path.name.partition(".")[0]
        parts.setdefault(part if part in get_args(Part) else "", {})[side] = path
    for part, sides in parts.items():
        if len(sides) != 2:
            (alone,) = sides.values()
            raise Problem(f"{alone} has no counterpart: two files {part or 'of pairs'} need the same name but for it")
        source, target = (sides[name] for name in (reading.source, reading.target))
        lines = [_lines(path, reading) for path in (source, target)]
        if len(lines[0]) != len(lines[1]):
            raise Problem(
                f"{source} has {len(lines[0])} lines, {target} has {len(lines[1])}: line by line they must be pairs"
            )
        yield from (Raw(source, row, *pair) for row, pair in enumerate(zip(*lines, strict=True), start=1))


def _cmudict(paths: list[Path], reading: Reading) -> Iterator[Raw]:
    """Yield words and phones of the CMU dictionary: `word(2) W ER1 D # a remark`; variants are the same word's."""
    for path in paths:
        for row, line in enumerate(_lines(path, reading), start=1):
            word, _, phones = line.partition("#")[0].strip().partition(" ")
            phones = phones if reading.stress else re.sub(r"\d", "", phones)
            yield Raw(path, row, re.sub(r"\(\d+\)$", "", word), phones)


def _numbered(paths: list[Path], reading: Reading) -> Iterator[Raw]:
    """Yield the pairs of two Python files that each hold one long text whose verses are numbered by chapter."""
    sides = {_side(path, reading): path for path in paths}
    if set(sides) != {reading.source, reading.target}:
        raise Problem(
            f"{paths[0].parent} must hold two files, named {reading.source} and {reading.target}; found: "
            f"{', '.join(path.name for path in paths)}"
        )
    source, target = (verses(sides[name], _text(sides[name], reading)) for name in (reading.source, reading.target))
    for row, place in enumerate(sorted(source.keys() | target.keys()), start=1):
        pair = (text if re.search(r"\w", text := side.get(place, "")) else "" for side in (source, target))
        yield Raw(sides[reading.source], row, *pair)


def verses(path: Path, code: str) -> dict[tuple[int, int], str]:
    r"""Return a text's verses by (chapter of the whole, verse), from a Python file that is parsed, never run.

    The first long string is the text; its own numbers, "12. And …", tell the verses. (The files' tables of offsets
    are not used: those of the Basic English are wrong from Genesis 43 on, where they miss that numbers and markers
    such as `1.\\43:2\\` differ.) A smaller number begins a chapter. A number that comes again goes on with its verse,
    save for the first: there a psalm's title came before, which the other translation lacks. Brackets, which mark
    words in italics, are left out; a verse of marks alone, "***", is empty: the translation lacks it.

    Raises:
        Problem: the file is no Python, or holds no such text.
    """
    try:
        strings = (node.value for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Constant))
        text = max((value for value in strings if isinstance(value, str)), key=len, default="")
    except SyntaxError as error:
        raise Problem(f"{path} is no Python file: line {error.lineno}: {error.msg}") from None
    pieces = re.split(r"(\d+)\.", re.sub(r"\d+\.\\\d+:(\d+)\\", r" \1. ", text))
    if len(pieces) < 3:
        raise Problem(f"{path} holds no text with numbered verses")
    found, chapter, last = {}, 0, float("inf")
    for number, piece in zip(map(int, pieces[1::2]), pieces[2::2], strict=True):
        chapter += number < last
        plain = re.sub(r"[\[\]\\]", "", piece)
        found[chapter, number] = found[chapter, number] + plain if number == last and number > 1 else plain
        last = number
    return found
