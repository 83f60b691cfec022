"""Data of text generation: lossless tokens, windows as views, and batches that go on where the last one ended."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import tokenizers

from stages.runtime.files import read_json
from stages.runtime.progress import progress
from stages.tasks.generation.modeling.contract import Shape

UNKNOWN = "[UNK]"  # id 0
CHUNK = 1 << 16  # characters that are encoded at a time
PreparedPart = Literal["train", "validation"]
PREPARED_PARTS: tuple[PreparedPart, ...] = get_args(PreparedPart)


def encode(tokenizer: tokenizers.Tokenizer, text: str) -> tuple[np.ndarray, np.ndarray]:
    """Return a text's ids (int32) and the characters that each stands for (int32), both (tokens,)."""
    ids, lengths = [np.zeros(0, np.int32)], [np.zeros(0, np.int32)]
    for chunk in text_chunks(text):
        encoding = tokenizer.encode(chunk)
        ids.append(np.asarray(encoding.ids, np.int32))
        lengths.append(np.diff(np.asarray(encoding.offsets, np.int32).reshape(-1, 2), axis=1)[:, 0])
    return np.concatenate(ids), np.concatenate(lengths)


def text_chunks(text: str) -> Iterator[str]:
    """Yield a text in chunks that end with a line where one is near, so that no word is torn."""
    start = 0
    with progress(total=len(text), desc="encode", unit="character", unit_scale=True) as bar:
        while start < len(text):
            end = text.rfind("\n", start, start + CHUNK) + 1 or start + CHUNK
            yield text[start:end]
            bar.update(end - start)
            start = end


@dataclass(frozen=True)
class WindowMeta:
    """What ids and windows of a dataset mean: meta.json."""

    unit: str
    length: int  # tokens of a window
    newline: int  # id of what stands before the first token
    characters: int  # distinct ones in train

    def spelling_bits(self, ids: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Return what it costs, beside the marker itself, to say what an unknown token is, (tokens,) bits.

        An unknown word is spelled: each character is one of train's or an unknown one, and an end follows the last, all
        with equal probabilities. Otherwise a model with few words would seem good for not saying which word it is, and
        without the end the spellings of all lengths together would have a probability above 1. An unknown character
        costs its marker alone.
        """
        per_symbol = 0.0 if self.unit == "character" else np.log2(self.characters + 2)
        return np.where(ids == 0, (lengths + 1) * per_symbol, 0.0)


@dataclass(frozen=True)
class Prepared:
    """What `window` wrote for one dataset."""

    folder: Path
    meta: WindowMeta

    @classmethod
    def open(cls, folder: Path) -> "Prepared":
        """Open the folder that `window` wrote."""
        return cls(folder, WindowMeta(**read_json(folder / "meta.json")))

    def ids(self, part: PreparedPart) -> np.ndarray:
        """Return the ids of train or validation; they stay on disk until they are used."""
        return self._array(part, "ids")

    def lengths(self, part: PreparedPart) -> np.ndarray:
        """Return how many characters each token stands for."""
        return self._array(part, "lengths")

    def starts(self, part: PreparedPart) -> np.ndarray:
        """Return where the windows of train or validation start."""
        return self._array(part, "starts")

    def tokenizer(self) -> tokenizers.Tokenizer:
        """Return the vocabulary."""
        return tokenizers.Tokenizer.from_file(str(self.folder / "tokenizer.json"))

    @cached_property
    def shape(self) -> Shape:
        """What a model has to know of the vocabulary."""
        return Shape(self.tokenizer().get_vocab_size(), self.meta.newline)

    def _array(self, part: PreparedPart, name: str) -> np.ndarray:
        array: np.ndarray = np.load(self.folder / f"{part}.{name}.npy", mmap_mode="r")
        return array


def window_starts(tokens: int, length: int) -> np.ndarray:
    """Return the starts of windows of `length` inputs, and one more target, that follow each other."""
    return np.arange(0, max(tokens - length, 0), length, dtype=np.int64)


@dataclass(frozen=True)
class Batches:
    """The batches (inputs (B, T), targets (B, T), weights (B,)) of some steps of training.

    Stateful: row b reads its own stretch of the text, window after window, and begins anew when it has read it all.
    Otherwise the windows are drawn anew in each epoch.
    """

    ids: np.ndarray
    starts: np.ndarray  # (windows,)
    length: int
    batch_size: int
    steps: range  # counted from the beginning of training
    rng: np.random.Generator | None  # draws the windows; None: stateful

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        rows = min(self.batch_size, len(self.starts))
        stretch = len(self.starts) // rows
        for step in self.steps:
            if self.rng is None:
                selected = np.arange(rows) * stretch + step % stretch
            else:
                selected = self.rng.choice(len(self.starts), rows, replace=False)
            windows = self.ids[self.starts[selected][:, None] + np.arange(self.length + 1)]  # (B, T + 1)
            yield windows[:, :-1], windows[:, 1:], np.ones(rows, np.float32)
