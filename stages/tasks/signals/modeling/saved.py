"""A trained classifier of signals; beside the replicas lies its scaler, scaler.json."""

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np

from stages.tasks.classification.modeling.saved import Rows, SavedClassifier, Seeds
from stages.tasks.signals.modeling.frames import SignalScaler


class Saved(SavedClassifier):
    """A classifier of signals that `train` wrote."""

    task = "signals"
    builds_on = "classification"
    keys = frozenset({"labels", "maximum_length", "reading"})

    item = "signal"

    @cached_property
    def preprocessor(self) -> SignalScaler:
        """The scaler."""
        return SignalScaler.load(self.folder / "scaler.json")

    def predict(
        self, inputs: Sequence[np.ndarray], seeds: Seeds = None, rows: Rows = None
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (seed, probabilities (signals, classes)); a baseline reads scaled frames, too."""
        frames = [each[: self.metadata["maximum_length"]] for each in (self.encode(inputs) if rows is None else rows)]
        return super().predict(frames, seeds, frames)
