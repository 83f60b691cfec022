"""NumPy's `.npz` with sequences and their labels: all in one array, or one array a sequence; without pickle."""

import zipfile
from typing import NamedTuple

import numpy as np

from stages.config.reading import ArrayNames, FileReading
from stages.data.raw import RawFile, shown
from stages.runtime.errors import UserError, listed

DAMAGE = (ValueError, OSError, EOFError, zipfile.BadZipFile, zipfile.LargeZipFile, KeyError)


class Arrays(NamedTuple):
    """Sequences with labels."""

    values: np.ndarray  # (N, …), one sequence after the other
    lengths: np.ndarray  # (sequences,)
    labels: np.ndarray  # (sequences,)


def read_arrays(file: RawFile[FileReading], names: ArrayNames, labelled: bool = True) -> Arrays:
    """Return the arrays of a file. `labelled`: without it there need be no labels; they are None then.

    Raises:
        UserError: the file is damaged, unpacks to too much, lacks an array, or its arrays do not fit together.
    """
    _refuse_bomb(file)
    try:
        with np.load(file.path, allow_pickle=False) as archive:
            needed = (names.values, names.labels) if labelled else (names.values,)
            if lacking := [name for name in needed if name not in archive.files]:
                there, key = listed(archive.files), file.key("arrays")
                raise UserError(f"{file.path} has no array {listed([*map(repr, lacking)])}, but {there}: fix {key}")
            values = archive[names.values]
            lengths = archive[names.lengths] if names.lengths in archive.files else None
            labels = archive[names.labels] if labelled else None
    except DAMAGE as error:
        raise UserError(f"{file.path} cannot be read as .npz ({error}): is it damaged, or pickled?") from None
    return _fitting(file, names, values, labels, lengths)


def _refuse_bomb(file: RawFile[FileReading]) -> None:
    try:
        with zipfile.ZipFile(file.path) as archive:
            size = sum(member.file_size for member in archive.infolist())
    except DAMAGE:
        raise UserError(f"{file.path} is no .npz file, or is damaged") from None
    if size > file.reading.unpack_limit:
        limit = file.key("unpack_limit")
        raise UserError(f"{file.path} unpacks to {size:,} bytes, more than {limit} allows: raise it if that is right")


def _fitting(
    file: RawFile[FileReading],
    names: ArrayNames,
    values: np.ndarray,
    labels: np.ndarray | None,
    lengths: np.ndarray | None,
) -> Arrays:
    """Return the arrays with one sequence after the other."""
    if not values.ndim or not values.size or (lengths is not None and not lengths.ndim):
        raise UserError(f"{file.path}: the array '{names.values}' is {values.shape}: it holds no sequence")
    labels = (
        np.full(len(values if lengths is None else lengths), None) if labels is None else _plain(file, names, labels)
    )
    if lengths is None:
        if values.ndim < 2 or len(values) != len(labels):
            raise UserError(
                f"{file.path}: the array '{names.values}' is {values.shape}, for {len(labels)} labels: it must be "
                f"(sequences, steps) or more, or there must be an array '{names.lengths}'"
            )
        lengths = np.full(len(values), values.shape[1])
        values = values.reshape(len(values) * values.shape[1], *values.shape[2:])
    elif lengths.shape != labels.shape or lengths.dtype.kind not in "iu":
        raise UserError(
            f"{file.path}: '{names.values}' {values.shape}, '{names.lengths}' {lengths.shape} and '{names.labels}' "
            f"{labels.shape} do not fit: lengths and labels are (sequences,)"
        )
    total = sum(lengths.tolist())
    if (lengths < 0).any() or total != len(values):
        raise UserError(f"{file.path}: the lengths are {shown(total)} together, but there are {len(values)} rows")
    return Arrays(values, lengths.astype(np.int64), labels)


def _plain(file: RawFile[FileReading], names: ArrayNames, labels: np.ndarray) -> np.ndarray:
    """Return labels that are texts or numbers."""
    if labels.ndim != 1 or labels.dtype.kind not in "USiufb":
        held = f"{labels.dtype} {labels.shape}"
        raise UserError(f"{file.path}: the array '{names.labels}' must hold a text or a number a sequence, not {held}")
    if labels.dtype.kind != "S":
        return labels
    try:
        return np.char.decode(labels, "utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{file.path}: the array '{names.labels}' is not UTF-8: {error.reason}") from None
