"""Raw files of signals → a tidy table with a row for each.

What a signal means, such as its label, is a column of the task's own.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stages.config.dataset import Dataset
from stages.config.reading import SignalReading
from stages.data.raw import RawFile, refuse_equal_stems
from stages.data.signals import open_signals
from stages.data.signals.long_table import LongTable
from stages.data.signals.signal import Signal, SignalFile
from stages.data.signals.sound import Recording
from stages.runtime.errors import UserError, listed
from stages.runtime.progress import progress

BATCH = 1_000  # signals
LARGEST = 1e30  # of a value: training reads single precision, and squares it
Meaning = Callable[[SignalFile, Signal], Mapping[str, str | None] | None]  # None: the signal is to be left out


class SignalRows(NamedTuple):
    """What some files hold."""

    table: pa.Table
    files: list[dict[str, Any]]  # an account of each
    signals: int  # that were read, those left out among them


def schema(columns: Sequence[str]) -> pa.Schema:
    """Return the columns of a table of signals. `columns`: the task's own, texts."""
    before = [("id", pa.string()), ("file", pa.string()), ("row", pa.int64())]
    after = [
        ("part", pa.string()),
        ("steps", pa.int64()),
        ("channels", pa.int64()),
        ("lowest", pa.float64()),
        ("highest", pa.float64()),
        ("content", pa.string()),
        ("channel_names", pa.list_(pa.string())),
        ("sample_rate", pa.int64()),
        ("values", pa.list_(pa.float64())),
    ]
    return pa.schema([*before, *((name, pa.string()) for name in columns), *after])


def read_rows(
    dataset: Dataset,
    raw: Sequence[RawFile[SignalReading]],
    columns: Sequence[str],
    meaning: Meaning,
    labelled: bool = True,
) -> SignalRows:
    """Read files of signals.

    Args:
        dataset: whose they are.
        raw: the files.
        columns: the task's own.
        meaning: of a signal, the values of these columns, and of `part` where the file's is not it.
        labelled: see `SignalFile`.

    Raises:
        UserError: a file cannot be read as its `reading` says, or the files do not fit together.
    """
    files: list[dict[str, Any]] = []
    tables, count, kinds, shape = [], 0, Kinds(), schema(columns)
    for file in progress(raw, desc="read", unit="file"):
        signals = open_signals(file, labelled)
        if not files and not isinstance(signals, Recording):  # all of them are recordings, or none is
            refuse_equal_stems([each for each in raw if len(each.place.parts) == 1])
        kinds.check(signals)
        tables += list(_tables(signals, shape, meaning))
        kinds.check_rate(signals)
        count += signals.count
        files.append(signals.account())
    table = pa.concat_tables([shape.empty_table(), *tables])
    _refuse_other_channels(table, dataset)
    return SignalRows(table.combine_chunks(), files, count)


class Kinds:
    """What the files of a dataset must have in common: the channels' names, and the rate of recordings."""

    def __init__(self) -> None:
        self._channels: tuple[str, ...] | None = None
        self._rates: dict[int, str] = {}

    def check(self, file: SignalFile) -> None:
        """Have a table's channels in the order of the first table's.

        Raises:
            UserError: they have other names.
        """
        if isinstance(file, LongTable):
            names = file.channel_names
            if self._channels is not None and set(names) != set(self._channels):
                raise UserError(f"{file.path} has the channels {listed(names)}, others {listed(self._channels)}")
            self._channels = file.channel_names = self._channels or names

    def check_rate(self, file: SignalFile) -> None:
        """Refuse another sample rate: it would tell recordings apart by how they were made.

        Raises:
            UserError: it is another one, and none is asked for.
        """
        if file.sample_rate is not None and file.reading.sound.sample_rate is None:
            self._rates.setdefault(file.sample_rate, str(file.path))
            if len(self._rates) > 1:
                rates = ", ".join(f"{path} {rate} Hz" for rate, path in self._rates.items())
                key = file.file.key("sound.sample_rate")
                raise UserError(f"recordings have different sample rates ({rates}): set {key} to resample them")


def _tables(file: SignalFile, shape: pa.Schema, meaning: Meaning) -> Iterator[pa.Table]:
    """Yield a file's signals as tables.

    Raises:
        UserError: with all that is wrong in the file.
    """
    rows = []
    for signal in file.signals():
        columns = meaning(file, signal)
        if columns is not None:
            rows.append(_row(file, signal) | dict(columns))
        if len(rows) == BATCH:
            yield pa.Table.from_pylist(rows, shape)
            rows = []
    file.faults.refuse()
    yield pa.Table.from_pylist(rows, shape)


def _row(file: SignalFile, signal: Signal) -> dict[str, object]:
    values = signal.values
    interpolates = file.reading.gaps == "interpolate"
    if interpolates:
        values = interpolated(values)
    finite = bool(np.isfinite(values).all()) and values.size > 0
    if values.size and not finite:
        empty = "a channel has no value at all: leave the signal out"
        advice = empty if interpolates else f"mend them, or set {file.file.key('gaps')} to interpolate"
        file.faults.add("signals have values that are missing or not finite: ", advice, f"signal {signal.row}")
    elif values.size and np.abs(values).max() > LARGEST:
        file.faults.add(f"signals have values beyond {LARGEST:g}: ", "scale them", f"signal {signal.row}")
    place = file.file.place
    name = file.file.stem if len(place.parts) == 1 else place.as_posix()
    return {
        "id": place.as_posix() if isinstance(file, Recording) else f"{name}-{signal.row}",
        "file": place.as_posix(),
        "row": signal.row,
        "part": signal.part,
        "steps": len(values),
        "channels": values.shape[1],
        "lowest": float(values.min()) if finite else None,
        "highest": float(values.max()) if finite else None,
        "content": content_hash(values),
        "channel_names": file.channel_names,
        "sample_rate": file.sample_rate,
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


def _refuse_other_channels(rows: pa.Table, dataset: Dataset) -> None:
    channels = pc.value_counts(rows["channels"]).to_pylist()
    if len(channels) > 1:
        counts = ", ".join(f"{each['counts']} of {each['values']}" for each in channels)
        raise UserError(
            f"{dataset.raw}: signals have different numbers of channels ({counts}): they must have the same"
        )
