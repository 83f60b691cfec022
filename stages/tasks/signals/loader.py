"""Raw files → one tidy table of signals and labels; stages/tasks/signals/__init__.py names its columns."""

import pyarrow.compute as pc

from stages.config.dataset import Dataset
from stages.config.reading import SignalReading
from stages.data.raw import part_remarks, raw_files
from stages.data.signals.rows import read_rows
from stages.data.signals.sound import without_others
from stages.data.table import Table
from stages.tasks.classification.loader import Labels, check_labels


def read(dataset: Dataset, reading: SignalReading) -> Table:
    """Read a dataset's raw files.

    Args:
        dataset: its folder of raw files holds nothing else.
        reading: how the files are to be read.

    Raises:
        UserError: a file cannot be read as `reading` says, or there are fewer than two labels.
    """
    raw, remarks = without_others(raw_files(dataset, reading, subfolders=True))
    labels = Labels()
    rows = read_rows(dataset, raw, ("label",), lambda _, signal: {"label": labels.read(signal.label)})
    check_labels(dataset, {*pc.unique(rows.table["label"]).to_pylist()} - {None, ""}, {})
    return Table(rows.table, rows.files, rows.signals, {}, remarks=[*remarks, *part_remarks(raw), *labels.remarks()])
