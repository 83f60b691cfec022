"""Training data of text classification: ids by memory map, and batches of a few fixed shapes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self, get_args

import numpy as np
import pyarrow.parquet as pq
from tokenizers import Tokenizer

from stages.runtime.files import read_json
from stages.tasks.classification.modeling.contract import Texts

PADDING = 0  # the id of [PAD]
UNKNOWN = "[UNK]"
MULTIPLE = 8  # bucket lengths are rounded up to this, so that near lengths share a compiled shape
PreparedPart = Literal["train", "validation"]
PREPARED_PARTS: tuple[PreparedPart, ...] = get_args(PreparedPart)


def encode(tokenizer: Tokenizer, texts: Sequence[str]) -> list[np.ndarray]:
    """Return each text's ids (int32), uncut."""
    return [np.asarray(encoding.ids, np.int32) for encoding in tokenizer.encode_batch_fast(texts)]


@dataclass(frozen=True)
class TokenizedTexts:
    """Texts as ids: `ids[offsets[i]:offsets[i + 1]]` are the ids of text i.

    Shapes: ids (tokens,) int32, offsets (texts + 1,) int64.
    """

    ids: np.ndarray
    offsets: np.ndarray

    @classmethod
    def from_rows(cls, rows: Sequence[np.ndarray], maximum: int) -> "TokenizedTexts":
        """Gather texts' ids; a text longer than the maximum loses its end, as in `tokenize`."""
        cut = [row[:maximum] for row in rows]
        offsets = np.cumsum([0] + [len(row) for row in cut], dtype=np.int64)
        return TokenizedTexts(np.concatenate([*cut, np.zeros(0, np.int32)]), offsets)

    @property
    def lengths(self) -> np.ndarray:
        """The texts' lengths in tokens, (texts,)."""
        return np.diff(self.offsets)

    def padded(self, rows: np.ndarray, length: int) -> np.ndarray:
        """Return the ids of the texts at `rows`, padded at the end with 0, (len(rows), length) int32."""
        if not len(self.ids):
            return np.full((len(rows), length), PADDING, np.int32)
        steps = np.arange(length)
        starts, ends = self.offsets[rows][:, None], self.offsets[rows + 1][:, None]
        inside = steps < ends - starts
        where = np.minimum(starts + steps, len(self.ids) - 1)
        return np.where(inside, self.ids[where], PADDING).astype(np.int32)


@dataclass(frozen=True)
class LabelledTexts(TokenizedTexts):
    """A part as ids, labels and weights.

    Shapes: labels (texts,) int32, −1 where train lacks the label of a validation text, weights (texts,) float32, 1 in
    the mean, so that a learning rate or a penalty on fitted values keeps its strength.
    """

    labels: np.ndarray
    weights: np.ndarray

    @classmethod
    def open(cls, folder: Path, part: PreparedPart) -> Self:
        """Open a part that `tokenize` wrote; the ids stay on disk until they are used."""
        names = ("ids", "offsets", "labels", "weights")
        ids, offsets, labels, weights = (np.load(folder / f"{part}.{name}.npy", mmap_mode="r") for name in names)
        return cls(ids, offsets, labels, weights / weights.mean())


@dataclass(frozen=True)
class Prepared:
    """What `tokenize` wrote for one dataset."""

    folder: Path  # data/prepared/<dataset>/tokens
    labels: list[str]
    maximum_length: int
    vectors_from: str  # train, file or none

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the folder that `tokenize` wrote."""
        return cls(folder, **read_json(folder / "meta.json"))

    def part(self, name: PreparedPart) -> LabelledTexts:
        """Return train or validation as ids."""
        return LabelledTexts.open(self.folder, name)

    def texts(self, name: PreparedPart) -> Texts:
        """Return train or validation as texts, which lie beside the folder."""
        part, path = self.part(name), self.folder.parent / "parts" / f"{name}.parquet"
        return Texts(pq.read_table(path, columns=["text"])["text"].to_pylist(), part.labels, part.weights)

    def vectors(self) -> np.ndarray | None:
        """Return the vectors that tokens start from, (vocabulary, width); zeros where a token has none."""
        return None if self.vectors_from == "none" else np.load(self.folder / "vectors.npy")

    def tokenizer(self) -> Tokenizer:
        """Return the vocabulary."""
        return Tokenizer.from_file(str(self.folder / "tokenizer.json"))


def bucket_lengths(lengths: np.ndarray, buckets: int, maximum: int) -> list[int]:
    """Return the few lengths that texts are padded to: about equally many texts fall to each.

    The last is always `maximum`, the length at which texts are cut, so that every text has a bucket.
    """
    quantiles = np.quantile(lengths, np.linspace(0, 1, buckets + 1)[1:])
    rounded = np.ceil(np.maximum(quantiles, 1) / MULTIPLE) * MULTIPLE
    return sorted({min(int(length), maximum) for length in rounded} | {maximum})


@dataclass(frozen=True)
class Batches:
    """Batches of texts of similar length, each padded to its bucket's length and to the batch's size."""

    texts: TokenizedTexts
    lengths: Sequence[int]  # of the buckets, ascending
    size: int

    def in_order(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield (rows, ids (size, length)) over every text once, bucket after bucket; padding rows are all 0."""
        for bucket, members in self._buckets():
            for rows in self._cut(members):
                yield rows, self._filled(self.texts.padded(rows, bucket))

    def _buckets(self) -> Iterator[tuple[int, np.ndarray]]:
        bucket_of = np.searchsorted(self.lengths, self.texts.lengths)
        for index in np.unique(bucket_of):
            yield self.lengths[index], np.flatnonzero(bucket_of == index)

    def _cut(self, rows: np.ndarray) -> list[np.ndarray]:
        return [rows[start : start + self.size] for start in range(0, len(rows), self.size)]

    def _filled(self, array: np.ndarray) -> np.ndarray:
        missing = self.size - len(array)
        return np.pad(array, [(0, missing)] + [(0, 0)] * (array.ndim - 1))


@dataclass(frozen=True)
class TrainingBatches(Batches):
    """Batches of texts with their labels and weights."""

    texts: LabelledTexts

    def of_pass(self, seed: int, number: int) -> list[tuple[int, np.ndarray]]:
        """Return a pass over the texts as shuffled batches: length and rows. They depend on seed and number alone."""
        rng = np.random.default_rng([seed, number])
        batches = [
            (bucket, rows) for bucket, members in self._buckets() for rows in self._cut(rng.permutation(members))
        ]
        return [batches[i] for i in rng.permutation(len(batches))]

    def batch(self, length: int, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return (ids (size, length), labels (size,), weights (size,)) of some texts; rows that pad have weight 0."""
        ids = self._filled(self.texts.padded(rows, length))
        return ids, self._filled(self.texts.labels[rows]), self._filled(self.texts.weights[rows])


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
