"""Signals as classifiers read them: the scaler, and what `window` wrote."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np

from stages.nn.inputs import Frames
from stages.runtime.files import read_json, write_json
from stages.tasks.classification.modeling.contract import Examples, Preprocessor
from stages.tasks.classification.modeling.data import Prepared, PreparedPart

SMALLEST = 1e-12  # a deviation below this share of the largest value is rounding: the channel is constant


@dataclass(frozen=True)
class SignalScaler(Preprocessor):
    """Each channel's mean and deviation over train, and how a signal becomes frames."""

    kind: Literal["standard", "each", "none"]
    steps_per_frame: int
    mean: list[float]  # of each channel over the steps of train
    deviation: list[float]

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote."""
        return cls(**read_json(path))

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        write_json(path, asdict(self), digits=None)

    @property
    def input(self) -> Frames:
        """Frames of as many numbers as there are channels."""
        return Frames(len(self.mean))

    def encode(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return each signal's frames, uncut, (T, F) float32. `inputs`: (steps, F) each."""
        return [self.frames(values) for values in inputs]

    def frames(self, values: np.ndarray) -> np.ndarray:
        """Return the frames (T, F) float32 of a signal (steps, F)."""
        if self.kind == "each" and len(values):
            values = (values - values.mean(axis=0)) / deviation(values)
        elif self.kind == "standard":
            values = (values - self.mean) / self.deviation
        if self.steps_per_frame > 1 and len(values):
            starts = np.arange(0, len(values), self.steps_per_frame)
            counts = np.diff(np.append(starts, len(values)))
            values = np.add.reduceat(values, starts, axis=0) / counts[:, None]
        return np.asarray(values, np.float32)


def deviation(values: np.ndarray) -> np.ndarray:
    """Return each channel's standard deviation over steps (T, F), 1 where it is constant."""
    spread = values.std(axis=0)
    return np.where(spread > SMALLEST * np.abs(values).max(axis=0, initial=0), spread, 1.0)


@dataclass(frozen=True)
class PreparedSignals(Prepared):
    """What `window` wrote for one dataset, to data/prepared/<dataset>/frames."""

    reading: dict[str, Any]  # how raw files are read, so that a trained model can read others

    def examples(self, name: PreparedPart) -> Examples:
        """Return train or validation as frames, scaled as networks read them and cut, (T, F) each."""
        part = self.part(name)
        return Examples([part[number] for number in range(len(part.labels))], part.labels, part.weights)

    @cached_property
    def preprocessor(self) -> SignalScaler:
        """The scaler."""
        return SignalScaler.load(self.folder / "scaler.json")
