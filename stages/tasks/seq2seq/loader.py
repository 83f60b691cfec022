"""Raw files → one tidy table of pairs.

| column | type | meaning |
|---|---|---|
| id | string | `<file's stem>-<row>`, unique and stable; of two files, the source's |
| file | string | the raw file's name |
| row | int64 | the pair in that file, counted from 1: a table's record, without header and blank lines; else the line |
| source | string | what is read; runs of white space are one space |
| target | string | what is to be written; a source that stands in several rows has several references |
| part | string | train, validation or test where the file is named so, else null |
"""

import re
import sqlite3
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import pandas as pd
import pyarrow as pa

from stages.config.dataset import Dataset
from stages.data.encoding import TextFile, inspect_text
from stages.data.formats import FORMATS, open_table
from stages.data.formats.delimited import Tsv
from stages.data.raw import (
    Faults,
    RawFile,
    account,
    part_remarks,
    raw_files,
    refuse_equal_stems,
    refuse_unused_keys,
    shown,
)
from stages.data.table import Table
from stages.data.tables import BATCH, Batch, Column, TableFile
from stages.data.text import hash_to_unit
from stages.runtime.errors import UserError, listed
from stages.runtime.progress import progress
from stages.tasks.seq2seq.config import Reading

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
Raw = RawFile[Reading]


class Pair(NamedTuple):
    """A pair as it stands in a file."""

    row: int
    source: str
    target: str


def read(dataset: Dataset, reading: Reading) -> Table:
    """Read a dataset's raw files, in the order of their names.

    Raises:
        UserError: there is no file, one cannot be read, or they are not pairs as `reading` says.
    """
    files = raw_files(dataset, reading)
    kind = _format(files, reading)
    if kind is not Tables:  # a table's own format has a say
        refuse_unused_keys(files[0], kind.FORMAT, kind.KEYS)
    for key, only in (("stress", Cmudict), ("verses", Verses)):
        if kind is not only and getattr(reading, key) != Reading.model_fields[key].default:
            raise UserError(f"{files[0].key(key)} is for the format {only.FORMAT} alone: remove it")
    pairs = kind(files)
    dropped: Counter[str] = Counter()
    stripped = [re.compile(pattern) for pattern in reading.strip]
    tables = [_rows(file, batch, stripped, dropped) for file, batch in pairs.batches()]
    accounts = pairs.accounts()
    rows_read = sum(pairs.pairs.values()) + pairs.blank_lines
    dropped["blank line"] += pairs.blank_lines
    rows = pa.concat_tables([SCHEMA.empty_table(), *tables])
    folded = [source.casefold() for source in rows["source"].to_pylist()]
    chosen = choose(rows, folded, reading.sources, "sources")
    dropped["beyond reading.sources"] = rows.num_rows - chosen.num_rows
    if not chosen.num_rows:
        raise UserError(
            f"{dataset.raw} holds no pair with text on both sides: add pairs, or look at {dataset.key('reading')}"
        )
    counts = {reason: count for reason, count in sorted(dropped.items()) if count}
    return Table(chosen.combine_chunks(), accounts, rows_read, counts, remarks=part_remarks(files))


def _rows(file: Raw, pairs: Sequence[Pair], stripped: Sequence[re.Pattern[str]], dropped: Counter[str]) -> pa.Table:
    """Return the pairs with text on both sides once `stripped` is taken out; count the others."""
    rows = []
    for pair in pairs:
        texts = {"source": _tidy(pair.source, stripped), "target": _tidy(pair.target, stripped)}
        if empty := [side for side, text in texts.items() if not text]:
            dropped[f"empty {' and '.join(empty)}"] += 1
            continue
        place = {"id": f"{file.stem}-{pair.row}", "file": file.path.name, "row": pair.row}
        rows.append(place | texts | {"part": file.part})
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _tidy(text: str, stripped: Sequence[re.Pattern[str]]) -> str:
    for pattern in stripped:
        text = pattern.sub("", text)
    return " ".join(text.split())


def choose(rows: pa.Table, keys: list[str], limit: int | None, salt: str) -> pa.Table:
    """Return the rows of so many keys, chosen by a hash, so that another limit adds or takes away only.

    Args:
        rows: of which some are kept.
        keys: of each row.
        limit: the most keys; None: all.
        salt: of the hash.
    """
    if limit is None:
        return rows
    names = pd.Series(sorted(set(keys)), dtype=str)
    kept = set(names[hash_to_unit(names, salt).argsort(kind="stable").iloc[:limit]])
    return rows.filter(pa.array([key in kept for key in keys], pa.bool_()))


def _side(file: Raw) -> str | None:
    """Return which of the two names stands between the dots of a file's name, if one does; at need in another case."""
    sides, words = (file.reading.source, file.reading.target), file.path.name.split(".")
    exact = [side for side in sides if side in words]
    return next(iter([*exact, *(side for side in sides if side.casefold() in map(str.casefold, words))]), None)


def _format(files: list[Raw], reading: Reading) -> "type[PairFormat]":
    """Return the format of all files, if it is none of tables: as declared, else by the names of the files."""
    for kind in (Aligned, Cmudict, Verses):
        if reading.format == kind.FORMAT:
            return kind
    sides = {side for file in files if (side := _side(file))}
    aligned = reading.format is None and sides == {reading.source, reading.target}
    return Aligned if aligned else Tables


class PairFormat(ABC):
    """How a dataset's files hold pairs."""

    FORMAT: ClassVar[str]
    KEYS: ClassVar[frozenset[str]] = frozenset({"encoding"})  # of raw.FORMAT_KEYS, which it reads

    def __init__(self, files: list[Raw]) -> None:
        self.files = files
        self.pairs: Counter[Path] = Counter()  # by file, as many as were read
        self.blank_lines = 0
        self._encodings: dict[Path, tuple[str | None, bool]] = {}

    @abstractmethod
    def batches(self) -> Iterator[tuple[Raw, list[Pair]]]:
        """Yield pairs, some at a time, with the file that they count for.

        Raises:
            UserError: the files are not what the format asks for; names file and rows.
        """

    def accounts(self) -> list[dict[str, Any]]:
        """Return what the report says of each file, once all are read."""
        return [account(file.path, self.pairs[file.path], *self._encodings[file.path]) for file in self.files]

    def in_batches(self, file: Raw, pairs: Iterator[Pair]) -> Iterator[tuple[Raw, list[Pair]]]:
        """Yield pairs in batches, and count them for a file."""
        while batch := list(islice(pairs, BATCH)):
            self.pairs[file.path] += len(batch)
            yield file, batch

    def text(self, file: Raw) -> TextFile:
        """Return a file as text, and keep its encoding for the report."""
        text = inspect_text(file)
        self._encodings[file.path] = text.encoding, text.guessed
        return text


class Tables(PairFormat):
    """Tables with a column of sources and one of targets."""

    FORMAT = "table"

    def batches(self) -> Iterator[tuple[Raw, list[Pair]]]:
        """Yield the pairs of each record."""
        refuse_equal_stems(self.files)
        for file in progress(self.files, desc="read", unit="file"):
            table = open_table(file, FORMATS, default=Tsv)
            wanted = [Column(file.reading.source, "source"), Column(file.reading.target, "target")]
            for batch in table.batches(wanted):
                sides = [_texts(table, batch, column) for column in wanted]
                if not table.faults:
                    yield file, [Pair(*values) for values in zip(batch.rows, *sides, strict=True)]
            table.faults.refuse()
            self.pairs[file.path] = table.rows
            self.blank_lines += table.blank_lines
            self._encodings[file.path] = table.encoding, table.guessed


def _texts(table: TableFile, batch: Batch, column: Column) -> list[str]:
    """Return a column's texts; a missing one is empty, and a number is the text that it is written as."""
    values = batch.values(column.name)
    for row, value in zip(batch.rows, values, strict=True):
        if not (value is None or isinstance(value, str | int | float)):
            advice = f"fix the file, or choose another column by {table.file.key(column.key)}"
            table.faults.add(f"the column '{column.name}' must hold text, but ", advice, f"row {row}: {shown(value)}")
    return ["" if value is None or value != value else str(value) for value in values]  # NaN is not itself


class Aligned(PairFormat):
    """Two files, or two for each part, of which one holds the sources, a line each, and one the targets."""

    FORMAT = "aligned"

    def batches(self) -> Iterator[tuple[Raw, list[Pair]]]:
        """Yield the pairs of equal lines."""
        for sides in self._by_part():
            source, target = (sides[name] for name in (self.files[0].reading.source, self.files[0].reading.target))
            yield from self.in_batches(source, self._line_pairs(source, target))

    def _line_pairs(self, source: Raw, target: Raw) -> Iterator[Pair]:
        counts = [0, 0]
        for row, pair in enumerate(zip_longest(self.text(source).lines(), self.text(target).lines()), start=1):
            counts = [count if line is None else row for count, line in zip(counts, pair, strict=True)]
            if None not in pair:
                yield Pair(row, *pair)
        if counts[0] != counts[1]:
            raise UserError(
                f"{source.path} has {counts[0]} lines, {target.path} has {counts[1]}: line by line they must be pairs"
            )

    def _by_part(self) -> list[dict[str, Raw]]:
        """Return the two files of each part by side."""
        parts: dict[str, dict[str, Raw]] = {}
        problems = []
        for file in self.files:
            side = _side(file)
            if side is None:
                problems.append(
                    f"{file.path} is neither '{file.reading.source}' nor '{file.reading.target}' by what stands "
                    f"between the dots of its name: rename it, take it out, or set {file.key('source')} and target"
                )
            elif side in parts.setdefault(file.part or "", {}):
                problems.append(
                    f"{file.path} and {parts[file.part or ''][side].path.name} are both '{side}': join them to one file"
                )
            else:
                parts[file.part or ""][side] = file
        for part, sides in parts.items():
            if len(sides) == 1:
                (alone,) = sides.values()
                names = f"two files {part or 'of pairs'} need the same name but for it"
                problems.append(f"{alone.path} has no counterpart: {names}")
        if problems:
            raise UserError("\n".join(problems))
        return list(parts.values())


class Cmudict(PairFormat):
    """Words and phones of the CMU dictionary: `word(2) W ER1 D # a remark`; variants are the same word's."""

    FORMAT = "cmudict"

    def batches(self) -> Iterator[tuple[Raw, list[Pair]]]:
        """Yield a pair for each line."""
        for file in self.files:
            yield from self.in_batches(file, self._entries(file))

    def _entries(self, file: Raw) -> Iterator[Pair]:
        for row, line in enumerate(self.text(file).lines(), start=1):
            word, _, phones = line.partition("#")[0].strip().partition(" ")
            phones = phones if file.reading.stress else re.sub(r"\d", "", phones)
            yield Pair(row, re.sub(r"\(\d+\)$", "", word), phones)


class Verses(PairFormat):
    """A SQLite file with a table of several versions of one text, a row for each version of each verse."""

    FORMAT = "verses"
    KEYS = frozenset()

    def batches(self) -> Iterator[tuple[Raw, list[Pair]]]:
        """Yield a pair for each verse that one of the two versions has."""
        for file in self.files:
            self._encodings[file.path] = None, False
            try:
                with closing(sqlite3.connect(f"{file.path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
                    yield from self.in_batches(file, self._pairs(file, connection))
            except sqlite3.Error as error:
                raise UserError(f"{file.path} cannot be read as SQLite: {error}") from None

    def _pairs(self, file: Raw, connection: sqlite3.Connection) -> Iterator[Pair]:
        table, version, text, *place = self._names(file, connection)
        sides = file.reading.source, file.reading.target
        columns = (f"MAX(CASE WHEN {version} = ? THEN CAST({text} AS TEXT) END), SUM({version} = ?)" for _ in sides)
        query = (
            f"SELECT {', '.join(place)}, {', '.join(columns)} FROM {table} WHERE {version} IN (?, ?) "
            f"GROUP BY {', '.join(place)} ORDER BY {', '.join(place)}"
        )
        faults = Faults(file.path)
        values = [side for side in sides for _ in range(2)]
        for row, found in enumerate(connection.execute(query, [*values, *sides]), start=1):
            where, (source, times, target, others) = found[: len(place)], found[len(place) :]
            if max(times, others) > 1:
                names = ", ".join(file.reading.verses.place)
                faults.add(f"a version has several texts of one ({names}): ", "keep one", shown(where))
            yield Pair(row, source or "", target or "")
        faults.refuse()

    def _names(self, file: Raw, connection: sqlite3.Connection) -> list[str]:
        """Return the table and its columns of versions, texts and places, quoted; both versions stand in it."""
        names = file.reading.verses
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        if names.table not in tables:
            where = file.key("verses.table")
            raise UserError(f"{file.path} has no table '{names.table}' (it has {listed(tables)}): set {where}")
        wanted = [names.version, names.text, *names.place]
        columns = [name for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", [names.table])]
        if missing := [name for name in wanted if name not in columns]:
            raise UserError(
                f"the table '{names.table}' of {file.path} has no {listed(missing)} (it has {listed(columns)}): set "
                f"{file.key('verses')}"
            )
        quoted = ['"' + name.replace('"', '""') + '"' for name in (names.table, *wanted)]
        versions = [str(name) for (name,) in connection.execute(f"SELECT DISTINCT {quoted[1]} FROM {quoted[0]}")]
        if missing := [side for side in (file.reading.source, file.reading.target) if side not in versions]:
            raise UserError(
                f"{file.path} has no version {listed(missing)} (it has {listed(sorted(versions))}): set "
                f"{file.key('source')} and target"
            )
        return quoted
