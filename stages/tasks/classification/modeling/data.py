"""Training data of classifiers: sequences by memory map, and batches of a few fixed shapes."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self, get_args

import numpy as np

from stages.nn.inputs import padding
from stages.runtime.files import read_json
from stages.tasks.classification.modeling.contract import Examples, Preprocessor

MULTIPLE = 8  # bucket lengths are rounded up to this, so that near lengths share a compiled shape
PreparedPart = Literal["train", "validation"]
PREPARED_PARTS: tuple[PreparedPart, ...] = get_args(PreparedPart)


@dataclass(frozen=True)
class Sequences:
    """Sequences of steps: `values[offsets[i]:offsets[i + 1]]` are the steps of sequence i.

    Shapes: values (steps,) int32 of tokens, or (steps, F) float32 of frames; offsets (sequences + 1,) int64.
    """

    values: np.ndarray
    offsets: np.ndarray

    @classmethod
    def from_rows(cls, rows: Sequence[np.ndarray], maximum: int) -> "Sequences":
        """Gather sequences; one longer than the maximum loses its end, as in the stage that prepares train."""
        cut = [row[:maximum] for row in rows]
        offsets = np.cumsum([0] + [len(row) for row in cut], dtype=np.int64)
        return Sequences(np.concatenate(cut) if cut else np.zeros(0, np.int32), offsets)

    @property
    def lengths(self) -> np.ndarray:
        """Their lengths in steps, (sequences,)."""
        return np.diff(self.offsets)

    def __getitem__(self, number: int) -> np.ndarray:
        """Return the steps of one sequence."""
        return np.asarray(self.values[self.offsets[number] : self.offsets[number + 1]])

    def padded(self, rows: np.ndarray, length: int) -> np.ndarray:
        """Return the sequences at `rows` side by side, padded at the end, (len(rows), length) or (…, F)."""
        fill = padding(self.values.dtype)
        if not len(self.values):
            return np.full((len(rows), length, *self.values.shape[1:]), fill, self.values.dtype)
        steps = np.arange(length)
        starts, ends = self.offsets[rows][:, None], self.offsets[rows + 1][:, None]
        filled = np.array(self.values[np.minimum(starts + steps, len(self.values) - 1)])
        filled[steps >= ends - starts] = fill
        return filled


@dataclass(frozen=True)
class LabelledSequences(Sequences):
    """A part as sequences, labels and weights.

    Shapes: labels (sequences,) int32, −1 where train lacks the label of a validation example, weights (sequences,)
    float32, 1 in the mean, so that a learning rate or a penalty on fitted values keeps its strength.
    """

    labels: np.ndarray
    weights: np.ndarray

    @classmethod
    def open(cls, folder: Path, part: PreparedPart) -> Self:
        """Open a part; the values stay on disk until they are used."""
        names = ("values", "offsets", "labels", "weights")
        values, offsets, labels, weights = (np.load(folder / f"{part}.{name}.npy", mmap_mode="r") for name in names)
        return cls(values, offsets, labels, weights / weights.mean())


@dataclass(frozen=True)
class Prepared(ABC):
    """What the stage before training wrote for one dataset."""

    folder: Path
    labels: list[str]
    maximum_length: int

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the folder that it wrote."""
        return cls(folder, **read_json(folder / "meta.json"))

    def part(self, name: PreparedPart) -> LabelledSequences:
        """Return train or validation as sequences."""
        return LabelledSequences.open(self.folder, name)

    @abstractmethod
    def examples(self, name: PreparedPart) -> Examples:
        """Return train or validation as baselines read it."""

    @property
    @abstractmethod
    def preprocessor(self) -> Preprocessor:
        """What was fitted on train to turn an example into steps."""

    def initial_vectors(self, _width: int) -> np.ndarray | None:
        """Return vectors (vocabulary, at most width) that tokens start from; None if there are none."""
        return None


def bucket_lengths(lengths: np.ndarray, buckets: int, maximum: int) -> list[int]:
    """Return the few lengths that sequences are padded to: about equally many fall to each.

    The last is always `maximum`, the length at which they are cut, so that each has a bucket.
    """
    quantiles = np.quantile(lengths, np.linspace(0, 1, buckets + 1)[1:])
    rounded = np.ceil(np.maximum(quantiles, 1) / MULTIPLE) * MULTIPLE
    return sorted({min(int(length), maximum) for length in rounded} | {maximum})


@dataclass(frozen=True)
class Batches:
    """Batches of sequences of similar length, each padded to its bucket's length and to the batch's size."""

    sequences: Sequences
    lengths: Sequence[int]  # of the buckets, ascending
    size: int

    def in_order(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield (rows, sequences (size, length) or (size, length, F)) over all once, bucket after bucket.

        Rows that fill the last batch of a bucket are all 0.
        """
        for bucket, members in self._buckets():
            for rows in self._cut(members):
                yield rows, self._filled(self.sequences.padded(rows, bucket))

    def _buckets(self) -> Iterator[tuple[int, np.ndarray]]:
        bucket_of = np.searchsorted(self.lengths, self.sequences.lengths)
        for index in np.unique(bucket_of):
            yield self.lengths[index], np.flatnonzero(bucket_of == index)

    def _cut(self, rows: np.ndarray) -> list[np.ndarray]:
        return [rows[start : start + self.size] for start in range(0, len(rows), self.size)]

    def _filled(self, array: np.ndarray) -> np.ndarray:
        missing = self.size - len(array)
        return np.pad(array, [(0, missing)] + [(0, 0)] * (array.ndim - 1))


@dataclass(frozen=True)
class TrainingBatches(Batches):
    """Batches of sequences with their labels and weights."""

    sequences: LabelledSequences

    def of_pass(self, seed: int, number: int) -> list[tuple[int, np.ndarray]]:
        """Return a pass over all as shuffled batches: length and rows. They depend on seed and number alone."""
        rng = np.random.default_rng([seed, number])
        batches = [
            (bucket, rows) for bucket, members in self._buckets() for rows in self._cut(rng.permutation(members))
        ]
        return [batches[i] for i in rng.permutation(len(batches))]

    def batch(self, length: int, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return (sequences (size, length) or (…, F), labels (size,), weights (size,)); rows that fill up weigh 0."""
        filled = self._filled(self.sequences.padded(rows, length))
        return filled, self._filled(self.sequences.labels[rows]), self._filled(self.sequences.weights[rows])


@dataclass(frozen=True)
class EpochBatches:
    """One epoch's batches, as `TrainingBatches.batch` returns them."""

    source: TrainingBatches
    batches: list[tuple[int, np.ndarray]]  # length and rows

    def __len__(self) -> int:
        """Return the number of batches."""
        return len(self.batches)

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Yield the batches."""
        return (self.source.batch(length, rows) for length, rows in self.batches)
