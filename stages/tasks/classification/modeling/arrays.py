"""What baselines share whose fitted values are plain arrays."""

from pathlib import Path
from typing import Self

import numpy as np

from stages.tasks.classification.modeling.contract import Baseline

FILE = "arrays.npz"


class ArrayClassifier(Baseline):
    """A baseline whose fitted values are arrays by name; a subclass says what they mean."""

    def __init__(self, **arrays: np.ndarray) -> None:
        """Keep the arrays."""
        self.arrays = arrays

    def num_params(self) -> int:
        """Return the number of fitted values."""
        return sum(array.size for array in self.arrays.values())

    def save(self, folder: Path) -> None:
        """Write all that `load` needs."""
        np.savez(folder / FILE, **dict(sorted(self.arrays.items())))  # type: ignore[arg-type]

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        with np.load(folder / FILE, allow_pickle=False) as arrays:
            return cls(**{name: arrays[name] for name in sorted(arrays.files)})
