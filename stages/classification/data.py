"""Training data of text classification: ids by memory map, and batches of a few fixed shapes."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from stages.files import read_json

PADDING = 0  # the id of [PAD]
UNKNOWN = "[UNK]"
MULTIPLE = 8  # bucket lengths are rounded up to this, so that near lengths share a compiled shape


def encode(tokenizer: Tokenizer, texts: list[str]) -> list[np.ndarray]:
    """Return each text's ids (int32), uncut."""
    return [np.asarray(encoding.ids, np.int32) for encoding in tokenizer.encode_batch_fast(texts)]


@dataclass(frozen=True)
class TokenizedTexts:
    """A part as ids: `ids[offsets[i]:offsets[i + 1]]` are the ids of text i.

    Shapes: ids (tokens,) int32, offsets (texts + 1,) int64, labels (texts,) int32, weights (texts,) float32, 1 in
    the mean, so that a rate of learning or a penalty on fitted values keeps its strength.
    """

    ids: np.ndarray
    offsets: np.ndarray
    labels: np.ndarray | None = None
    weights: np.ndarray | None = None

    @classmethod
    def open(cls, folder: Path, part: str) -> "TokenizedTexts":
        """Open a part that `tokenize` wrote; the ids stay on disk until they are used."""
        names = ("ids", "offsets", "labels", "weights")
        *arrays, weights = (np.load(folder / f"{part}.{name}.npy", mmap_mode="r") for name in names)
        return cls(*arrays, weights / weights.mean())

    @classmethod
    def from_rows(cls, rows: list[np.ndarray], maximum: int) -> "TokenizedTexts":
        """Gather texts' ids; a text longer than the maximum loses its end, as in `tokenize`."""
        cut = [row[:maximum] for row in rows]
        offsets = np.cumsum([0] + [len(row) for row in cut], dtype=np.int64)
        return cls(np.concatenate([*cut, np.zeros(0, np.int32)]), offsets)

    @property
    def lengths(self) -> np.ndarray:
        """The texts' lengths in tokens, (texts,)."""
        return np.diff(self.offsets)

    def padded(self, rows: np.ndarray, length: int) -> np.ndarray:
        """Return the ids of some texts, padded at the end with 0, (len(rows), length) int32."""
        if not len(self.ids):
            return np.full((len(rows), length), PADDING, np.int32)
        steps = np.arange(length)
        starts, ends = self.offsets[rows][:, None], self.offsets[rows + 1][:, None]
        inside = steps < ends - starts
        where = np.minimum(starts + steps, len(self.ids) - 1)
        return np.where(inside, self.ids[where], PADDING).astype(np.int32)


@dataclass(frozen=True)
class Prepared:
    """What `tokenize` wrote for one dataset."""

    tokens: Path  # its folder
    labels: list[str]
    maximum_length: int
    vectors_from: str  # train, file or none

    @classmethod
    def open(cls, tokens: Path) -> "Prepared":
        """Open the folder that `tokenize` wrote."""
        return cls(tokens, **read_json(tokens / "meta.json"))

    def part(self, name: str) -> TokenizedTexts:
        """Return train or validation."""
        return TokenizedTexts.open(self.tokens, name)

    def vectors(self) -> np.ndarray | None:
        """Return the vectors that tokens start from, (vocabulary, width); zeros where there is none for a token."""
        return None if self.vectors_from == "none" else np.load(self.tokens / "vectors.npy")

    def tokenizer(self) -> Tokenizer:
        """Return the vocabulary."""
        return Tokenizer.from_file(str(self.tokens / "tokenizer.json"))


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
    lengths: list[int]  # of the buckets, ascending
    size: int

    def epoch(self, seed: int, epoch: int) -> "EpochBatches":
        """Return shuffled batches; they depend on the seed and the epoch alone."""
        random = np.random.default_rng([seed, epoch])
        batches = [
            (bucket, rows) for bucket, members in self._buckets() for rows in self._cut(random.permutation(members))
        ]
        return EpochBatches(self, [batches[i] for i in random.permutation(len(batches))])

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
class EpochBatches:
    """One epoch's batches: (ids (size, length), labels (size,), weights (size,): the texts', 0 for rows that pad)."""

    source: Batches
    batches: list[tuple[int, np.ndarray]]

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        fill = self.source._filled
        for length, rows in self.batches:
            ids = fill(self.source.texts.padded(rows, length))
            yield ids, fill(self.source.texts.labels[rows]), fill(self.source.texts.weights[rows])
