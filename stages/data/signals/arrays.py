"""NumPy's `.npz`: all signals in one array, their labels in another; without pickle."""

import zipfile
from collections.abc import Iterator

import numpy as np

from stages.data.raw import shown
from stages.data.signals.signal import Signal, SignalFile
from stages.runtime.errors import UserError, listed

DAMAGE = (ValueError, OSError, EOFError, zipfile.BadZipFile, zipfile.LargeZipFile, KeyError)


class Arrays(SignalFile):
    """A file of arrays: values (N, F) with lengths, or (signals, T) or (signals, T, F); and labels (signals,)."""

    FORMAT, ENDINGS = "npz", (".npz",)

    def signals(self) -> Iterator[Signal]:
        """Yield each signal."""
        values, labels, lengths = self._arrays()
        ends = np.cumsum(lengths)
        for row, (start, end) in enumerate(zip(ends - lengths, ends, strict=True)):
            self.count += 1
            yield Signal(self.count, labels[row], values[start:end].astype(float), self.file.part)

    def _arrays(self) -> tuple[np.ndarray, list, np.ndarray]:
        """Return values (N, F), labels and lengths.

        Raises:
            UserError: the file is damaged, lacks an array, or its arrays do not fit together.
        """
        names, key = self.reading.arrays, self.file.key("arrays")
        self._refuse_bomb()
        try:
            with np.load(self.path, allow_pickle=False) as archive:
                needed = (names.values, names.labels) if self.labelled else (names.values,)
                lacking = [name for name in needed if name not in archive.files]
                if lacking:
                    there = listed(archive.files)
                    raise UserError(f"{self.path} has no array {listed([*map(repr, lacking)])}, but {there}: fix {key}")
                values = archive[names.values]
                lengths = archive[names.lengths] if names.lengths in archive.files else None
                signals = len(values if lengths is None else lengths)
                labels = archive[names.labels] if self.labelled else np.full(signals, None)
        except DAMAGE as error:
            raise UserError(f"{self.path} cannot be read as .npz ({error}): is it damaged, or pickled?") from None
        return self._checked(values, labels, lengths)

    def _refuse_bomb(self) -> None:
        try:
            with zipfile.ZipFile(self.path) as archive:
                size = sum(member.file_size for member in archive.infolist())
        except DAMAGE:
            raise UserError(f"{self.path} is no .npz file, or is damaged") from None
        if size > self.reading.unpack_limit:
            limit = self.file.key("unpack_limit")
            raise UserError(
                f"{self.path} unpacks to {size:,} bytes, more than {limit} allows: raise it if that is right"
            )

    def _checked(
        self, values: np.ndarray, labels: np.ndarray, lengths: np.ndarray | None
    ) -> tuple[np.ndarray, list, np.ndarray]:
        names = self.reading.arrays
        if values.dtype.kind not in "biuf":
            raise UserError(f"{self.path}: the array '{names.values}' must hold numbers, but holds {values.dtype}")
        if labels.ndim != 1:
            raise UserError(f"{self.path}: the array '{names.labels}' must be (signals,), but is {labels.shape}")
        if lengths is None:
            if values.ndim not in (2, 3) or len(values) != len(labels):
                raise UserError(
                    f"{self.path}: the array '{names.values}' is {values.shape}, for {len(labels)} labels: it must be "
                    f"(signals, T) or (signals, T, F), or there must be an array '{names.lengths}'"
                )
            lengths = np.full(len(values), values.shape[1])
            values = values.reshape(len(values) * values.shape[1], -1)
        elif values.ndim not in (1, 2) or lengths.shape != labels.shape or lengths.dtype.kind not in "iu":
            raise UserError(
                f"{self.path}: '{names.values}' {values.shape}, '{names.lengths}' {lengths.shape} and "
                f"'{names.labels}' {labels.shape} do not fit: values are (N, F), lengths and labels (signals,)"
            )
        if (lengths < 0).any() or lengths.sum() != len(values):
            raise UserError(
                f"{self.path}: the lengths are {shown(int(lengths.sum()))} together, but there are {len(values)} rows"
            )
        return values.reshape(len(values), -1), labels.tolist(), lengths.astype(np.int64)
