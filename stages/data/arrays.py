"""Arrays on disk that may be larger than memory."""

from pathlib import Path
from typing import Any, Self

import numpy as np


class GrowingArray:
    """A .npy file that is appended to along its first axis, so that its content never has to fit in memory."""

    def __init__(self, path: Path) -> None:
        """Take the path of the file; a `with` block opens and closes it."""
        self.path, self.length = path, 0
        self._descr: Any = None  # the dtype in NumPy's format, once it is known
        self._rest: tuple[int, ...] = ()  # the shape beside the first axis

    def __enter__(self) -> Self:
        """Open the file."""
        self._file = self.path.open("wb")
        return self

    def append(self, values: np.ndarray) -> None:
        """Add values; all must have the dtype of the first, and its shape beside the first axis."""
        if self._descr is None:
            self._descr, self._rest = np.lib.format.dtype_to_descr(values.dtype), values.shape[1:]
            self._write_header()
        self._file.write(values.tobytes())
        self.length += len(values)

    def _write_header(self) -> None:
        # NumPy pads the header so that the first axis can grow in place (numpy.lib.format, GROWTH_AXIS_MAX_DIGITS).
        header = {"descr": self._descr, "fortran_order": False, "shape": (self.length, *self._rest)}
        np.lib.format.write_array_header_1_0(self._file, header)

    def __exit__(self, *_error: object) -> None:
        """Write the length, and close the file."""
        self._file.seek(0)
        self._write_header()
        self._file.close()
