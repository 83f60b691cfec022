"""Files of signals, read as the classifier's own were, and their labels."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from stages.app.predict import Row, attention_weights, row_of
from stages.config.reading import SignalReading
from stages.data.raw import RawFile
from stages.data.signals import open_signals
from stages.runtime.errors import UserError
from stages.tasks.signals.loader import interpolated
from stages.tasks.signals.modeling.saved import Saved


def read_signals(saved: Saved, files: Sequence[str]) -> dict[str, np.ndarray]:
    """Return the signals (steps, F) of some files by their names: the file's, and its number where there are several.

    Raises:
        UserError: a file is not there or cannot be read, or its signals are none that the model reads.
    """
    reading, channels = SignalReading(**saved.metadata["reading"]), saved.preprocessor.input.width
    signals: dict[str, np.ndarray] = {}
    for name in files:
        if not Path(name).is_file():
            raise UserError(f"there is no file '{name}': give files of signals, such as the model was trained on")
        opened = open_signals(RawFile(Path(name), reading, place=Path(Path(name).name)), labelled=False)
        values = [signal.values for signal in opened.signals()]
        opened.faults.refuse()
        for number, each in enumerate(values, start=1):
            filled = interpolated(each) if reading.gaps == "interpolate" else each
            if filled.shape[1] != channels:
                raise UserError(f"{name}: signal {number} has {each.shape[1]} channels, but the model reads {channels}")
            if not np.isfinite(filled).all():
                raise UserError(f"{name}: signal {number} has values that are missing or not finite")
            signals[name if len(values) == 1 else f"{name}:{number}"] = filled
    return signals


def label_signals(
    saved: Saved, signals: Mapping[str, np.ndarray], seeds: Sequence[int], attention: bool = False
) -> list[Row]:
    """Return a row for each signal, by its name.

    Raises:
        UserError: attention is asked for, and the model has none.
    """
    inputs = list(signals.values())
    probs = np.mean([of_seed for _, of_seed in saved.predict(inputs, seeds)], axis=0)
    rows = [row_of(saved, name, of_one) for name, of_one in zip(signals, probs, strict=True)]
    if attention:
        per_seed = attention_weights(saved, inputs, seeds)
        for number, row in enumerate(rows):
            means = np.mean([of_seed[number] for of_seed in per_seed], axis=0)
            row["attention"] = [float(f"{weight:.6g}") for weight in means]
    return rows
