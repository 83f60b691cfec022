"""Files of signals, read as a model's own were."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from stages.config.reading import SignalReading
from stages.data.raw import RawFile
from stages.data.signals import open_signals
from stages.data.signals.rows import interpolated
from stages.runtime.errors import UserError


def read_signals(reading: SignalReading, channels: int, files: Sequence[str]) -> list[tuple[str, np.ndarray]]:
    """Return the name and the values (steps, F) of each signal in some files.

    It is called as its file, where that holds several with its own name or number.

    Args:
        reading: how the model's own were read.
        channels: that it reads, F.
        files: their paths.

    Raises:
        UserError: a file is not there or cannot be read, or its signals are none that the model reads.
    """
    signals: list[tuple[str, np.ndarray]] = []
    for name in files:
        if not Path(name).is_file():
            raise UserError(f"there is no file '{name}': give files of signals, such as the model was trained on")
        opened = open_signals(RawFile(Path(name), reading, place=Path(Path(name).name)), labelled=False)
        found = list(opened.signals())
        opened.faults.refuse()
        for signal in found:
            values = interpolated(signal.values) if reading.gaps == "interpolate" else signal.values
            if values.shape[1] != channels:
                has = f"signal {signal.row} has {values.shape[1]} channels"
                raise UserError(f"{name}: {has}, but the model reads {channels}")
            if not len(values) or not np.isfinite(values).all():
                raise UserError(f"{name}: signal {signal.row} has no values, or some that are missing or not finite")
            signals.append((name if len(found) == 1 else f"{name}:{signal.name or signal.row}", values))
    return signals
