"""JSON Lines: an object a line; a name that an object lacks is null."""

import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

from stages.config.reading import TableReading
from stages.data.formats.lines import open_lines
from stages.data.raw import RawFile
from stages.data.tables import UNREADABLE, Column, Record, RecordFile, distinct_names


class JsonLines(RecordFile):
    """A text file of JSON objects."""

    KEYS = frozenset({"encoding"})
    FORMAT, ENDINGS = "jsonl", (".jsonl", ".ndjson")

    def __init__(self, file: RawFile[TableReading]) -> None:
        super().__init__(file)
        self.text = open_lines(file)
        self.encoding, self.guessed = self.text.encoding, self.text.guessed

    def names(self, wanted: Sequence[Column] = ()) -> list[str]:
        """Return the names of all objects, which takes reading them all; see `TableFile.names`."""
        names: dict[str, None] = {}
        with self.text.open() as stream:
            for line in stream:
                if line.strip():
                    names |= dict.fromkeys(self._object(line) or ())
        self.check_columns(list(names), wanted)
        return list(names)

    def records(self, wanted: Sequence[Column]) -> Iterator[Record | None]:
        """Yield each object's wanted values."""
        names: dict[str, None] = {}
        with self.text.open() as stream:
            yield from self._records(stream, distinct_names(wanted), names)
        if not self.faults:
            self.check_columns(list(names), wanted)

    def _records(self, stream: io.TextIOWrapper, wanted: list[str], names: dict[str, None]) -> Iterator[Record | None]:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                yield None
                continue
            try:
                record = _json_object(line)
            except (ValueError, RecursionError) as error:
                advice = f"fix it, or set {self.file.key('format')}"
                self.faults.add("what stands in these lines is not a JSON object: ", advice, f"line {number} ({error})")
                yield UNREADABLE
                continue
            names |= dict.fromkeys(record)
            yield len(line), [record.get(name) for name in wanted]

    def _object(self, line: str) -> dict[str, Any] | None:
        """Return a line's object; one that is none is noted when records are read."""
        try:
            return _json_object(line)
        except (ValueError, RecursionError):
            return None


def _json_object(line: str) -> dict[str, Any]:
    record = json.loads(line, parse_constant=_refuse_constant, object_pairs_hook=_distinct)
    if not isinstance(record, dict):
        raise ValueError(f"it is a {type(record).__name__}")  # noqa: TRY004 - said to the user as invalid content
    if "\\u" in line:  # half of a surrogate pair is no text: it cannot be encoded
        json.dumps(record, ensure_ascii=False).encode()
    return record


def _refuse_constant(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON number")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; a name that stands twice in it is refused: which value counts would be a guess."""
    record = dict(pairs)
    if len(record) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"it has the name '{next(name for name in names if names.count(name) > 1)}' twice")
    return record
