"""Raw files → one tidy table of recordings and what is said; stages/tasks/speech/__init__.py names its columns."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

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
        known = _find(transcripts, file.file.place) if tables else _labelled(signal)
        text = "" if known is None else " ".join(known.target.split())
        if known is None or not text:
            dropped[UNNAMED if known is None else EMPTY] += 1
            return None
        return {"target": text, "speaker": known.speaker, "part": known.part}

    rows = read_rows(dataset, raw, COLUMNS, meaning, labelled=not tables)
    if not rows.table.num_rows:
        raise UserError(f"{dataset.raw} holds no recording of which it is said what it says ({dict(dropped)})")
    return Table(rows.table, rows.files, rows.signals, dict(dropped), remarks=[*remarks, *part_remarks(tables or raw)])


def _labelled(signal: Signal) -> Transcript:
    """Return what a signal says by its label; a label that is missing, or not-a-number, says nothing."""
    missing = signal.label is None or signal.label != signal.label
    return Transcript("" if missing else str(signal.label), None, signal.part)


def _transcripts(files: Sequence[Raw]) -> tuple[dict[str, Transcript], list[Raw]]:
    """Return what the tables beside recordings say, by the file that they name, and the tables.

    Raises:
        UserError: with all rows that name no recording, or name one twice.
    """
    recordings = [file for file in files if file.path.suffix.lower() in Recording.ENDINGS]
    tables = [file for file in files if is_table(file.path)] if recordings else []
    names = {name for file in recordings for name in _names(file.place)}
    known: dict[str, Transcript] = {}
    missing: list[str] = []
    twice: list[str] = []
    for file in tables:
        for row, name, transcript in _rows(file):
            key = PurePosixPath(name).as_posix()
            place = f"{file.path} row {row}: {name}"
            (missing if key not in names else twice if key in known else []).append(place)
            known[key] = transcript
    lines = [f"row(s) name no recording: {listed(missing)}: add the files, or remove the rows"] * bool(missing)
    lines += [f"row(s) name a recording again: {listed(twice)}: keep one of them"] * bool(twice)
    if lines:
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
            value = {key: "" if column[place] is None else str(column[place]) for key, column in texts.items()}
            if reading.speaker is not None and not value["speaker"].strip():
                table.faults.add("no speaker is named in rows ", "fill them in", str(row))
            rows.append((row, value["recording"], Transcript(value["label"], value.get("speaker"), file.part)))
    table.faults.refuse()
    return rows


def _names(place: Path) -> list[str]:
    """Return by what a table may name a recording: its path, its name, and both without the ending."""
    return [place.as_posix(), place.name, place.with_suffix("").as_posix(), place.stem]


def _find(transcripts: Mapping[str, Transcript], place: Path) -> Transcript | None:
    return next((transcripts[name] for name in _names(place) if name in transcripts), None)
