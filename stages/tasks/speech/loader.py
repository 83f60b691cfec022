"""Raw files → one tidy table of recordings and what is said; stages/tasks/speech/__init__.py names its columns."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from stages.config.dataset import Dataset
from stages.data.beside import Columns, Row, as_text, is_of, read_tables, table_files
from stages.data.raw import part_remarks, raw_files
from stages.data.signals.rows import read_rows
from stages.data.signals.signal import Signal, SignalFile
from stages.data.signals.sound import Recording, without_others
from stages.data.table import Table
from stages.runtime.errors import UserError
from stages.tasks.speech.config import Reading

COLUMNS = ("target", "speaker")
OF_TABLES = Columns("recording", "label", "speaker")
EMPTY, UNNAMED = "nothing is said", "no row of the table names it"


def read(dataset: Dataset, reading: Reading) -> Table:
    """Read a dataset's raw files.

    Raises:
        UserError: a file cannot be read as `reading` says, rows of a table name no recording, or nothing is left.
    """
    every = raw_files(dataset, reading, subfolders=True)
    tables = table_files(every, Recording.ENDINGS)
    transcripts = read_tables(tables, [file for file in every if is_of(file, Recording.ENDINGS)], OF_TABLES)
    raw, remarks = without_others([file for file in every if file not in tables])
    if reading.speaker is not None and not tables:
        raise UserError(f"{dataset.key('reading.speaker')}: no table lies beside the recordings that would name them")
    dropped: Counter[str] = Counter()

    def meaning(file: SignalFile, signal: Signal) -> Mapping[str, str | None] | None:
        rows = transcripts.get(file.file.place, []) if tables else [Row(as_text(signal.label), None, None)]
        if not rows or not rows[0].said:
            dropped[EMPTY if rows else UNNAMED] += 1
            return None
        return {"target": rows[0].said, "speaker": rows[0].group, "part": rows[0].part or signal.part}

    if not tables and any(is_of(file, Recording.ENDINGS) for file in raw):
        remarks.append("no table lies among the recordings: each says what its folder is called")
    if tables:
        raw = [replace(file, reading=file.reading.of_recordings()) for file in raw]
    rows = read_rows(dataset, raw, COLUMNS, meaning, labelled=not tables)
    if not rows.table.num_rows:
        raise UserError(f"{dataset.raw} holds no recording of which it is said what it says ({dict(dropped)})")
    return Table(rows.table, rows.files, rows.signals, dict(dropped), remarks=[*remarks, *part_remarks(tables or raw)])
