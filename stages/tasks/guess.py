"""What a task makes of data that no entry describes yet: the ground on which `recur add` writes one.

A `Sample` is the first rows of the data as the reader of tables has them, or the begin of their texts. Each task says
by `Task.suits` whether it is about such data, and by `Task.guess` what its entry would be, with a reason for each key.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from stages.config.schema import PARTS
from stages.data.official import official_parts
from stages.data.scripts import CHARACTERS
from stages.data.signals.signal import Signal
from stages.data.tables import MISSING
from stages.runtime.errors import UsageError

NO_SPACES = re.compile(f"[{CHARACTERS}]")
TOKEN = r"\w+|[^\w\s]"
MEASURED = 20_000  # values that lengths are measured on
TIME_FORMATS = (
    *(
        f"{day}{time}"
        for day in ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d")
        for time in ("", " %H:%M", " %H:%M:%S")
    ),
    "%b %Y",
    "%B %Y",
    "%m/%Y",
    "%m.%Y",
    "%b-%y",
    "%Y%m%d",
)
TIME_NAMES = {"timestamp", "time", "date", "datetime", "ds", "day", "week", "month", "quarter", "year", "period"}


SHORT = {  # keys that have an option of their own; any other is set by -S
    *(f"reading.{key}" for key in ("text", "label", "weight", "part", "source", "target", "timestamp", "values")),
    *(f"reading.{key}" for key in ("covariates", "series", "signal", "time_format", "time_zone", "frequency", "gaps")),
    *(f"reading.{key}" for key in ("format", "encoding", "delimiter", "columns")),
    *(f"window.{key}" for key in ("look_back", "horizon", "season")),
}


class Undecided(UsageError):
    """What the data do not tell.

    `key`: of the entry, that an answer would settle. `question`: in words. `choices`: the answers, if they are few.
    """

    def __init__(self, key: str, question: str, choices: Iterable[str] = ()) -> None:
        self.key, self.question, self.choices = key, question, tuple(choices)
        options = f" with one of: {', '.join(self.choices)}" if self.choices else ""
        super().__init__(f"{question}? give {option(key)}{options}")


def option(key: str) -> str:
    """Return the option of `recur add` that sets a key of an entry."""
    section, _, name = key.rpartition(".")
    return f"--{name.replace('_', '-')}" if key in SHORT or not section else f"-S {key}=…"


@dataclass(frozen=True)
class Choice:
    """A key of an entry, with dots, the value that it gets, and the reason. A choice without a key is a remark."""

    key: str | None
    value: Any
    because: str = ""


@dataclass(frozen=True, eq=False)
class Column:
    """A column of a table as it looks."""

    name: str
    values: "pd.Series[Any]"  # as the reader has them

    @cached_property
    def texts(self) -> "pd.Series[str]":
        """The values that are there, as texts."""
        texts = self.values.dropna().astype(str).str.strip()
        return texts[~texts.str.lower().isin(MISSING)]

    @property
    def missing(self) -> int:
        """How many values are not there."""
        return len(self.values) - len(self.texts)

    @cached_property
    def distinct(self) -> int:
        """How many different values there are."""
        return int(self.texts.nunique())

    @cached_property
    def numbers(self) -> "pd.Series[float] | None":
        """The values as numbers, NaN where one is missing; None if they are none."""
        if pd.api.types.is_datetime64_any_dtype(self.values) or self.texts.empty:
            return None
        numbers = pd.to_numeric(self.texts, errors="coerce")
        return None if numbers.isna().any() else numbers.reindex(self.values.index).astype(float)

    @cached_property
    def decimal_comma(self) -> bool:
        """Whether the values would be numbers if commas were points."""
        return not self.texts.empty and bool(self.texts.str.fullmatch(r"[+-]?\d*,\d+|[+-]?\d+").all())

    @cached_property
    def words(self) -> "pd.Series[int]":
        """How many words and marks each of the first values has."""
        return self.texts.head(MEASURED).str.count(TOKEN)

    @cached_property
    def lengths(self) -> "pd.Series[int]":
        """How many characters each of the first values has."""
        return self.texts.head(MEASURED).str.len()

    @cached_property
    def without_spaces(self) -> bool:
        """Whether most of its letters are of scripts that put no spaces between words."""
        text = "".join(self.texts.head(1000))
        return len(NO_SPACES.findall(text)) > 0.3 * len(re.findall(r"\w", text))

    @cached_property
    def is_text(self) -> bool:
        """Whether the values are texts of several words, few of which come again."""
        if self.texts.empty or self.numbers is not None or self.decimal_comma or self.times:
            return False
        long = self.words.median() >= 3 or self.lengths.median() >= (6 if self.without_spaces else 20)
        return bool(long) and self.distinct > 0.5 * len(self.texts)

    @cached_property
    def time_formats(self) -> list[str | None]:
        """The formats in which all values are times; None: ISO 8601. Plain numbers are times by the column's name."""
        if pd.api.types.is_datetime64_any_dtype(self.values):
            return [None]
        if self.texts.empty or (self.numbers is not None and self.name.strip().lower() not in TIME_NAMES):
            return []
        formats: tuple[str | None, ...] = (None, *TIME_FORMATS)
        fitting = [known for known in formats if _parse(self.texts.head(50), known) is not None]
        return [known for known in fitting if _parse(self.texts, known) is not None]

    @property
    def times(self) -> bool:
        """Whether the values are times."""
        return bool(self.time_formats)

    def as_times(self, time_format: str | None) -> "pd.Series[pd.Timestamp]":
        """Return the values as times, NaT where one cannot be read."""
        if pd.api.types.is_datetime64_any_dtype(self.values):
            return self.values
        parsed = _parse(self.texts, time_format)
        return pd.Series(pd.NaT, self.values.index) if parsed is None else parsed.reindex(self.values.index)


def _parse(texts: "pd.Series[str]", time_format: str | None) -> "pd.Series[pd.Timestamp] | None":
    """Return the times, or None if one of them cannot be read."""
    try:
        return pd.to_datetime(texts, format=time_format or "ISO8601")
    except (ValueError, TypeError):
        pass
    try:  # offsets that differ, as in summer and in winter
        return pd.to_datetime(texts, format=time_format or "ISO8601", utc=True)
    except (ValueError, TypeError):
        return None


@dataclass(frozen=True)
class Sample:
    """What data look like.

    `files`: all of them, by their place in the folder where subfolders matter. `columns`: of their first rows, empty if
    they are no tables. `texts`: the begin of each file that is plain text, by its name. `characters`: of each such
    file, roughly. `signals`: the first ones, of files that hold signals. `pictures`: height, width and channels of
    some, of files that are pictures. `given`: keys of the entry, with dots, that are settled. `read_by`: what was found
    out of how the files are read.
    """

    files: Sequence[Path]
    columns: Sequence[Column] = ()
    rows: int = 0
    texts: Mapping[str, str] = field(default_factory=dict)
    characters: Mapping[str, int] = field(default_factory=dict)
    signals: Sequence[Signal] = ()
    pictures: Sequence[tuple[int, int, int]] = ()
    given: Mapping[str, Any] = field(default_factory=dict)
    read_by: tuple[Choice, ...] = ()

    def column(self, key: str) -> Column | None:
        """Return the column that a given key names, if it is given.

        Raises:
            Undecided: the table has no such column.
        """
        name = self.given.get(key)
        if name is None:
            return None
        found = next((column for column in self.columns if column.name == name), None)
        if found is None and self.columns:
            raise Undecided(key, f"there is no column '{name}'", [column.name for column in self.columns])
        return found

    def choose(self, key: str, value: Any, because: str = "") -> Choice:
        """Return a choice; what is given comes before what is guessed."""
        return Choice(key, self.given[key], "as you said") if key in self.given else Choice(key, value, because)

    @cached_property
    def parts(self) -> list[str]:
        """The official parts that files are, by their names or those of the folders that they lie in."""
        names = {path.name if path.is_absolute() else path.parts[0] for path in self.files}
        official = set(official_parts(sorted(names)).values())
        return [part for part in PARTS if part in official]

    def part_remarks(self) -> list[Choice]:
        """Return a remark about official parts, if there are some; train alone is none."""
        official = {"validation", "test"} & set(self.parts)
        return [Choice(None, f"official parts: {', '.join(self.parts)}", "files are named so")] if official else []


@dataclass(frozen=True)
class Guess:
    """What an entry would be."""

    choices: tuple[Choice, ...]

    def remaining(self, sample: Sample) -> tuple[Choice, ...]:
        """Return all choices in the order of the entry: how files are read, what was guessed, what else is given."""
        chosen = {choice.key for choice in self.choices}
        before = [sample.choose(str(choice.key), choice.value, choice.because) for choice in sample.read_by]
        before = [choice for choice in before if choice.key not in chosen]
        known = chosen | {choice.key for choice in before}
        given = [Choice(key, value, "as you said") for key, value in sample.given.items() if key not in known]
        return (*before, *self.choices, *given)


def round_up(number: float) -> int:
    """Return a number of tokens or characters rounded up to a multiple of 8, and of 32 above 64."""
    step = 8 if number <= 64 else 32
    return max(step, int(-(-number // step)) * step)


def named(columns: Sequence[Column], names: Sequence[str]) -> Column | None:
    """Return the column with the first of some names that one has, whatever its case."""
    by_name = {column.name.strip().lower(): column for column in columns}
    return next((by_name[name] for name in names if name in by_name), None)


MOSTLY = 0.9  # of a column's values


def column_of_files(sample: Sample, key: str, names: Sequence[str], role: str) -> Column:
    """Return the column of a table beside files that names them: by its values, with or without endings, or its name.

    Raises:
        Undecided: there is none.
    """
    known = {name for path in sample.files for name in (path.as_posix(), path.name, path.stem)}
    fitting = [column for column in sample.columns if column.texts.isin(known).mean() > MOSTLY]
    if fitting and key not in sample.given:
        return named(fitting, names) or max(fitting, key=lambda column: column.distinct)
    return column_for(sample, key, names, role, None)


def column_for(sample: Sample, key: str, names: Sequence[str], role: str, else_this: Column | None) -> Column:
    """Return the column of a role: the given one, one that is called so, or the one that it must be.

    Raises:
        Undecided: there is none.
    """
    column = sample.column(key) or named(sample.columns, names) or else_this
    if column is None:
        raise Undecided(key, f"which column {role}", [each.name for each in sample.columns])
    return column
