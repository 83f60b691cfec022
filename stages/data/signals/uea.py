"""The two formats of the UEA and UCR archives of time series (Bagnall et al. 2018; Dau et al. 2019).

A line is a signal. In `.ts` its channels are separated by colons, the values of each by commas, and the label comes
last; in `.arff` a signal of several channels stands in quotes, with `\\n` between them, one of a single does not.
A question mark is a missing value. Lines that begin with `#`, `%` or `@` describe the data.
"""

import re
from abc import abstractmethod
from collections.abc import Iterator, Sequence

import numpy as np

from stages.config.reading import SignalReading
from stages.data.formats.lines import open_lines
from stages.data.raw import RawFile, shown
from stages.data.signals.signal import Signal, SignalFile
from stages.runtime.errors import UserError

RELATIONAL = re.compile(r"""^(['"])(?P<channels>.*)\1\s*,\s*(?P<label>.*)$""")


class _Lines(SignalFile):
    """A text file whose lines, after those that describe it, are signals."""

    KEYS = frozenset({"encoding"})

    def __init__(self, file: RawFile[SignalReading], labelled: bool = True) -> None:
        super().__init__(file, labelled)
        self.text = open_lines(file)
        self.encoding, self.guessed = self.text.encoding, self.text.guessed

    def signals(self) -> Iterator[Signal]:
        """Yield a signal for each line of data."""
        for number, line in enumerate(self.text.lines(), start=1):
            content = line.strip()
            if content.startswith("@"):
                self.read_description(content)
            elif content and content[0] not in "#%":
                self.count += 1
                signal = self._signal(content, number)
                if signal is not None:
                    yield signal
        if not self.count:
            self.faults.add("holds no signals", "remove the file, or put data into it")

    def read_description(self, line: str) -> None:
        """Take in what a line that begins with `@` says."""

    @abstractmethod
    def take_apart(self, line: str) -> tuple[Sequence[str], str] | None:
        """Return a line's channels, each of values with commas between them, and its label; None if it has none."""

    def _signal(self, line: str, number: int) -> Signal | None:
        taken = self.take_apart(line)
        if taken is None:
            self.faults.add("these lines have no label: ", "append it after a colon", f"line {number}")
            return None
        channels, label = taken
        try:
            columns = [_values(channel) for channel in channels]
        except ValueError as error:
            self.faults.add("these lines hold what is no number: ", "fix them", f"line {number} ({error})")
            return None
        if len({len(column) for column in columns}) != 1:
            lengths = ", ".join(str(len(column)) for column in columns)
            place = f"line {number} ({lengths} values)"
            self.faults.add("the channels of a signal have different lengths: ", "make them equally long", place)
            return None
        named = None if label.strip() == "?" else label.strip().strip("'\"") or None
        return Signal(self.count, named, np.stack(columns, axis=1), self.file.part)


def _values(channel: str) -> np.ndarray:
    """Return numbers with commas between them, (T,); a question mark is missing.

    Raises:
        ValueError: there is something else; shows it.
    """
    items = [item.strip() for item in channel.split(",")] if channel.strip() else []
    try:
        return np.array([np.nan if item == "?" else float(item) for item in items])
    except ValueError:
        wrong = next(item for item in items if item != "?" and not _is_number(item))
        raise ValueError(shown(wrong)) from None


def _is_number(item: str) -> bool:
    try:
        float(item)
    except ValueError:
        return False
    return True


class Ts(_Lines):
    """A `.ts` file."""

    FORMAT, ENDINGS = "ts", (".ts",)
    _unlabelled = False  # by what stands above the data

    def read_description(self, line: str) -> None:
        """Refuse data with time stamps or without labels.

        Raises:
            UserError: it is such data.
        """
        name, _, value = line[1:].strip().lower().partition(" ")
        if name == "timestamps" and value.strip() == "true":
            raise UserError(f"{self.path}: its values carry time stamps, which is not read: write them without")
        if name in ("classlabel", "targetlabel") and value.strip().split(" ")[0] == "false":
            if self.labelled:
                raise UserError(f"{self.path}: its signals have no labels (@{name} false)")
            self._unlabelled = True

    def take_apart(self, line: str) -> tuple[Sequence[str], str] | None:
        """Return what stands between the colons; the last is the label, unless there is none and need be none."""
        *channels, label = line.split(":")
        if not self.labelled and (self._unlabelled or not channels):
            return line.split(":"), ""
        return (channels, label) if channels else None


class Arff(_Lines):
    """An `.arff` file."""

    FORMAT, ENDINGS = "arff", (".arff",)

    def take_apart(self, line: str) -> tuple[Sequence[str], str]:
        """Return the lines within the quotes, or all values but the last, which is the label."""
        if match := RELATIONAL.match(line):
            return match["channels"].split("\\n"), match["label"]
        values, _, label = line.rpartition(",")
        return [values], label
