"""CSV and TSV: every value stays text, and every record has as many fields as there are columns."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, ClassVar

from stages.config.reading import TableReading
from stages.data.encoding import TextFile
from stages.data.formats.lines import open_lines
from stages.data.raw import RawFile
from stages.data.tables import Batch, BatchBuilder, Column, TableFile, distinct_names

if TYPE_CHECKING:
    from _csv import Reader

LONGEST_FIELD = 1 << 26  # characters
PIECE = 100  # records that are looked at together
DELIMITERS = ",;\t|"


class Delimited(TableFile):
    """A text file of records whose fields are separated by a character."""

    KEYS = frozenset({"encoding", "delimiter", "columns", "quotes", "skip_rows"})
    DELIMITER: ClassVar[str]
    QUOTES: ClassVar[bool]

    def __init__(self, file: RawFile[TableReading]) -> None:
        super().__init__(file)
        self.text: TextFile = open_lines(file)
        self.encoding, self.guessed = self.text.encoding, self.text.guessed
        self.delimiter = self.reading.delimiter or self.DELIMITER
        self.quotes = self.QUOTES if self.reading.quotes is None else self.reading.quotes

    def names(self, wanted: Sequence[Column] = ()) -> list[str]:
        """Return the names in the header, or those of `reading.columns`; see `TableFile.names`."""
        self._refuse_another_header({column.name for column in wanted})
        with self.text.open(newline="") as stream:
            names = self._header(self._fields(stream))
        self.faults.refuse()
        self.check_columns(names, wanted)
        return names

    def batches(self, wanted: Sequence[Column]) -> Iterator[Batch]:
        """Yield the records in batches; see `TableFile.batches`."""
        names = self.names(wanted)
        places = [names.index(name) for name in distinct_names(wanted)]
        builder = BatchBuilder(distinct_names(wanted))
        with self.text.open(newline="") as stream:
            records = self._fields(stream)
            self._header(records, self.reading.skip_rows)
            for line, piece in self._pieces(records):
                rows, complete = self._complete(line, piece, len(names))
                builder.add(rows, (map(itemgetter(place), complete) for place in places), _size(complete))
                if builder.full:
                    yield builder.batch()
        if builder.rows:
            yield builder.batch()
        self.note_if_empty()

    def _complete(self, line: int, piece: list[list[str]], width: int) -> tuple[Sequence[int], list[list[str]]]:
        """Return the records that have all fields, with their numbers; count blank lines and note the others."""
        begin = self.rows + 1
        if set(map(len, piece)) == {width}:
            self.rows += len(piece)
            return range(begin, self.rows + 1), piece
        rows, complete = [], []
        for fields in piece:
            if len(fields) != width and not any(map(str.strip, fields)):
                self.blank_lines += 1
            else:
                self.rows += 1
                if len(fields) == width:
                    rows.append(self.rows)
                    complete.append(fields)
                else:
                    self._note_ragged(self.rows, line, fields, width)
            line += _lines(fields)
        return rows, complete

    def header_advice(self) -> str:
        """Return how a file without a header is read."""
        columns = self.file.key("columns")
        return f", or set {columns} if the file has no header" if self.reading.columns is None else f", or {columns}"

    def _header(self, records: "Reader", skip_rows: int = 0) -> list[str]:
        """Return the names of the columns, with the records gone past that are no data."""
        names: Sequence[str] | None = self.reading.columns
        try:
            if names is None:
                names = next((fields for fields in records if any(map(str.strip, fields))), [])
            for _ in range(skip_rows):
                next(records, None)
        except csv.Error as error:
            self._note_broken(records.line_num, error)
        return list(names or ())

    def _refuse_another_header(self, wanted: set[str]) -> None:
        """Refuse a header that has the wanted columns if it is separated otherwise, or if its quotes count."""
        if not wanted or self.reading.columns is not None:
            return
        with self.text.open() as stream:
            header = next(line.strip() for line in stream if line.strip())
        marks = (self.delimiter, *DELIMITERS)
        fitting = [mark for mark in marks if wanted <= {name.strip('"') for name in header.split(mark)}]
        if fitting and self.delimiter not in fitting:
            problem = f"the header is separated by {fitting[0]!r}, not by {self.delimiter!r}"
            self.faults.add(problem, f"set {self.file.key('delimiter')} to {json.dumps(fitting[0])}")
        elif fitting and not self.quotes and not wanted <= set(header.split(self.delimiter)):
            self.faults.add("the header's names stand in quotes", f"set {self.file.key('quotes')} to true")
        self.faults.refuse()

    def _note_ragged(self, row: int, line: int, fields: list[str], width: int) -> None:
        keys = f"{self.file.key('format')} ({self.FORMAT} now), delimiter, quotes and columns beside it"
        if not self.quotes and any(field.startswith('"') for field in fields):
            advice = f"if fields stand in double quotes, set {self.file.key('quotes')} to true; else fix these rows"
        elif len(fields) > width:
            advice = (
                "rows have more fields than the header: is there a decimal comma, or a delimiter at their end? "
                f"Fix these rows, or look at {keys}"
            )
        else:
            advice = f"fix these rows, or look at {keys}"
        self.faults.add(f"{width} fields a row expected, but ", advice, f"row {row} (line {line}) has {len(fields)}")

    def _fields(self, stream: io.TextIOWrapper) -> "Reader":
        csv.field_size_limit(LONGEST_FIELD)
        return csv.reader(
            stream,
            delimiter=self.delimiter,
            quoting=csv.QUOTE_MINIMAL if self.quotes else csv.QUOTE_NONE,
            strict=True,
        )

    def _pieces(self, records: "Reader") -> Iterator[tuple[int, list[list[str]]]]:
        """Yield a few records at a time, with the line that they begin in; a blank line is an empty record."""
        while True:
            line = records.line_num + 1
            piece: list[list[str]] = []
            try:
                piece.extend(islice(records, PIECE))  # keeps what comes before an error
            except csv.Error as error:
                self._note_broken(line + sum(map(_lines, piece)), error)
            if piece:
                yield line, piece
            if len(piece) < PIECE:
                return

    def _note_broken(self, line: int, error: csv.Error) -> None:
        self.faults.add(
            f"the record that begins in line {line} cannot be read ({error})",
            "double the quotes inside a quoted field and close it, or set "
            f"{self.file.key('quotes')} to false if quotes are plain text",
        )


def _lines(fields: list[str]) -> int:
    """Return how many lines a record takes: a quoted field may hold ends of lines."""
    text = "".join(fields)
    return 1 + text.count("\n") + text.count("\r") - text.count("\r\n")


def _size(records: list[list[str]]) -> int:
    return sum(map(len, map("".join, records)))


class Csv(Delimited):
    """Comma-separated values, RFC 4180."""

    FORMAT, ENDINGS = "csv", (".csv",)
    DELIMITER, QUOTES = ",", True


class Tsv(Delimited):
    """Tab-separated values, in which quotes are plain text unless `reading.quotes` says otherwise."""

    FORMAT, ENDINGS = "tsv", (".tsv", ".tab")
    DELIMITER, QUOTES = "\t", False
