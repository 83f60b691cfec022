"""The formats of signals, one a file, and the choice between them."""

from pathlib import Path

from stages.config.reading import SignalReading
from stages.data.compression import content_name
from stages.data.formats import FORMATS as TABLES
from stages.data.raw import RawFile, refuse_unused_keys
from stages.data.signals.arrays import NumberArrays
from stages.data.signals.long_table import LongTable
from stages.data.signals.signal import SignalFile
from stages.data.signals.sound import Recording
from stages.data.signals.uea import Arff, Ts
from stages.runtime.errors import UserError

FORMATS: tuple[type[SignalFile], ...] = (Ts, Arff, NumberArrays, Recording)


def open_signals(file: RawFile[SignalReading], labelled: bool = True) -> SignalFile:
    """Open a raw file as signals of the declared format, else of that which the file's ending stands for.

    `labelled`: see `SignalFile`.

    Raises:
        UserError: the format is unknown, `reading` declares what it has no use for, or the file cannot be read.
    """
    declared, ending = file.reading.format, Path(content_name(file)).suffix.lower()
    for kind in FORMATS:
        if kind.FORMAT == declared or (declared is None and ending in kind.ENDINGS):
            refuse_unused_keys(file, kind.FORMAT, kind.KEYS)
            return kind(file, labelled)
    if declared is None and not any(ending in table.ENDINGS for table in TABLES):
        names = sorted([*(kind.FORMAT for kind in FORMATS), *(table.FORMAT for table in TABLES)])
        raise UserError(
            f"{file.path}: the ending '{ending}' tells no format of signals: set {file.key('format')} "
            f"({', '.join(names)}), or rename the file"
        )
    return LongTable(file, labelled)
