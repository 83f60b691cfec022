"""Signals in NumPy's `.npz`: values (N, F) with lengths, or (signals, T) or (signals, T, F), and labels (signals,)."""

from collections.abc import Iterator

import numpy as np

from stages.data.npz import read_arrays
from stages.data.signals.signal import Signal, SignalFile
from stages.runtime.errors import UserError


class NumberArrays(SignalFile):
    """A file of arrays of numbers."""

    FORMAT, ENDINGS = "npz", (".npz",)

    def signals(self) -> Iterator[Signal]:
        """Yield each signal.

        Raises:
            UserError: the arrays are none of numbers, or of more dimensions than signals have.
        """
        values, lengths, labels = read_arrays(self.file, self.reading.arrays, self.labelled)
        name = self.reading.arrays.values
        if values.dtype.kind not in "biuf" or values.ndim > 2:
            shape = f"{values.dtype} {values.shape}"
            more = "; texts belong below classification.datasets" if values.dtype.kind == "U" else ""
            raise UserError(f"{self.path}: the array '{name}' must hold numbers, a row a step, but holds {shape}{more}")
        values = values.reshape(len(values), -1)
        ends = np.cumsum(lengths)
        for start, end, label in zip(ends - lengths, ends, labels.tolist(), strict=True):
            self.count += 1
            yield Signal(self.count, label, values[start:end].astype(float), self.file.part)
