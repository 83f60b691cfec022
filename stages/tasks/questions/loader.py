"""Raw files → one tidy table of questions.

| column | type | meaning |
|---|---|---|
| id | string | `<file's stem>-<row>`, unique and stable |
| file | string | the raw file's name |
| row | int64 | the record in that file, counted from 1; header and blank lines do not count |
| story | string | what is asked about, a sentence a line |
| question | string | on one line |
| label | string | the answer; numbers as text, answers that look the same are one |
| kind | string | of the question, null where none is named |
| facts | list of int64 | the numbers, from 1, of the sentences that the answer rests on; null where not known |
| part | string | train, validation or test where the source says so, else null |
| replayed | string | the answer worked out again, by `reading.replay`; else there is no such column |
"""

import re
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stages.config.dataset import Dataset
from stages.data.formats import open_table
from stages.data.raw import part_remarks, raw_files, refuse_equal_stems, shown
from stages.data.table import Table
from stages.data.tables import Batch, Column, TableFile
from stages.runtime.progress import progress
from stages.tasks.classification.loader import Labels, check_labels, choose_rows, read_parts
from stages.tasks.questions.config import Reading
from stages.tasks.questions.replay import replay

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("file", pa.string()),
        ("row", pa.int64()),
        ("story", pa.string()),
        ("question", pa.string()),
        ("label", pa.string()),
        ("kind", pa.string()),
        ("facts", pa.list_(pa.int64())),
        ("part", pa.string()),
    ]
)
REPLAYED = pa.field("replayed", pa.string())
SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])|[\r\n]+")
SYNTHETIC = "these texts, questions and answers are synthetic: a generator made them, no person wrote them"
USES = ("text", "question", "label", "kind", "facts", "part")  # keys of reading that name columns


def read(dataset: Dataset, reading: Reading) -> Table:
    """Read a dataset's raw files.

    Raises:
        UserError: a file cannot be read as `reading` says, or there are fewer than two answers.
    """
    raw = raw_files(dataset, reading)
    refuse_equal_stems(raw)
    files, tables, rows_read, labels = [], [], 0, Labels()
    dropped: Counter[str] = Counter()
    for file in progress(raw, desc="read", unit="file"):
        table = open_table(file)
        tables += _FileRows(table, reading, labels).read()
        rows_read += table.rows + table.blank_lines
        dropped["blank line"] += table.blank_lines
        files.append(table.account())
    schema = SCHEMA.append(REPLAYED) if reading.replay else SCHEMA
    rows = pa.concat_tables([schema.empty_table(), *tables])
    if reading.rows is not None:
        chosen = choose_rows(rows, reading.rows, "story")
        dropped["beyond reading.rows"] = rows.num_rows - chosen.num_rows
        rows = chosen
    counts = {reason: count for reason, count in sorted(dropped.items()) if count}
    check_labels(dataset, {*pc.unique(rows["label"]).to_pylist()} - {None, ""}, counts)
    remarks = [SYNTHETIC] if reading.replay else []
    remarks += [*part_remarks(raw), *labels.remarks()]
    return Table(rows.combine_chunks(), files, rows_read, counts, remarks=remarks)


def sentences(text: str) -> list[str]:
    """Return a text's sentences, spaces made one: each line has one or more of them."""
    return [" ".join(piece.split()) for piece in SENTENCE_END.split(text) if piece.strip()]


class _FileRows:
    """One file's rows with checked values."""

    def __init__(self, table: TableFile, reading: Reading, labels: Labels) -> None:
        self.table, self.reading, self.labels, self.kinds = table, reading, labels, Labels()
        self.file, self.faults = table.file, table.faults

    def read(self) -> list[pa.Table]:
        """Return the rows, a table for each batch.

        Raises:
            UserError: with all that is wrong in the file.
        """
        names = {key: getattr(self.reading, key) for key in USES}
        wanted = [Column(name, key) for key, name in names.items() if name is not None]
        tables = [self._rows(batch) for batch in self.table.batches(wanted)]
        self.faults.refuse()
        return [table for table in tables if table is not None]

    def _rows(self, batch: Batch) -> pa.Table | None:
        """Return a batch's rows; none if anything is wrong in the file so far."""
        stories = self._checked(batch, "text", "text, or a list of sentences, none of them blank", _story)
        questions = self._checked(batch, "question", "text", _line)
        labels = self._checked(batch, "label", "text or numbers", partial(_label, self.labels))
        none = [None] * len(batch.rows)
        kinds = (
            none
            if self.reading.kind is None
            else self._checked(batch, "kind", "text or numbers", partial(_label, self.kinds))
        )
        facts = none if self.reading.facts is None else self._facts(batch, stories)
        parts = read_parts(self.file, self.faults, self.reading.part, batch)
        if self.faults:
            return None
        rows: dict[str, Any] = {
            "id": [f"{self.file.stem}-{row}" for row in batch.rows],
            "file": [self.file.path.name] * len(batch.rows),
            "row": batch.rows,
            "story": stories,
            "question": questions,
            "label": labels,
            "kind": kinds,
            "facts": facts,
            "part": parts,
        }
        if not self.reading.replay:
            return pa.table(rows, schema=SCHEMA)
        rows["replayed"] = [
            replay((story or "").split("\n"), question or "")
            for story, question in zip(stories, questions, strict=True)
        ]
        return pa.table(rows, schema=SCHEMA.append(REPLAYED))

    def _checked(self, batch: Batch, key: str, kind: str, read: Callable[[Any], str | None]) -> list[str | None]:
        """Return a column's values as `read` makes them, which raises TypeError where one is not of its kind."""
        name, results = getattr(self.reading, key), []
        advice = f"fix the file, or choose another column by {self.file.key(key)}"
        for row, value in zip(batch.rows, batch.values(name), strict=True):
            try:
                results.append(read(value))
            except TypeError:
                results.append(None)
                self.faults.add(f"the column '{name}' must hold {kind}, but ", advice, f"row {row}: {shown(value)}")
        return results

    def _facts(self, batch: Batch, stories: list[str | None]) -> list[list[int] | None]:
        """Return the numbers of the sentences that answers rest on; each story has so many."""
        name, results = self.reading.facts, list[list[int] | None]()
        assert name is not None
        advice = f"fix the file, or set {self.file.key('facts')} to null"
        for row, value, story in zip(batch.rows, batch.values(name), stories, strict=True):
            most = len((story or "").split("\n"))
            try:
                facts = _numbers(value)
            except (TypeError, ValueError):
                facts = [0]
            if facts and not all(1 <= fact <= most for fact in facts):
                problem = f"the column '{name}' must hold numbers of sentences, from 1 to as many as there are, but "
                self.faults.add(problem, advice, f"row {row}, of {most}: {shown(value)}")
            results.append(facts)
        return results


def _label(labels: Labels, value: Any) -> str | None:
    if not (value is None or isinstance(value, str | int | float)):
        raise TypeError
    return labels.read(value)


def _story(value: Any) -> str | None:
    """Return a story, a sentence a line; a list's members stay one each, so that facts count them as they stand."""
    if isinstance(value, list | tuple) and all(isinstance(item, str) and item.strip() for item in value):
        return "\n".join(" ".join(item.split()) for item in value)
    if not (value is None or isinstance(value, str)):
        raise TypeError
    return value if value is None else "\n".join(sentences(value))


def _line(value: Any) -> str | None:
    if not (value is None or isinstance(value, str)):
        raise TypeError
    return value if value is None else " ".join(value.split())


def _numbers(value: Any) -> list[int] | None:
    if value is None or value != value or value == "":  # not-a-number is not itself
        return None
    items = value if isinstance(value, list | tuple) else re.split(r"[\s,;]+", str(value).strip("[] "))
    numbers = [float(item) for item in items if item != ""]  # of a column with gaps, pandas makes 1.0 of 1
    if not all(number.is_integer() for number in numbers):
        raise ValueError
    return [int(number) for number in numbers]
