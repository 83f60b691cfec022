"""Raw files → one tidy table of recordings and what is said; stages/tasks/speech/__init__.py names its columns."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from stages.config.dataset import Dataset
from stages.config.schema import Part
from stages.data.formats import is_table, open_table
from stages.data.raw import RawFile, part_remarks, raw_files
from stages.data.signals.rows import read_rows
from stages.data.signals.signal import Signal, SignalFile
from stages.data.signals.sound import Recording, without_others
from stages.data.table import Table
from stages.data.tables import Column
from stages.runtime.errors import UserError, listed
from stages.tasks.speech.config import Reading

Raw = RawFile[Reading]
COLUMNS = ("target", "speaker")
EMPTY, UNNAMED = "nothing is said", "no row of the table names it"
MISSING = "name no recording: add the files, or remove the rows"
AMBIGUOUS = "name several recordings: give their paths, with their endings"
TWICE = "name a recording again: keep one row for each"


class Transcript(NamedTuple):
    """What a table says of a recording."""

    target: str
    speaker: str | None
    part: Part | None  # that the table is, by its name


def read(dataset: Dataset, reading: Reading) -> Table:
    """Read a dataset's raw files.

    Raises:
        UserError: a file cannot be read as `reading` says, rows of a table name no recording, or nothing is left.
    """
    every = raw_files(dataset, reading, subfolders=True)
    transcripts, tables = _transcripts(every)
    raw, remarks = without_others([file for file in every if file not in tables])
    if reading.speaker is not None and not tables:
        raise UserError(f"{dataset.key('reading.speaker')}: no table lies beside the recordings that would name them")
    dropped: Counter[str] = Counter()

    def meaning(file: SignalFile, signal: Signal) -> Mapping[str, str | None] | None:
        known = transcripts.get(file.file.place) if tables else _labelled(signal)
        text = "" if known is None else " ".join(known.target.split())
        if known is None or not text:
            dropped[UNNAMED if known is None else EMPTY] += 1
            return None
        return {"target": text, "speaker": known.speaker, "part": known.part or signal.part}

    if not tables and any(file.path.suffix.lower() in Recording.ENDINGS for file in raw):
        remarks.append("no table lies among the recordings: each says what its folder is called")
    if tables:
        raw = [replace(file, reading=file.reading.of_recordings()) for file in raw]
    rows = read_rows(dataset, raw, COLUMNS, meaning, labelled=not tables)
    if not rows.table.num_rows:
        raise UserError(f"{dataset.raw} holds no recording of which it is said what it says ({dict(dropped)})")
    return Table(rows.table, rows.files, rows.signals, dict(dropped), remarks=[*remarks, *part_remarks(tables or raw)])


def _labelled(signal: Signal) -> Transcript:
    """Return what a signal says by its label; a label that is missing, or not-a-number, says nothing."""
    return Transcript(_text(signal.label), None, signal.part)


def _text(value: Any) -> str:
    """Return a value as text, a whole number without its point; nothing for what is missing, or not-a-number."""
    if value is None or value != value:
        return ""
    whole = isinstance(value, float) and value.is_integer()
    return " ".join(str(int(value) if whole else value).split())


def _transcripts(files: Sequence[Raw]) -> tuple[dict[Path, Transcript], list[Raw]]:
    """Return what the tables beside recordings say, by the recording's place, and the tables.

    Raises:
        UserError: with all rows that name no recording, several, or one that was named before.
    """
    recordings = [file for file in files if file.path.suffix.lower() in Recording.ENDINGS]
    tables = [file for file in files if is_table(file.path)] if recordings else []
    places = _Places([file.place for file in recordings])
    known: dict[Path, Transcript] = {}
    faults: dict[str, list[str]] = {MISSING: [], AMBIGUOUS: [], TWICE: []}
    for file in tables:
        for row, name, transcript in _rows(file):
            meant = places.meant(PurePosixPath(name.replace("\\", "/")), file.place.parent)
            if len(meant) == 1 and not meant & known.keys():
                known |= dict.fromkeys(meant, transcript)
            else:
                fault = MISSING if not meant else AMBIGUOUS if len(meant) > 1 else TWICE
                faults[fault].append(f"{file.path} row {row}: {name}")
    if lines := [f"row(s) {listed(rows)} {fault}" for fault, rows in faults.items() if rows]:
        raise UserError("\n".join(lines))
    return known, tables


def _rows(file: Raw) -> list[tuple[int, str, Transcript]]:
    """Return a table's rows: number, the recording that it names, and what it says of it."""
    reading = file.reading
    keys = {"recording": reading.recording, "label": reading.label, "speaker": reading.speaker}
    wanted = [Column(name, key) for key, name in keys.items() if name is not None]
    table, rows = open_table(file), []
    for batch in table.batches(wanted):
        texts = {key: batch.values(name) for key, name in keys.items() if name is not None}
        for place, row in enumerate(batch.rows):
            value = {key: _text(column[place]) for key, column in texts.items()}
            if reading.speaker is not None and not value["speaker"].strip():
                table.faults.add("no speaker is named in rows ", "fill them in", str(row))
            rows.append((row, value["recording"], Transcript(value["label"], value.get("speaker"), file.part)))
    table.faults.refuse()
    return rows


class _Places:
    """Recordings by what a table may call them."""

    def __init__(self, places: Sequence[Path]) -> None:
        self._by: list[dict[str, set[Path]]] = [{}, {}, {}, {}]
        for place in places:
            names = (place.as_posix(), place.with_suffix("").as_posix(), place.name, place.stem)
            for known, name in zip(self._by, names, strict=True):
                known.setdefault(name, set()).add(place)

    def meant(self, name: PurePosixPath, folder: Path) -> set[Path]:
        """Return what is meant by a name in a table of some folder, at best one recording.

        A path from the table's folder comes first, then one from the raw files', then a name wherever it lies; each
        of them with its ending before it without.
        """
        paths, paths_without, names, stems = self._by
        for known, asked in (
            (paths, folder / name),
            (paths_without, folder / name),
            (paths, name),
            (paths_without, name),
            (names, name),
            (stems, name),
        ):
            if places := known.get(asked.as_posix()):
                return places
        return set()
