"""Data of pairs: what was fitted on train, both sides as arrays, and batches of similar lengths on both sides."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
import pandas as pd
import tokenizers

from stages.nn.inputs import padding
from stages.runtime.files import read_json, write_json
from stages.tasks.seq2seq.modeling.inputs import Shape, TokenSource

if TYPE_CHECKING:
    from stages.tasks.seq2seq.config import Lesson

UNKNOWN, BEGIN, END = 1, 2, 3  # the ids of markers, beside that of the padding
MARKERS = ["[PAD]", "[UNK]", "[BEGIN]", "[END]"]
SIDES = ("source", "target")
MULTIPLE = 2  # buckets' lengths are rounded up to this
SPACE = "▁"  # stands for the space before a word in its token
PaddedBatch = tuple[np.ndarray, np.ndarray, np.ndarray]
BatchRows = tuple[tuple[int, int], np.ndarray]  # the lengths of a bucket, and the pairs in it


class Sizes(NamedTuple):
    """How many tokens the vocabularies have."""

    source: int
    target: int
    shared: bool  # both are one


@dataclass(frozen=True)
class Preprocessor(ABC):
    """What was fitted on train: how sources become what a network reads, and the target's vocabulary."""

    target: tokenizers.Tokenizer
    maximum: dict[str, int]  # by side, the most steps of a source, and tokens of a target, its end included
    units: dict[str, str]  # by side
    lengths: list[int]  # that sources are padded to when a network reads them

    @classmethod
    @abstractmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote."""

    @property
    @abstractmethod
    def shape(self) -> Shape:
        """What a network has to know."""

    @abstractmethod
    def encode_sources(self, sources: Sequence[Any], cut: bool = True) -> list[np.ndarray]:
        """Return each source as a network reads it, (S,) int32 or (S, F) float32; one that is too long is cut."""

    @abstractmethod
    def source_tokens(self, encoded: np.ndarray) -> list[str]:
        """Return what an encoder's states stand for, as people read it, for one encoded source."""

    def encode_targets(self, texts: list[str], cut: bool = True) -> list[np.ndarray]:
        """Return each target's ids with its end (int32); one that is too long loses what comes before its end."""
        return encode(self.target, texts, self.maximum["target"] if cut else None)

    def decode(self, ids: np.ndarray) -> str:
        """Return the target's text that some ids stand for, without markers."""
        return self.target.decode([number for number in ids if number > END])

    def target_tokens(self, ids: np.ndarray) -> list[str]:
        """Return the target's tokens as people read them."""
        return read_tokens(self.target, ids)


def encode(tokenizer: tokenizers.Tokenizer, texts: list[str], most: int | None) -> list[np.ndarray]:
    """Return each text's ids with its end (int32), `most` together at most; None: all."""
    kept = None if most is None else most - 1
    return [np.array([*encoding.ids[:kept], END], np.int32) for encoding in tokenizer.encode_batch_fast(texts)]


def read_tokens(tokenizer: tokenizers.Tokenizer, ids: np.ndarray) -> list[str]:
    """Return the tokens that ids stand for as people read them."""
    return ["⏎" if number == END else str(tokenizer.id_to_token(int(number))).replace(SPACE, " ") for number in ids]


@dataclass(frozen=True)
class Vocabularies(Preprocessor):
    """Both sides' tokenizers, where sources are texts."""

    source: tokenizers.Tokenizer

    @classmethod
    def load(cls, path: Path) -> "Vocabularies":
        """Read what `save` wrote."""
        content = read_json(path)
        source, target = (tokenizers.Tokenizer.from_str(json.dumps(content[side])) for side in SIDES)
        return cls(target, content["maximum"], content["units"], content["lengths"], source)

    @property
    def sizes(self) -> Sizes:
        """How many tokens they have."""
        shared = self.source.to_str() == self.target.to_str()
        return Sizes(self.source.get_vocab_size(), self.target.get_vocab_size(), shared)

    @property
    def shape(self) -> Shape:
        """What a network has to know."""
        sizes = self.sizes
        return Shape(TokenSource(sizes.source, sizes.shared), sizes.target)

    def save(self, path: Path) -> None:
        """Write both tokenizers as they are, and the lengths, as one file."""
        tokenizers_of = {side: json.loads(self.tokenizer(side).to_str()) for side in SIDES}
        write_json(
            path, tokenizers_of | {"maximum": self.maximum, "units": self.units, "lengths": self.lengths}, digits=None
        )

    def encode_sources(self, sources: Sequence[str], cut: bool = True) -> list[np.ndarray]:
        """Return each text's ids with its end (int32); one that is too long loses what comes before its end."""
        return encode(self.source, list(sources), self.maximum["source"] if cut else None)

    def source_tokens(self, encoded: np.ndarray) -> list[str]:
        """Return the tokens as people read them."""
        return read_tokens(self.source, encoded)

    def tokenizer(self, side: str) -> tokenizers.Tokenizer:
        """Return one side's tokenizer."""
        return self.source if side == "source" else self.target


@dataclass(frozen=True)
class Rows:
    """One side of pairs: `values[offsets[i]:offsets[i + 1]]` is that of pair i, a text's end among it.

    Shapes: values (steps,) int32 of tokens, or (steps, F) float32 of frames; offsets (pairs + 1,) int64.
    """

    values: np.ndarray
    offsets: np.ndarray

    @classmethod
    def gather(cls, rows: list[np.ndarray]) -> "Rows":
        """Put encoded texts or frames one after the other."""
        offsets = np.cumsum([0] + [len(row) for row in rows], dtype=np.int64)
        return cls(np.concatenate(rows) if rows else np.zeros(0, np.int32), offsets)

    @property
    def lengths(self) -> np.ndarray:
        """Their lengths in steps, (pairs,)."""
        return np.diff(self.offsets)

    def row(self, number: int) -> np.ndarray:
        """Return the steps of one pair."""
        return np.asarray(self.values[self.offsets[number] : self.offsets[number + 1]])

    def padded(self, rows: np.ndarray, length: int, size: int) -> np.ndarray:
        """Return some pairs' steps, padded at the end and with further rows to (size, length) or (size, length, F)."""
        steps = np.arange(length)
        starts, ends = self.offsets[rows][:, None], self.offsets[rows + 1][:, None]
        padded = np.full((size, length, *self.values.shape[1:]), padding(self.values.dtype), self.values.dtype)
        real = np.nonzero(steps < ends - starts)
        padded[real] = self.values[(starts + steps)[real]]
        return padded


@dataclass(frozen=True)
class Prepared(ABC):
    """What the stage before training wrote for one dataset."""

    folder: Path

    @property
    @abstractmethod
    def preprocessor(self) -> Preprocessor:
        """What was fitted on train."""

    @abstractmethod
    def sources(self, part: pd.DataFrame) -> list[Any]:
        """Return the sources of a part, as a model reads them before they are encoded."""

    def side(self, part: str, side: str) -> Rows:
        """Return one side of a part's pairs; the values stay on disk until they are used."""
        values, offsets = (
            np.load(self.folder / f"{part}.{side}.{name}.npy", mmap_mode="r") for name in ("values", "offsets")
        )
        return Rows(values, offsets)


@dataclass(frozen=True)
class PreparedTexts(Prepared):
    """What `tokenize` wrote for one dataset."""

    @property
    def preprocessor(self) -> Vocabularies:
        """Both sides' vocabularies."""
        return self.vocabularies

    @cached_property
    def vocabularies(self) -> Vocabularies:
        """Both sides' vocabularies."""
        return Vocabularies.load(self.folder / "vocabularies.json")

    def sources(self, part: pd.DataFrame) -> list[str]:
        """Return the texts."""
        texts: list[str] = part["source"].tolist()
        return texts


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
    curriculum: Sequence["Lesson"] = ()  # what the first passes are

    def of_pass(self, seed: int, number: int) -> list[BatchRows]:
        """Return a pass over the pairs as shuffled batches; they depend on the seed and the number alone.

        A pass of a lesson has as many batches as any other: it goes over the lesson's pairs again and again.
        """
        rng = np.random.default_rng([seed, number])
        longest = self._longest(number)
        batches = self._shuffled(rng, longest)
        if longest is not None:
            count = sum(-(-len(members) // self._size(bound)) for bound, members in self._buckets())
            while len(batches) < count:
                batches += self._shuffled(rng, longest)
            batches = batches[:count]
        return [batches[place] for place in rng.permutation(len(batches))]

    def _longest(self, number: int) -> int | None:
        """Return the length of the longest target that a pass has; None: all."""
        for lesson in self.curriculum:
            if number < lesson.passes:
                return int(np.quantile(self.target.lengths, lesson.shortest, method="inverted_cdf"))
            number -= lesson.passes
        return None

    def _shuffled(self, rng: np.random.Generator, longest: int | None) -> list[BatchRows]:
        batches: list[BatchRows] = []
        for bound, members in self._buckets(longest):
            size = self._size(bound)
            shuffled = rng.permutation(members)
            batches += [(bound, shuffled[start : start + size]) for start in range(0, len(members), size)]
        return batches

    def _buckets(self, longest: int | None = None) -> Iterator[tuple[tuple[int, int], np.ndarray]]:
        unassigned = np.ones(len(self.source.lengths), bool)
        if longest is not None:
            unassigned &= self.target.lengths <= longest
        for bound in self.bounds:
            inside = unassigned & (self.source.lengths <= bound[0]) & (self.target.lengths <= bound[1])
            unassigned &= ~inside
            if inside.any():
                yield bound, np.flatnonzero(inside)

    def _size(self, bound: tuple[int, int]) -> int:
        return max(8, self.tokens // max(bound) // 8 * 8)

    def padded(self, bound: tuple[int, int], rows: np.ndarray) -> PaddedBatch:
        """Return sources (B, S), targets (B, T) and weights (B,), which are 0 for rows that only fill up."""
        size = self._size(bound)
        source, target = self.source.padded(rows, bound[0], size), self.target.padded(rows, bound[1], size)
        source[len(rows) :, 0] = source[0, 0]  # a network reads no source without any step
        return source, target, (np.arange(size) < len(rows)).astype(np.float32)


def shifted(targets: np.ndarray) -> np.ndarray:
    """Return what stands before each target (B, T): the target before it, at first the beginning."""
    return np.pad(targets[:, :-1], [(0, 0), (1, 0)], constant_values=BEGIN)


@dataclass(frozen=True)
class EpochBatches:
    """One epoch's batches, as a network is trained on them: see `Batches.padded`."""

    batches: Batches
    order: list[BatchRows]
    inputs: Callable[[np.ndarray, np.ndarray], Any]  # of sources and targets, what the network reads

    def __len__(self) -> int:
        return len(self.order)

    def __iter__(self) -> Iterator[tuple[Any, np.ndarray, np.ndarray]]:
        for bound, rows in self.order:
            source, target, weights = self.batches.padded(bound, rows)
            yield self.inputs(source, target), target, weights
