"""Signals as classifiers read them: the scaler, and what `window` wrote."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np

from stages.data.frames import Scaler
from stages.nn.inputs import Frames
from stages.runtime.files import read_json, write_json
from stages.tasks.classification.modeling.contract import Examples, Preprocessor
from stages.tasks.classification.modeling.data import Prepared, PreparedPart


@dataclass(frozen=True)
class SignalScaler(Scaler, Preprocessor):
    """How a signal becomes what a network reads."""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote."""
        return cls(**read_json(path))

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        write_json(path, self.as_json(), digits=None)

    @property
    def input(self) -> Frames:
        """Frames of as many numbers as there are channels."""
        return Frames(len(self.mean))

    def encode(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return each signal's frames, uncut, (T, F) float32. `inputs`: (steps, F) each."""
        return [self.frames(values) for values in inputs]


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
