"""A raw file as signals: what all formats share."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar, NamedTuple

import numpy as np

from stages.config.reading import SignalReading
from stages.config.schema import Part
from stages.data.raw import Faults, RawFile, account


class Signal(NamedTuple):
    """One signal of a file."""

    row: int  # its number in the file, counted from 1
    label: Any  # as it stands there; None: missing
    values: np.ndarray  # (T, F) float64; not-a-number: missing
    part: Part | None  # the official part, where the source names one
    name: str | None = None  # by which the file calls it, if it does


class SignalFile(ABC):
    """A raw file as signals. A subclass is a format."""

    FORMAT: ClassVar[str]  # as `reading.format` names it
    ENDINGS: ClassVar[tuple[str, ...]]
    KEYS: ClassVar[frozenset[str]] = frozenset()  # of raw.FORMAT_KEYS, which it reads

    channel_names: tuple[str, ...] | None = None  # where the file names them
    sample_rate: int | None = None  # of a recording, in steps a second before they became frames
    encoding: str | None = None  # of text
    guessed: bool = False  # whether the encoding is

    def __init__(self, file: RawFile[SignalReading], labelled: bool = True) -> None:
        """Open a file; may raise a UserError, as all methods, if it cannot be read at all.

        `labelled`: without it a signal needs no label, and has none unless the format always names one.
        """
        self.file, self.reading, self.path, self.labelled = file, file.reading, file.path, labelled
        self.faults = Faults(file.path)
        self.count = 0  # signals that were read

    @abstractmethod
    def signals(self) -> Iterator[Signal]:
        """Yield the signals; after the last, `faults` has what is wrong in the file."""

    def account(self) -> dict[str, Any]:
        """Return what the report says of the file, once it is read."""
        return account(self.path, self.count, self.encoding, self.guessed)
