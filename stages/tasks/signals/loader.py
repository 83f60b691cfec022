"""Raw files → one tidy table of signals and labels; stages/tasks/signals/__init__.py names its columns."""

import hashlib
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stages.config.dataset import Dataset
from stages.config.reading import SignalReading
from stages.data.raw import part_remarks, raw_files, refuse_equal_stems
from stages.data.signals import open_signals
from stages.data.signals.signal import Signal, SignalFile
from stages.data.signals.sound import Recording
from stages.data.table import Table
from stages.runtime.errors import UserError
from stages.runtime.progress import progress
from stages.tasks.classification.loader import Labels

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("file", pa.string()),
        ("row", pa.int64()),
        ("label", pa.string()),
        ("part", pa.string()),
        ("steps", pa.int64()),
        ("channels", pa.int64()),
        ("lowest", pa.float64()),
        ("highest", pa.float64()),
        ("content", pa.string()),
        ("values", pa.list_(pa.float64())),
    ]
)
BATCH = 1_000  # signals


def read(dataset: Dataset, reading: SignalReading) -> Table:
    """Read a dataset's raw files.

    Args:
        dataset: its folder of raw files holds nothing else.
        reading: how the files are to be read.

    Raises:
        UserError: a file cannot be read as `reading` says, or there are fewer than two labels.
    """
    raw = raw_files(dataset, reading, subfolders=True)
    files, tables, count, labels = [], [], 0, Labels()
    for file in progress(raw, desc="read", unit="file"):
        signals = open_signals(file)
        if not isinstance(signals, Recording):
            refuse_equal_stems(raw)
        tables += list(_tables(signals, labels))
        count += signals.count
        files.append(signals.account())
    rows = pa.concat_tables([SCHEMA.empty_table(), *tables])
    _check(rows, dataset)
    return Table(rows.combine_chunks(), files, count, {}, remarks=[*part_remarks(raw), *labels.remarks()])


def _tables(file: SignalFile, labels: Labels) -> Iterator[pa.Table]:
    """Yield a file's signals as tables.

    Raises:
        UserError: with all that is wrong in the file.
    """
    rows = []
    for signal in file.signals():
        rows.append(_row(file, signal, labels))
        if len(rows) == BATCH:
            yield pa.Table.from_pylist(rows, SCHEMA)
            rows = []
    file.faults.refuse()
    yield pa.Table.from_pylist(rows, SCHEMA)


def _row(file: SignalFile, signal: Signal, labels: Labels) -> dict[str, object]:
    values = signal.values
    if file.reading.gaps == "interpolate":
        values = interpolated(values)
    finite = bool(np.isfinite(values).all()) and values.size > 0
    if values.size and not finite:
        problem = "signals have values that are missing or not finite: "
        advice = f"mend them, or set {file.file.key('gaps')} to interpolate"
        file.faults.add(problem, advice, f"signal {signal.row}")
    place = file.file.place
    name = file.file.stem if len(place.parts) == 1 else place.as_posix()
    return {
        "id": name if isinstance(file, Recording) else f"{name}-{signal.row}",
        "file": place.as_posix(),
        "row": signal.row,
        "label": labels.read(signal.label),
        "part": signal.part,
        "steps": len(values),
        "channels": values.shape[1],
        "lowest": float(values.min()) if finite else None,
        "highest": float(values.max()) if finite else None,
        "content": content_hash(values),
        "values": values.ravel(),
    }


def interpolated(values: np.ndarray) -> np.ndarray:
    """Return values (T, F) with gaps drawn as lines from the value before to that after, or held at the ends.

    A channel without any value stays missing.
    """
    filled, steps = values.copy(), np.arange(len(values))
    for channel in filled.T:
        known = np.isfinite(channel)
        if known.any() and not known.all():
            channel[~known] = np.interp(steps[~known], steps[known], channel[known])
    return filled


def content_hash(values: np.ndarray) -> str:
    """Return 32 hexadecimal digits that two signals (T, F) share if they are the same."""
    digest = hashlib.sha256(repr(values.shape).encode())
    digest.update((values + 0.0).tobytes())  # −0 is 0
    return digest.hexdigest()[:32]


def _check(rows: pa.Table, dataset: Dataset) -> None:
    """Refuse signals of different channels, or of one label.

    Raises:
        UserError: they are so.
    """
    channels = pc.value_counts(rows["channels"]).to_pylist()
    if len(channels) > 1:
        counts = ", ".join(f"{each['counts']} of {each['values']}" for each in channels)
        raise UserError(
            f"{dataset.raw}: signals have different numbers of channels ({counts}): they must have the same"
        )
    labels = {*pc.unique(rows["label"]).to_pylist()} - {None, ""}
    if len(labels) < 2:
        count = f"only one label {min(labels)!r}" if labels else "no label"
        raise UserError(
            f"{dataset.raw}: {count}, but a classifier needs two: fix {dataset.key('reading')} in params.yaml"
        )
