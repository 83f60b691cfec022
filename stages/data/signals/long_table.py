"""A long table: a row for each step of a signal, with the signal's name and label in every row."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from stages.config.reading import SignalReading
from stages.config.schema import PARTS
from stages.data.formats import open_table
from stages.data.official import part_by_word
from stages.data.raw import RawFile, shown
from stages.data.signals.signal import Signal, SignalFile
from stages.data.tables import MISSING, Batch, Column
from stages.runtime.errors import UserError


class _Rows(NamedTuple):
    """The rows of one signal, so far."""

    name: Any
    first: int  # row in the file
    labels: list[Any]
    parts: list[Any]
    times: list[Any]
    values: list[list[float]]


class LongTable(SignalFile):
    """A table of any format. The rows of a signal stand together, so that one signal is in memory at a time."""

    FORMAT, ENDINGS = "table", ()

    def __init__(self, file: RawFile[SignalReading], labelled: bool = True) -> None:
        super().__init__(file, labelled)
        self.table = open_table(file)
        self.encoding, self.guessed = self.table.encoding, self.table.guessed
        self.faults = self.table.faults

    def signals(self) -> Iterator[Signal]:
        """Yield each signal."""
        keys = ("signal", "time", "label", "part") if self.labelled else ("signal", "time")
        uses = {key: getattr(self.reading, key) for key in keys}
        named = [Column(name, key) for key, name in uses.items() if name is not None]
        channels = self._channels({column.name for column in named})
        current: _Rows | None = None
        seen: set[Any] = set()
        for batch in self.table.batches([*named, *(Column(name, "channels") for name in channels)]):
            names, numbers = batch.values(self.reading.signal), self._numbers(batch, channels)
            others = {key: batch.values(name) for key, name in uses.items() if name}
            none = [None] * len(names)
            for place, (row, name) in enumerate(zip(batch.rows, names, strict=True)):
                if current is None or name != current.name:
                    if current is not None:
                        yield from self._signal(current)
                    self._note_name(name, row, seen)
                    current = _Rows(name, row, [], [], [], [])
                current.labels.append(others.get("label", none)[place])
                current.parts.append(others.get("part", none)[place])
                current.times.append(others.get("time", none)[place])
                current.values.append(numbers[place])
        if current is not None:
            yield from self._signal(current)

    def _channels(self, others: set[str]) -> list[str]:
        if self.reading.channels is not None:
            return list(self.reading.channels)
        others = others | self.table.index_names() | {self.reading.label, self.reading.part or ""}
        channels = [name for name in self.table.names() if name not in others]
        if not channels:
            raise UserError(f"{self.path} has no column of values beside {', '.join(sorted(others))}")
        return channels

    def _note_name(self, name: Any, row: int, seen: set[Any]) -> None:
        self.count += 1
        if name in seen:
            advice = f"sort the file by '{self.reading.signal}'"
            self.faults.add("the rows of a signal do not stand together: ", advice, f"row {row}: {shown(name)}")
        if name is None or str(name).strip().lower() in MISSING:
            self.faults.add(f"the column '{self.reading.signal}' names no signal in ", "fill it in", f"row {row}")
        seen.add(name)

    def _numbers(self, batch: Batch, channels: list[str]) -> list[list[float]]:
        columns = []
        for name in channels:
            column = []
            for row, value in zip(batch.rows, batch.values(name), strict=True):
                missing = value is None or (isinstance(value, str) and value.strip().lower() in MISSING)
                try:
                    column.append(np.nan if missing else float(value))
                except (TypeError, ValueError, OverflowError):
                    advice = f"fix the file, or name the columns of values by {self.file.key('channels')}"
                    self.faults.add(
                        f"the column '{name}' must hold numbers, but ", advice, f"row {row}: {shown(value)}"
                    )
                    column.append(np.nan)
            columns.append(column)
        return [list(values) for values in zip(*columns, strict=True)]

    def _signal(self, rows: _Rows) -> Iterator[Signal]:
        """Yield a signal, if its rows agree."""
        labels, parts = {*map(str, rows.labels)}, {*map(str, rows.parts)} if self.reading.part else set()
        for key, named in (("label", labels), ("part", parts)):
            if len(named) > 1:
                place = f"{shown(rows.name)}, from row {rows.first}: {', '.join(sorted(named)[:3])}"
                self.faults.add(f"signals have several values in the column of {key}s: ", "a signal has one", place)
        values = np.array(rows.values)
        if self.reading.time is not None:
            times = _sortable(rows.times)
            order = sorted(range(len(times)), key=times.__getitem__)
            if any(times[one] == times[other] for one, other in pairwise(order)):
                problem = f"signals have a time twice in the column '{self.reading.time}': "
                self.faults.add(problem, "remove or merge such rows", f"{shown(rows.name)}, from row {rows.first}")
            values = values[order]
        yield Signal(self.count, rows.labels[0], values, self._part(rows))

    def _part(self, rows: _Rows) -> Any:
        if self.reading.part is None:
            return self.file.part
        value = rows.parts[0]
        part = part_by_word(str(value)) if value else self.file.part
        if value and part is None:
            problem = f"the column '{self.reading.part}' must hold {', '.join(PARTS)} or nothing, but "
            self.faults.add(problem, "fix the file", f"row {rows.first}: {shown(value)}")
        return part


def _sortable(times: list[Any]) -> list[Any]:
    """Return times as numbers if they all are, else as they stand, as texts; ISO dates sort so."""
    try:
        return [float(time) for time in times]
    except (TypeError, ValueError, OverflowError):
        return [str(time) for time in times]
