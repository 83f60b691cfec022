"""One reader of tables for all tasks: raw files as batches of records, of which only the wanted columns are kept.

| format | endings | columns are |
|---|---|---|
| csv, tsv | .csv; .tsv, .tab | texts, named by the first line that is not blank, or by `reading.columns` |
| jsonl | .jsonl, .ndjson | what JSON has, null where an object lacks the name |
| parquet | .parquet | of any type; an index that pandas wrote is a column like others |
| spreadsheet | .xlsx, .xlsm, .xlsb, .xls, .ods | texts as in CSV, named as there |

All of them may be compressed. A file is read as a stream, twice where it is text: once to be sure of its encoding.
Faults of a file are collected and said together.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pyarrow as pa

from stages.config.reading import TableReading
from stages.data.raw import Faults, RawFile, account
from stages.runtime.errors import nearest

if TYPE_CHECKING:
    import pandas as pd

BATCH = 50_000  # records
BATCH_SIZE = 1 << 25  # characters
Record = tuple[int, Sequence[Any]]  # how large a record is, roughly, in characters; the wanted columns' values
UNREADABLE: Record = (0, ())  # in place of a record that is faulty, so that the others are counted right


@dataclass(frozen=True)
class Column:
    """A column to be read. `key`: of `reading`, that names it."""

    name: str
    key: str


@dataclass(frozen=True)
class Batch:
    """Some records. `rows`: their numbers in the file, counted from 1; what cannot be read has a number as well."""

    rows: Sequence[int]
    columns: Mapping[str, list[Any] | pa.Array]

    def values(self, name: str) -> list[Any]:
        """Return a column's values."""
        column = self.columns[name]
        values: list[Any] = column if isinstance(column, list) else column.to_pylist()
        return values

    def series(self, name: str) -> "pd.Series[Any]":
        """Return a column as pandas has it."""
        import pandas as pd

        column = self.columns[name]
        return pd.Series(column, name=name) if isinstance(column, list) else column.to_pandas().rename(name)


MISSING = ("", "nan", "na", "null", "none", "<na>", "nat")  # how an empty cell is written, in lower case


class TableFile(ABC):
    """A raw file as a table. A subclass is a format."""

    FORMAT: ClassVar[str]  # as `reading.format` names it
    ENDINGS: ClassVar[tuple[str, ...]]
    KEYS: ClassVar[frozenset[str]] = frozenset()  # of raw.FORMAT_KEYS, which it reads

    encoding: str | None = None  # of text
    guessed: bool = False  # whether the encoding is

    def __init__(self, file: RawFile[TableReading]) -> None:
        """Open a file; may raise a UserError, as all methods, if it cannot be read at all."""
        self.file, self.reading, self.path = file, file.reading, file.path
        self.faults = Faults(file.path)
        self.rows = self.blank_lines = 0  # as many as were read

    @abstractmethod
    def names(self, wanted: Sequence[Column] = ()) -> list[str]:
        """Return the names of all columns as they stand, in their order.

        Raises:
            UserError: a wanted column is missing, or stands there twice.
        """

    def index_names(self) -> set[str]:
        """Return the columns that are no values but names of rows, as a pandas index is."""
        return set()

    @abstractmethod
    def batches(self, wanted: Sequence[Column]) -> Iterator[Batch]:
        """Yield the records in batches; after the last, `faults` has what is wrong in the file.

        Raises:
            UserError: a wanted column is missing, or stands there twice.
        """

    def note_if_empty(self) -> None:
        """Note a fault if no record was read."""
        if not self.rows and not self.faults:
            self.faults.add("holds no rows", "remove the file, or put data into it")

    def check_columns(self, names: Sequence[str], wanted: Sequence[Column]) -> None:
        """Refuse a file in which a wanted column is missing or stands twice.

        Raises:
            UserError: names all such columns.
        """
        for column in dict.fromkeys(wanted):
            count = names.count(column.name)
            key = self.file.key(column.key)
            if not count:
                valid = nearest(column.name, filter(None, names))
                self.faults.add(f"there is no column '{column.name}'", f"{valid}: fix {key}{self.header_advice()}")
            elif count > 1:
                self.faults.add(f"{count} columns are named '{column.name}'", "rename all but one")
        self.faults.refuse()

    def header_advice(self) -> str:
        """Return what else may be done where a column is missing."""
        return ""

    def account(self) -> dict[str, Any]:
        """Return what the report says of the file, once it is read."""
        return account(self.path, self.rows, self.encoding, self.guessed)


class BatchBuilder:
    """Collects records until they are enough for a batch."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self._clear()

    def add(self, rows: Iterable[int], columns: Iterable[Iterable[Any]], size: int) -> None:
        """Add records. `rows`: their numbers. `columns`: their values by column. `size`: in characters, roughly."""
        self.rows.extend(rows)
        for column, values in zip(self._columns, columns, strict=True):
            column.extend(values)
        self._size += size

    @property
    def full(self) -> bool:
        """Whether the records are enough for a batch."""
        return len(self.rows) >= BATCH or self._size >= BATCH_SIZE

    def batch(self) -> Batch:
        """Return the records as a batch, and begin another."""
        batch = Batch(self.rows, dict(zip(self.names, self._columns, strict=True)))
        self._clear()
        return batch

    def _clear(self) -> None:
        self.rows: list[int] = []
        self._columns: list[list[Any]] = [[] for _ in self.names]
        self._size = 0


class RecordFile(TableFile):
    """A raw file that is read record by record."""

    @abstractmethod
    def records(self, wanted: Sequence[Column]) -> Iterator[Record | None]:
        """Yield each record's values of the wanted columns, None for a blank line.

        A record that cannot be read is noted in `faults`, and UNREADABLE stands for it.
        """

    def batches(self, wanted: Sequence[Column]) -> Iterator[Batch]:
        """Yield the records in batches; see `TableFile.batches`."""
        builder = BatchBuilder(distinct_names(wanted))
        for record in self.records(wanted):
            if record is None:
                self.blank_lines += 1
                continue
            self.rows += 1
            if record is not UNREADABLE:
                size, values = record
                builder.add([self.rows], [[value] for value in values], size)
            if builder.full:
                yield builder.batch()
        if builder.rows:
            yield builder.batch()
        self.note_if_empty()


def distinct_names(columns: Sequence[Column]) -> list[str]:
    """Return the columns' names, each once: a column may have several uses."""
    return list(dict.fromkeys(column.name for column in columns))
