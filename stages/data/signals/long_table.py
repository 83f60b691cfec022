"""A long table: a row for each step of a signal, with the signal's name and label in every row."""

from collections.abc import Hashable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from stages.config.reading import SignalReading
from stages.config.schema import PARTS
from stages.data.formats import open_table
from stages.data.official import part_by_word
from stages.data.raw import RawFile, shown
from stages.data.signals.signal import Signal, SignalFile
from stages.data.tables import MISSING, Batch, Column
from stages.runtime.errors import UserError


@dataclass
class _Rows:
    """The rows of one signal, so far."""

    name: Any
    first: int  # row in the file
    labels: set[Any] = field(default_factory=set)
    parts: set[Any] = field(default_factory=set)
    times: list[Any] = field(default_factory=list)
    values: list[np.ndarray] = field(default_factory=list)  # (rows, F) each


class LongTable(SignalFile):
    """A table of any format. The rows of a signal stand together, so that one signal is in memory at a time."""

    FORMAT, ENDINGS = "table", ()

    def __init__(self, file: RawFile[SignalReading], labelled: bool = True) -> None:
        super().__init__(file, labelled)
        self.table = open_table(file)
        self.encoding, self.guessed = self.table.encoding, self.table.guessed
        self.faults = self.table.faults
        self.channel_names: tuple[str, ...] = tuple(self._channels())

    def signals(self) -> Iterator[Signal]:
        """Yield each signal."""
        keys = ("signal", "time", "label", "part") if self.labelled else ("signal", "time")
        uses = {key: getattr(self.reading, key) for key in keys}
        named = [Column(name, key) for key, name in uses.items() if name is not None]
        channels = list(self.channel_names)
        current: _Rows | None = None
        seen: set[Any] = set()
        for batch in self.table.batches([*named, *(Column(name, "channels") for name in channels)]):
            values = self._numbers(batch, channels)
            columns = {key: _plain(batch.values(name)) for key, name in uses.items() if name is not None}
            for start, end in _runs(columns["signal"]):
                name = columns["signal"][start]
                if current is None or name != current.name:
                    if current is not None:
                        yield self._signal(current)
                    self._note_name(name, batch.rows[start], seen)
                    current = _Rows(name, batch.rows[start])
                current.labels.update(columns.get("label", [])[start:end])
                current.parts.update(columns.get("part", [])[start:end])
                current.times += columns.get("time", [])[start:end]
                current.values.append(values[start:end])
        if current is not None:
            yield self._signal(current)

    def _channels(self) -> list[str]:
        if self.reading.channels is not None:
            return list(self.reading.channels)
        reading = self.reading
        others = self.table.index_names() | {reading.signal, reading.label, reading.time or "", reading.part or ""}
        channels = [name for name in self.table.names() if name not in others]
        if not channels:
            raise UserError(f"{self.path} has no column of values beside {', '.join(sorted(filter(None, others)))}")
        return channels

    def _note_name(self, name: Any, row: int, seen: set[Any]) -> None:
        self.count += 1
        if name in seen:
            advice = f"sort the file by '{self.reading.signal}'"
            self.faults.add("the rows of a signal do not stand together: ", advice, f"row {row}: {shown(name)}")
        if name is None or str(name).strip().lower() in MISSING:
            self.faults.add(f"the column '{self.reading.signal}' names no signal in ", "fill it in", f"row {row}")
        seen.add(name)

    def _numbers(self, batch: Batch, channels: list[str]) -> np.ndarray:
        """Return the values (rows, F); what is missing is not-a-number, and so is what is no number, which is noted."""
        columns = np.empty((len(batch.rows), len(channels)))
        for place, name in enumerate(channels):
            column = batch.series(name)
            if column.dtype.kind in "mM":
                advice = f"name it by {self.file.key('time')}, or the columns of values by {self.file.key('channels')}"
                self.faults.add(f"the column '{name}' holds times, not numbers", advice)
                continue
            numbers = _to_numbers(column)
            if numbers.isna().any():
                missing = column.isna() | column.astype(str).str.strip().str.lower().isin(MISSING)
                for row in map(int, np.flatnonzero(numbers.isna() & ~missing)):
                    advice = f"fix the file, or name the columns of values by {self.file.key('channels')}"
                    problem, value = f"the column '{name}' must hold numbers, but ", shown(column.iloc[row])
                    self.faults.add(problem, advice, f"row {batch.rows[row]}: {value}")
            columns[:, place] = numbers
        return columns

    def _signal(self, rows: _Rows) -> Signal:
        """Return a signal; note it if its rows do not agree."""
        place = f"{shown(rows.name)}, from row {rows.first}"
        for key, named in (("label", rows.labels), ("part", rows.parts)):
            if len(named) > 1:
                listing = ", ".join(sorted(map(str, named))[:3])
                problem = f"signals have several values in the column of {key}s: "
                self.faults.add(problem, "a signal has one", f"{place}: {listing}")
        values = np.concatenate(rows.values)
        if self.reading.time is not None:
            values = values[self._order(rows.times, place)]
        return Signal(self.count, next(iter(rows.labels), None), values, self._part(rows), str(rows.name))

    def _order(self, times: list[Any], place: str) -> np.ndarray:
        """Return the order of a signal's times; note what cannot be ordered."""
        column = f"the column '{self.reading.time}'"
        ordered = _sortable(pd.Series(times))
        if ordered is None or ordered.isna().any():
            problem = f"{column} must hold numbers, or times in ISO 8601, in every row, but does not for "
            self.faults.add(problem, "fix the file, or leave the rows as they stand: time: null", place)
            return np.arange(len(times))
        if ordered.duplicated().any():
            self.faults.add(f"signals have a time twice in {column}: ", "remove or merge such rows", place)
        return np.asarray(ordered.argsort(kind="stable"))

    def _part(self, rows: _Rows) -> Any:
        if self.reading.part is None:
            return self.file.part
        value = next(iter(rows.parts), None)
        part = part_by_word(str(value)) if value else self.file.part
        if value and part is None:
            problem = f"the column '{self.reading.part}' must hold {', '.join(PARTS)} or nothing, but "
            self.faults.add(problem, "fix the file", f"row {rows.first}: {shown(value)}")
        return part


def _runs(names: list[Any]) -> Iterator[tuple[int, int]]:
    """Yield where each run of equal names begins and ends."""
    array = np.array([*names, object()], object)[:-1]  # never an array of more dimensions
    ends = [*(np.flatnonzero(array[1:] != array[:-1]) + 1), len(array)] if len(array) else []
    yield from pairwise([0, *map(int, ends)])


def _plain(values: list[Any]) -> list[Any]:
    """Return values that can be compared: texts, numbers, times; anything else as the text that it is written as."""
    return [value if isinstance(value, Hashable) else str(value) for value in values]


def _to_numbers(column: "pd.Series[Any]") -> "pd.Series[float]":
    """Return a column as numbers; what is none, or beyond all floats, is not-a-number."""
    try:
        return pd.to_numeric(column, errors="coerce").astype(float)
    except (OverflowError, TypeError, ValueError):  # an integer of 400 digits, or a list
        return pd.to_numeric(column.astype(str).str.slice(0, 300), errors="coerce").astype(float)


def _sortable(times: "pd.Series[Any]") -> "pd.Series[Any] | None":
    """Return times as numbers, or as times; None if they are neither."""
    if times.dtype.kind in "iufmM":
        return times
    with suppress(ValueError, TypeError, OverflowError):
        return pd.to_numeric(times)
    with suppress(ValueError, TypeError, OverflowError):
        return pd.to_datetime(times, format="ISO8601", utc=True)
    return None
