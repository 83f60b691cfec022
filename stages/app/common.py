"""What the commands share: which model answers, texts from arguments and files, and output for people and programs."""

import io
import json
import os
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from stages.config.paths import Paths
from stages.runtime.errors import UsageError, UserError, nearest

if TYPE_CHECKING:
    from stages.training.saved import SavedModel

MAX_WIDTH = 40  # columns of a text in a table


class TableFormat(StrEnum):
    """How rows are written."""

    TABLE = "table"  # aligned, for people
    CSV = "csv"
    JSONL = "jsonl"  # JSON Lines


class NestedFormat(StrEnum):
    """How rows are written that hold lists."""

    TABLE = "table"
    JSONL = "jsonl"


@dataclass(frozen=True)
class TextSource:
    """Texts from the command line, from a file or from standard input.

    Raises:
        UsageError: there are two sources, or none because nothing is piped in.
    """

    arguments: Sequence[str]
    file: str | None = None  # a line for each text; "-": standard input

    def __post_init__(self) -> None:
        """Refuse two sources or none."""
        if self.arguments and self.file is not None:
            raise UsageError("give texts or --file, not both")
        if not self.arguments and self.file is None and (sys.stdin is None or sys.stdin.isatty()):
            raise UsageError("no texts: give them as arguments, with --file, or on standard input")

    def read(self) -> list[str]:
        """Return the texts; a blank line is an empty text.

        Raises:
            UserError: there are none, or they are not UTF-8.
            OSError: the file cannot be read.
        """
        if self.arguments:
            return _decodable(self.arguments)
        if self.file is None or self.file == "-":
            return _lines(sys.stdin.buffer, "standard input")
        with Path(self.file).open("rb") as file:
            return _lines(file, self.file)


def _decodable(arguments: Sequence[str]) -> list[str]:
    for number, text in enumerate(arguments, start=1):
        try:
            text.encode()
        except UnicodeEncodeError:  # Python keeps bytes that it could not decode as lone surrogates
            raise UserError(f"TEXT {number} is not UTF-8 text") from None
    return list(arguments)


def _lines(source: BinaryIO, name: str) -> list[str]:
    try:
        texts = [line.removesuffix("\n") for line in io.TextIOWrapper(source, encoding="utf-8-sig")]
    except UnicodeDecodeError as error:
        raise UserError(f"{name} is not UTF-8 text: {error.reason} {error.object[error.start]:#04x}") from None
    if not texts:
        raise UserError(f"{name} is empty: give one text per line")
    return texts


def find_model(paths: Paths, dataset: str, model: str) -> Path:
    """Return the folder of a trained model.

    Raises:
        UserError: there is none; names the nearest spelling and all there are.
    """
    folder = paths.models
    for kind, name in {"dataset": dataset, "model": model}.items():
        folders = [path.name for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []
        names = [name for name in folders if not name.startswith(".")]  # what a killed run left
        if not names:
            raise UserError(f"{folder} in {Path.cwd()} holds no trained model: run `dvc repro` first")
        if name not in names:
            hint = nearest(name, names)
            raise UserError(f"{folder} has no {kind} '{name}': {hint}; `dvc repro` trains what params.yaml names")
        folder /= name
    return folder


def choose_seeds(saved: "SavedModel[Any]", seed: int | None) -> list[int]:
    """Return the seeds of the runs that answer: all, or the one that was asked for.

    Raises:
        UserError: the model was not trained with that seed.
    """
    if seed is None:
        return saved.seeds
    if seed not in saved.seeds:
        valid = ", ".join(map(str, saved.seeds))
        raise UserError(f"{saved.folder} has no run with seed {seed}: valid: {valid}")
    return [seed]


def parse_settings(settings: Sequence[str]) -> dict[str, Any]:
    """Return keys with dots and their values, of `key=value` as on DVC's command line; values are YAML.

    Raises:
        UsageError: one of them is none.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    given = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        try:
            given[key.strip()] = YAML(typ="safe", pure=True).load(value)
        except YAMLError:
            equals = ""
        if not key.strip() or not equals:
            raise UsageError(f"'{setting}' is no KEY=VALUE, such as tokenizer.unit=bpe")
    return given


def json_lines(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield one JSON object per row."""
    return (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def shorten(text: str) -> str:
    """Return a text on one line of at most `MAX_WIDTH` columns; what a terminal would obey is shown as a mark."""
    plain = "".join(letter if letter.isprintable() else "�" for letter in " ".join(text.split()))
    if display_width(plain) <= MAX_WIDTH:
        return plain
    while display_width(plain) >= MAX_WIDTH:
        plain = plain[: min(len(plain) - 1, MAX_WIDTH)]
    return plain.rstrip() + "…"


def display_width(text: str) -> int:
    """Return how many columns of a terminal a text takes: two for a wide letter, none for a combining mark."""
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )


def write_output(texts: Iterable[str], flush: bool = False) -> None:
    """Write to standard output as UTF-8; a reader that has seen enough, such as `head`, is no error.

    Args:
        texts: are written one after the other, with nothing between them.
        flush: show each of them at once.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    try:
        for text in texts:
            sys.stdout.write(text)
            if flush:
                sys.stdout.flush()
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # because Python flushes once more as it ends


def write_nested(
    rows: Sequence[Mapping[str, Any]],
    as_table: Callable[[Sequence[Any]], Iterator[str]],
    output_format: NestedFormat | None,
) -> None:
    """Write rows that hold lists to standard output; by default a table on a terminal, and JSON Lines elsewhere."""
    default = NestedFormat.TABLE if sys.stdout.isatty() else NestedFormat.JSONL
    write_output(as_table(rows) if (output_format or default) is NestedFormat.TABLE else json_lines(rows))
