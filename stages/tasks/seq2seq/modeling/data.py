"""Data of sequence to sequence: two vocabularies, pairs as ids, and batches of similar lengths on both sides."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tokenizers

from stages.runtime.files import read_json, write_json

PADDING, UNKNOWN, BEGIN, END = range(4)  # the ids of markers
MARKERS = ["[PAD]", "[UNK]", "[BEGIN]", "[END]"]
SIDES = ("source", "target")
MULTIPLE = 2  # buckets' lengths are rounded up to this
SPACE = "▁"  # stands for the space before a word in its token
PaddedBatch = tuple[list[np.ndarray], np.ndarray, np.ndarray]
BatchRows = tuple[tuple[int, int], np.ndarray]  # the lengths of a bucket, and the pairs in it


class Sizes(NamedTuple):
    """How many tokens the vocabularies have."""

    source: int
    target: int
    shared: bool  # both are one


@dataclass(frozen=True)
class Vocabularies:
    """Both sides' tokenizers, and the most tokens that a text of each may have, its end included."""

    source: tokenizers.Tokenizer
    target: tokenizers.Tokenizer
    maximum: dict[str, int]
    units: dict[str, str]
    lengths: list[int]  # that sources are padded to when a network reads them

    @classmethod
    def load(cls, path: Path) -> "Vocabularies":
        """Read what `save` wrote."""
        content = read_json(path)
        source, target = (tokenizers.Tokenizer.from_str(json.dumps(content[side])) for side in SIDES)
        return cls(source, target, content["maximum"], content["units"], content["lengths"])

    @property
    def sizes(self) -> Sizes:
        """How many tokens they have."""
        shared = self.source.to_str() == self.target.to_str()
        return Sizes(self.source.get_vocab_size(), self.target.get_vocab_size(), shared)

    def save(self, path: Path) -> None:
        """Write both tokenizers as they are, and the lengths, as one file."""
        tokenizers_of = {side: json.loads(self.tokenizer(side).to_str()) for side in SIDES}
        write_json(
            path, tokenizers_of | {"maximum": self.maximum, "units": self.units, "lengths": self.lengths}, digits=None
        )

    def encode(self, side: str, texts: list[str], cut: bool = True) -> list[np.ndarray]:
        """Return each text's ids with its end (int32); one that is too long loses what comes before its end."""
        most = self.maximum[side] - 1 if cut else None
        encodings = self.tokenizer(side).encode_batch_fast(texts)
        return [np.array([*encoding.ids[:most], END], np.int32) for encoding in encodings]

    def tokenizer(self, side: str) -> tokenizers.Tokenizer:
        """Return one side's tokenizer."""
        return self.source if side == "source" else self.target

    def decode(self, ids: np.ndarray) -> str:
        """Return the target's text that some ids stand for, without markers."""
        return self.target.decode([number for number in ids if number > END])

    def tokens(self, side: str, ids: np.ndarray) -> list[str]:
        """Return the tokens as people read them."""
        tokenizer = self.tokenizer(side)
        return ["⏎" if number == END else str(tokenizer.id_to_token(int(number))).replace(SPACE, " ") for number in ids]


@dataclass(frozen=True)
class Rows:
    """Texts as ids: `ids[offsets[i]:offsets[i + 1]]` are those of text i, its end among them.

    Shapes: ids (tokens,) int32, offsets (texts + 1,) int64.
    """

    ids: np.ndarray
    offsets: np.ndarray

    @classmethod
    def gather(cls, rows: list[np.ndarray]) -> "Rows":
        """Put texts' ids one after the other."""
        offsets = np.cumsum([0] + [len(row) for row in rows], dtype=np.int64)
        return cls(np.concatenate([*rows, np.zeros(0, np.int32)]), offsets)

    @property
    def lengths(self) -> np.ndarray:
        """The texts' lengths in tokens, (texts,)."""
        return np.diff(self.offsets)

    def row(self, number: int) -> np.ndarray:
        """Return one text's ids."""
        return np.asarray(self.ids[self.offsets[number] : self.offsets[number + 1]])

    def padded(self, rows: np.ndarray, length: int, size: int) -> np.ndarray:
        """Return the ids of some texts, padded with 0 to (size, length) int32."""
        steps = np.arange(length)
        starts, ends = self.offsets[rows][:, None], self.offsets[rows + 1][:, None]
        places = np.minimum(starts + steps, len(self.ids) - 1)
        padded = np.where(steps < ends - starts, self.ids[places], PADDING)
        return np.pad(padded, [(0, size - len(rows)), (0, 0)]).astype(np.int32)


@dataclass(frozen=True)
class Prepared:
    """What `tokenize` wrote for one dataset."""

    folder: Path

    @cached_property
    def vocabularies(self) -> Vocabularies:
        """Both sides' vocabularies."""
        return Vocabularies.load(self.folder / "vocabularies.json")

    def side(self, part: str, side: str) -> Rows:
        """Return one side of train's or validation's pairs; the ids stay on disk until they are used."""
        ids, offsets = (
            np.load(self.folder / f"{part}.{side}.{name}.npy", mmap_mode="r") for name in ("ids", "offsets")
        )
        return Rows(ids, offsets)


def bucket_bounds(source: np.ndarray, target: np.ndarray, buckets: int) -> list[tuple[int, int]]:
    """Return the few lengths (of sources, of targets) that pairs are padded to, ascending.

    The sides' quantiles give them; the last bucket holds every pair.
    """
    quantiles = np.linspace(0, 1, buckets + 1)[1:]
    both = [np.ceil(np.quantile(lengths, quantiles) / MULTIPLE).astype(int) * MULTIPLE for lengths in (source, target)]
    return sorted({(int(one), int(other)) for one, other in zip(*both, strict=True)})


@dataclass(frozen=True)
class Batches:
    """Batches of pairs of similar lengths, about equally many tokens each."""

    source: Rows
    target: Rows
    bounds: list[tuple[int, int]]
    tokens: int  # of a batch: its pairs times the longer of its lengths

    def of_pass(self, seed: int, number: int) -> list[BatchRows]:
        """Return a pass over the pairs as shuffled batches; they depend on the seed and the number alone."""
        rng = np.random.default_rng([seed, number])
        batches: list[BatchRows] = []
        for bound, members in self._buckets():
            size = self._size(bound)
            shuffled = rng.permutation(members)
            batches += [(bound, shuffled[start : start + size]) for start in range(0, len(members), size)]
        return [batches[place] for place in rng.permutation(len(batches))]

    def _buckets(self) -> Iterator[tuple[tuple[int, int], np.ndarray]]:
        unassigned = np.ones(len(self.source.lengths), bool)
        for bound in self.bounds:
            inside = unassigned & (self.source.lengths <= bound[0]) & (self.target.lengths <= bound[1])
            unassigned &= ~inside
            if inside.any():
                yield bound, np.flatnonzero(inside)

    def _size(self, bound: tuple[int, int]) -> int:
        return max(8, self.tokens // max(bound) // 8 * 8)

    def padded(self, bound: tuple[int, int], rows: np.ndarray) -> PaddedBatch:
        """Return ([sources (B, S), targets before (B, T)], targets (B, T), weights (B,): 0 for rows that only pad)."""
        size = self._size(bound)
        source, target = self.source.padded(rows, bound[0], size), self.target.padded(rows, bound[1], size)
        source[len(rows) :, 0] = END  # a row that only pads is a source without tokens
        weights = (np.arange(size) < len(rows)).astype(np.float32)
        return [source, shifted(target)], target, weights


def shifted(targets: np.ndarray) -> np.ndarray:
    """Return what stands before each target (B, T): the target before it, at first the beginning."""
    return np.pad(targets[:, :-1], [(0, 0), (1, 0)], constant_values=BEGIN)


@dataclass(frozen=True)
class EpochBatches:
    """One epoch's batches, see `Batches.padded`."""

    batches: Batches
    order: list[BatchRows]

    def __len__(self) -> int:
        return len(self.order)

    def __iter__(self) -> Iterator[PaddedBatch]:
        return (self.batches.padded(bound, rows) for bound, rows in self.order)
