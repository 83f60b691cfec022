"""Raw files → one tidy table of texts and labels.

| column | type | meaning |
|---|---|---|
| id | string | `<file's stem>-<row>`, unique and stable |
| file | string | the raw file's name |
| row | int64 | the record in that file, counted from 1; header, skipped rows and blank lines do not count |
| text | string | as it stands in the file |
| label | string | numbers as text, integers without '.0'; labels that look the same are one |
| part | string | train, validation or test where the source says so, else null |
| weight | float64 | how much the text counts in training; there is no such column if `reading.weight` names none |
"""

import hashlib
import heapq
import math
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stages.config.dataset import Dataset
from stages.config.reading import TableReading
from stages.config.schema import PARTS
from stages.data.formats import FORMATS, open_table
from stages.data.formats.lines import open_lines
from stages.data.npz import read_arrays
from stages.data.official import part_by_word
from stages.data.raw import Faults, RawFile, part_remarks, raw_files, refuse_equal_stems, shown
from stages.data.table import Table
from stages.data.tables import Batch, Column, Record, RecordFile, TableFile, distinct_names
from stages.data.text import normalize_label
from stages.runtime.errors import UserError, listed
from stages.runtime.progress import progress
from stages.runtime.remarks import dropped_rows
from stages.tasks.classification.config import Reading

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("file", pa.string()),
        ("row", pa.int64()),
        ("text", pa.string()),
        ("label", pa.string()),
        ("part", pa.string()),
    ]
)
WEIGHT = pa.field("weight", pa.float64())
LARGEST_WEIGHT = float(np.finfo(np.float32).max)  # training gets weights in single precision
CHOOSING = 10_000  # rows whose hashes are computed at once


class LabelledLines(RecordFile):
    """A text file whose lines are texts, and whose name is their label."""

    KEYS = frozenset({"encoding"})
    FORMAT, ENDINGS = "text", (".txt",)

    def __init__(self, file: RawFile[TableReading]) -> None:
        super().__init__(file)
        assert isinstance(self.reading, Reading)
        self._columns = [self.reading.text, self.reading.label]
        if file.part is not None:
            raise UserError(
                f"{self.path}: in the format 'text' a file's name is its label, and '{file.stem}' is the name of a "
                f"part: rename the file to its label, or set {file.key('format')} to a format with a column of labels"
            )
        self.text = open_lines(file)
        self.encoding, self.guessed = self.text.encoding, self.text.guessed

    def names(self, wanted: Sequence[Column] = ()) -> list[str]:
        """Return what the columns are called: as `reading` calls them; see `TableFile.names`."""
        self.check_columns(self._columns, wanted)
        return self._columns

    def records(self, wanted: Sequence[Column]) -> Iterator[Record | None]:
        """Yield each line with the label."""
        self.names(wanted)
        names = distinct_names(wanted)
        for line in self.text.lines():
            values = {self._columns[0]: line, self._columns[1]: self.file.stem}
            yield (len(line), [values[name] for name in names]) if line.strip() else None


class TextArrays(RecordFile):
    """NumPy's `.npz`: the characters of all texts one after the other, their lengths, and their labels."""

    FORMAT, ENDINGS = "npz", (".npz",)

    def __init__(self, file: RawFile[TableReading]) -> None:
        super().__init__(file)
        assert isinstance(self.reading, Reading)
        self._columns, self._arrays = [self.reading.text, self.reading.label], self.reading.arrays

    def names(self, wanted: Sequence[Column] = ()) -> list[str]:
        """Return what the columns are called: as `reading` calls them; see `TableFile.names`."""
        self.check_columns(self._columns, wanted)
        return self._columns

    def records(self, wanted: Sequence[Column]) -> Iterator[Record | None]:
        """Yield each text with its label.

        Raises:
            UserError: the array of values holds no characters.
        """
        self.names(wanted)
        names = distinct_names(wanted)
        characters, lengths, labels = read_arrays(self.file, self._arrays)
        if characters.dtype.kind != "U" or characters.ndim != 1:
            held = f"{characters.dtype} {characters.shape}"
            raise UserError(f"{self.path}: the array '{self._arrays.values}' must hold characters, but holds {held}")
        ends = np.cumsum(lengths)
        for start, end, label in zip(ends - lengths, ends, labels.tolist(), strict=True):
            values = {self._columns[0]: "".join(characters[start:end].tolist()), self._columns[1]: label}
            yield (int(end - start), [values[name] for name in names])


def read(dataset: Dataset, reading: Reading) -> Table:
    """Read a dataset's raw files.

    Args:
        dataset: its folder of raw files holds nothing else.
        reading: how the files are to be read.

    Raises:
        UserError: a file cannot be read as `reading` says, or there are fewer than two labels.
    """
    raw = raw_files(dataset, reading)
    refuse_equal_stems(raw)
    files, tables, rated, labels = [], [], 0, Labels()
    dropped: Counter[str] = Counter()
    for file in progress(raw, desc="read", unit="file"):
        table = open_table(file, (*FORMATS, LabelledLines, TextArrays))
        tables += _FileRows(table, reading, labels).read()
        rated += table.rows
        dropped["blank line"] += table.blank_lines
        files.append(table.account())
    schema = SCHEMA if reading.weight is None else SCHEMA.append(WEIGHT)
    rows = pa.concat_tables([schema.empty_table(), *tables])
    dropped["rating is zero"] = rated - rows.num_rows
    if reading.rows is not None:
        chosen = choose_rows(rows, reading.rows)
        dropped["beyond reading.rows"] = rows.num_rows - chosen.num_rows
        rows = chosen
    counts = {reason: count for reason, count in sorted(dropped.items()) if count}
    check_labels(dataset, {*pc.unique(rows["label"]).to_pylist()} - {None, ""}, counts)
    return Table(
        rows=rows.combine_chunks(),
        files=files,
        rows_read=rated + dropped["blank line"],
        rows_dropped=counts,
        remarks=[*part_remarks(raw), *labels.remarks()],
    )


class Labels:
    """Labels as texts, those that look the same made one; remembers what was given."""

    def __init__(self) -> None:
        self._given: dict[str, str] = {}  # as it stands in a file → as it is read

    def read(self, value: Any) -> str | None:
        """Return a label; None if it is missing (null or not-a-number)."""
        given = _plain_label(value)
        if given is None:
            return None
        if given not in self._given:
            self._given[given] = normalize_label(given)
        return self._given[given]

    def remarks(self) -> list[str]:
        """Return what there is to say: which labels were merged, and which differ by case alone."""
        spellings: dict[str, list[str]] = {}
        for given, label in sorted(self._given.items()):
            spellings.setdefault(label, []).append(given)
        merged = [", ".join(map(ascii, given)) for given in spellings.values() if len(given) > 1]
        count = len(self._given) - len(spellings)
        cases: dict[str, list[str]] = {}
        for label in spellings:
            cases.setdefault(label.casefold(), []).append(label)
        alike = [" and ".join(map(repr, sorted(labels))) for labels in cases.values() if len(labels) > 1]
        remarks = [f"{count} label(s) were merged with one that looks the same: {listed(merged)}"] if merged else []
        return remarks + ([f"labels that differ by case alone stay apart: {listed(alike)}"] if alike else [])


class _FileRows:
    """One file's rows with checked values. By the rule 'sign' rows with a rating of zero are left out."""

    def __init__(self, table: TableFile, reading: Reading, labels: Labels) -> None:
        self.table, self.reading, self.file, self.faults = table, reading, table.file, table.faults
        self.labels = labels

    def read(self) -> list[pa.Table]:
        """Return the rows, a table for each batch.

        Raises:
            UserError: with all that is wrong in the file.
        """
        uses = {key: getattr(self.reading, key) for key in ("text", "label", "part", "weight")}
        wanted = [Column(name, key) for key, name in uses.items() if name is not None]
        tables = [self._rows(batch) for batch in self.table.batches(wanted)]
        self.faults.refuse()
        return [table for table in tables if table is not None]

    def _rows(self, batch: Batch) -> pa.Table | None:
        """Return a batch's rows; none if anything is wrong in the file so far."""
        texts = self._texts(batch)
        labels = self._sign_labels(batch) if self.reading.label_rule == "sign" else self._plain_labels(batch)
        parts = read_parts(self.file, self.faults, self.reading.part, batch)
        weights = None if self.reading.weight is None else self._weights(batch, labels, parts)
        if self.faults:
            return None
        name, stem = self.file.path.name, self.file.stem
        columns = [
            pa.array([f"{stem}-{row}" for row in batch.rows], pa.string()),
            pa.repeat(pa.scalar(name, pa.string()), len(batch.rows)),
            pa.array(batch.rows, pa.int64()),
            pa.array(texts, pa.string()),
            pa.array(labels, pa.string()),
            pa.array(parts, pa.string()),
        ]
        schema = SCHEMA
        if weights is not None:
            columns.append(pa.array(weights, pa.float64()))
            schema = SCHEMA.append(WEIGHT)
        rows = pa.Table.from_arrays(columns, schema=schema)
        return rows.filter(pc.is_valid(rows["label"])) if self.reading.label_rule == "sign" else rows

    def _texts(self, batch: Batch) -> list[str | None]:
        values = batch.values(self.reading.text)
        advice = f"fix the file, or choose another column by {self.file.key('text')}"
        for row, value in zip(batch.rows, values, strict=True):
            if not (value is None or isinstance(value, str)):
                problem = f"the column '{self.reading.text}' must hold text, but "
                self.faults.add(problem, advice, f"row {row}: {shown(value)}")
        return values

    def _plain_labels(self, batch: Batch) -> list[str | None]:
        """Return labels as text; a missing one (null or not-a-number) stays null for the expectations to report."""
        values = batch.values(self.reading.label)
        advice = f"fix the file, or choose another column by {self.file.key('label')}"
        for row, value in zip(batch.rows, values, strict=True):
            if not (value is None or isinstance(value, str | int | float)):
                problem = f"the column '{self.reading.label}' must hold text or numbers, but "
                self.faults.add(problem, advice, f"row {row}: {shown(value)}")
        return [self.labels.read(value) for value in values]

    def _sign_labels(self, batch: Batch) -> list[str | None]:
        """Return 'positive', 'negative', or null for zero."""
        problem = f"the column '{self.reading.label}' must hold ratings (numbers), but "
        advice = f"fix the file, {self.file.key('label')}, or label_rule beside it"
        ratings = self._numbers(batch, self.reading.label, problem, advice)
        return ["positive" if rating > 0 else "negative" if rating < 0 else None for rating in ratings]

    def _weights(self, batch: Batch, labels: list[str | None], parts: list[str | None]) -> list[float]:
        """Return how much each text counts, whatever the sign; what trains must count something."""
        name = self.reading.weight
        assert name is not None
        problem = f"the column '{name}' must hold weights (finite numbers), but "
        advice = f"fix the file, or choose another column by {self.file.key('weight')} (null: all texts count alike)"
        weights = [abs(weight) for weight in self._numbers(batch, name, problem, advice, LARGEST_WEIGHT)]
        unrated_train = self.reading.label_rule != "sign"
        for row, weight, label, part in zip(batch.rows, weights, labels, parts, strict=True):
            trains = part in ("train", None) and (unrated_train or label is not None)
            if trains and not np.float32(weight):
                self.faults.add(
                    f"the weight in the column '{name}' is 0 in ",
                    "a text that shall not train has no place in the data; leave its row out, or give it a weight",
                    f"row {row}",
                )
        return weights

    def _numbers(
        self, batch: Batch, name: str, problem: str, advice: str, most: float = sys.float_info.max
    ) -> list[float]:
        """Return a column's values as numbers; those that are none, or of a size beyond the most, are faults."""
        numbers = []
        for row, value in zip(batch.rows, batch.values(name), strict=True):
            try:
                number = float(value)
            except (TypeError, ValueError, OverflowError):  # an integer of 400 digits overflows
                number = math.nan
            if not abs(number) <= most:
                self.faults.add(problem, advice, f"row {row}: {shown(value)}")
            numbers.append(number)
        return numbers


def read_parts(file: RawFile[TableReading], faults: Faults, column: str | None, batch: Batch) -> list[str | None]:
    """Return the parts by the column of parts, in whatever words, and where it is empty by the file's name."""
    if column is None:
        return [file.part] * len(batch.rows)
    values = batch.values(column)
    problem = f"the column '{column}' must hold {', '.join(PARTS)} or nothing, but "
    parts = [part_by_word(str(value)) if value else file.part for value in values]
    for row, value, part in zip(batch.rows, values, parts, strict=True):
        if value and part is None:
            advice = f"fix the file, or set {file.key('part')} to null"
            faults.add(problem, advice, f"row {row}: {shown(value)}")
    return list(parts)


def _plain_label(value: Any) -> str | None:
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return str(int(value)) if value.is_integer() else str(value)
    return value if value is None else str(value)


def choose_rows(rows: pa.Table, limit: int, content: str = "text") -> pa.Table:
    """Keep at most `limit` rows a part, those with the smallest hash of id and content, in their order."""
    hashes: dict[str | None, list[tuple[bytes, int]]] = {}
    number = 0
    for batch in rows.select(["id", content, "part"]).to_batches(CHOOSING):
        for identity, text, part in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            digest = hashlib.sha256(f"{identity}\0{text}".encode()).digest()
            hashes.setdefault(part, []).append((digest, number))
            number += 1
    chosen = [row for members in hashes.values() for _, row in heapq.nsmallest(limit, members)]
    return rows.take(pa.array(sorted(chosen), pa.int64()))


def check_labels(dataset: Dataset, labels: set[str], dropped: Mapping[str, int]) -> None:
    """Refuse data of fewer than two labels.

    Raises:
        UserError: they are so.
    """
    if len(labels) < 2:
        count = f"only one label {min(labels)!r}" if labels else "no label"
        rows = f" (rows: {dropped_rows(dropped)})" if dropped else ""
        raise UserError(
            f"{dataset.raw}: {count}{rows}, but a classifier needs two: fix {dataset.key('reading.label')} in "
            "params.yaml, or the data"
        )
