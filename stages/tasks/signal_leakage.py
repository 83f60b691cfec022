"""What the checks for leaks of the tasks of signals share: what frames a part makes, with a scaler of their own.

Nothing of `stages.data.signals.scaler` is used: an error there must not hide itself.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self

import numpy as np

from stages.config.frames import WindowConfig

LISTED = 5  # offending rows that a finding names
TOLERANCE = 1e-4  # of a standardised value, which training reads in single precision


class Expected(NamedTuple):
    """What the scaler must be, and what frames it makes."""

    mean: np.ndarray  # (F,)
    deviation: np.ndarray  # (F,)
    config: WindowConfig

    @classmethod
    def of(cls, train: Sequence[np.ndarray], config: WindowConfig) -> Self:
        """Return it for all steps of train's signals, (steps, F) each."""
        together = np.concatenate(train)
        return cls(together.mean(axis=0), _deviation(together), config)

    def frames(self, values: np.ndarray) -> np.ndarray:
        """Return the frames (T, F) of a signal (steps, F), cut."""
        mean, deviation = self.mean, self.deviation
        if self.config.scaler == "each":
            mean, deviation = values.mean(axis=0), _deviation(values)
        if self.config.scaler != "none":
            values = (values - mean) / deviation
        if (steps := self.config.steps_per_frame) > 1:
            framed = [values[start : start + steps].mean(axis=0) for start in range(0, len(values), steps)]
            values = np.array(framed).reshape(-1, values.shape[1])
        return values[: self.config.maximum_length]


def _deviation(values: np.ndarray) -> np.ndarray:
    """Return each channel's standard deviation, 1 where it is constant but for rounding."""
    constant = values.std(axis=0) <= 1e-12 * np.abs(values).max(axis=0, initial=0)
    return np.where(constant, 1.0, values.std(axis=0))


def foreign_scaler(scaler: Mapping[str, Any], expected: Expected) -> list[str]:
    """Return a line for whatever of the scaler is not train's, or not as the parameters say.

    Sums of many values of a level far above their spread are rounded by the order that they are added in.
    """
    rounding = 1e-9 + 1e-12 * np.abs(expected.mean) / expected.deviation
    lines = [
        f"fitted {name} {np.round(fitted, 6).tolist()} is not train's {np.round(of_train, 6).tolist()}"
        for name, fitted, of_train in (
            ("mean", scaler["mean"], expected.mean),
            ("deviation", scaler["deviation"], expected.deviation),
        )
        if len(fitted) != len(of_train) or (np.abs(fitted - of_train) / expected.deviation > rounding).any()
    ]
    if (scaler["kind"], scaler["steps_per_frame"]) != (expected.config.scaler, expected.config.steps_per_frame):
        lines.append("the scaler is not of the kind that params.yaml names")
    return lines


def different_frames(
    ids: Sequence[str],
    signals: Sequence[np.ndarray],
    values: np.ndarray,
    offsets: np.ndarray,
    expected: Expected,
) -> list[str]:
    """Return the ids of signals whose frames are not what the scaler makes of them.

    Args:
        ids: (n,).
        signals: (steps, F) each.
        values: frames of all, one signal after the other, (t, F).
        offsets: (n + 1,) of them.
        expected: what they must be.
    """
    return [
        row
        for row, signal, start, end in zip(ids, signals, offsets[:-1], offsets[1:], strict=True)
        if not _alike(values[start:end], expected.frames(signal))
    ]


def shortened(rows: Sequence[str]) -> str:
    """Return the first rows, and how many more there are."""
    more = f" and {len(rows) - LISTED} more" if len(rows) > LISTED else ""
    return ", ".join(rows[:LISTED]) + more


def _alike(one: np.ndarray, other: np.ndarray) -> bool:
    return one.shape == other.shape and np.allclose(one, other, rtol=TOLERANCE, atol=TOLERANCE)
