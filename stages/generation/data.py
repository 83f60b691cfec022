"""Data of text generation: lossless tokens, windows as views, and batches that go on where the last one ended."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tokenizers
from tokenizers import Regex, decoders, models, pre_tokenizers, trainers

from stages.console import Problem, progress
from stages.files import read_json
from stages.generation.params import Window

UNKNOWN = "[UNK]"  # id 0
WORD = r"\w+|\s|[^\w\s]"  # whitespace is a token too: joined, the tokens are the text
CHUNK = 1 << 16  # characters that are encoded at a time


def fit(text: str, choices: Window) -> tokenizers.Tokenizer:
    """Return a tokenizer whose vocabulary is fitted on a text; tokens joined give the text again.

    Raises:
        Problem: the text has fewer than two units that are frequent enough.
    """
    special = [UNKNOWN]
    if choices.unit == "bpe":
        tokenizer = tokenizers.Tokenizer(models.BPE(unk_token=UNKNOWN))
        trainer = trainers.BpeTrainer(
            vocab_size=choices.vocabulary,
            min_frequency=choices.minimum_frequency,
            special_tokens=special,
            show_progress=False,
        )
        tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"\s?\w+|\s|[^\w\s]+"), behavior="isolated")
        tokenizer.train_from_iterator(_chunks(text), trainer)
    else:
        tokenizer = tokenizers.Tokenizer(models.WordLevel({UNKNOWN: 0}, unk_token=UNKNOWN))
        trainer = trainers.WordLevelTrainer(
            vocab_size=choices.vocabulary,
            min_frequency=choices.minimum_frequency,
            special_tokens=special,
            show_progress=False,
        )
        pattern = r"[\s\S]" if choices.unit == "character" else WORD
        tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(pattern), behavior="removed", invert=True)
        tokenizer.train_from_iterator(_chunks(text), trainer)
    tokenizer.decoder = decoders.Fuse()
    if tokenizer.get_vocab_size() <= 2:
        raise Problem(
            f"train has {tokenizer.get_vocab_size() - 1} {choices.unit}(s) that occur {choices.minimum_frequency} "
            "times: there is nothing to predict; add text, or lower window.minimum_frequency"
        )
    content = json.loads(tokenizer.to_str())
    content["added_tokens"] = []  # where a text holds the marker's own letters they are read as any others
    return tokenizers.Tokenizer.from_str(json.dumps(content))


def encode(tokenizer: tokenizers.Tokenizer, text: str) -> tuple[np.ndarray, np.ndarray]:
    """Return a text's ids (int32) and the characters that each stands for (int32), both (tokens,)."""
    ids, lengths = [], []
    for chunk in _chunks(text):
        encoding = tokenizer.encode(chunk)
        ids.append(np.asarray(encoding.ids, np.int32))
        lengths.append(np.diff(np.asarray(encoding.offsets, np.int32).reshape(-1, 2), axis=1)[:, 0])
    return np.concatenate([*ids, np.zeros(0, np.int32)]), np.concatenate([*lengths, np.zeros(0, np.int32)])


def _chunks(text: str) -> Iterator[str]:
    """Yield a text in pieces that end with a line where one is near, so that no word is torn."""
    start = 0
    with progress(total=len(text), desc="encode", unit="character", unit_scale=True) as bar:
        while start < len(text):
            end = text.rfind("\n", start, start + CHUNK) + 1 or start + CHUNK
            yield text[start:end]
            bar.update(end - start)
            start = end


@dataclass(frozen=True)
class Prepared:
    """What `window` wrote for one dataset."""

    folder: Path
    unit: str
    length: int  # tokens of a window
    newline: int  # id of what stands before the first token
    characters: int  # distinct ones in train

    @classmethod
    def open(cls, folder: Path) -> "Prepared":
        """Open the folder that `window` wrote."""
        return cls(folder, **read_json(folder / "meta.json"))

    def ids(self, part: str) -> np.ndarray:
        """Return the ids of train or validation; they stay on disk until they are used."""
        return np.load(self.folder / f"{part}.ids.npy", mmap_mode="r")

    def lengths(self, part: str) -> np.ndarray:
        """Return how many characters each token stands for."""
        return np.load(self.folder / f"{part}.lengths.npy", mmap_mode="r")

    def starts(self, part: str) -> np.ndarray:
        """Return where the windows of train or validation start."""
        return np.load(self.folder / f"{part}.starts.npy", mmap_mode="r")

    def tokenizer(self) -> tokenizers.Tokenizer:
        """Return the vocabulary."""
        return tokenizers.Tokenizer.from_file(str(self.folder / "tokenizer.json"))


def spelling_bits(ids: np.ndarray, lengths: np.ndarray, unit: str, characters: int) -> np.ndarray:
    """Return what it costs, beside the marker itself, to say what an unknown token is, (tokens,) bits.

    An unknown word is spelled, each character one of train's or an unknown one with equal chances; otherwise a model
    with few words would seem good for not saying which word it is. An unknown character costs its marker alone.
    """
    return np.where(ids == 0, 0.0 if unit == "character" else lengths * np.log2(characters + 1), 0.0)


def window_starts(tokens: int, length: int) -> np.ndarray:
    """Return the starts of windows of `length` inputs, and one target more, that follow each other."""
    return np.arange(0, max(tokens - length, 0), length, dtype=np.int64)


@dataclass(frozen=True)
class Steps:
    """The batches (inputs (B, T), targets (B, T), weights (B,)) of some steps of training.

    Stateful: row b reads its own stretch of the text, window after window, and begins anew when it has read it all.
    Otherwise the windows are drawn anew in each epoch.
    """

    ids: np.ndarray
    starts: np.ndarray  # (windows,)
    length: int
    batch_size: int
    steps: range  # counted from the beginning of training
    order: np.random.Generator | None  # None: stateful

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        rows = min(self.batch_size, len(self.starts))
        stretch = len(self.starts) // rows
        for step in self.steps:
            if self.order is None:
                chosen = np.arange(rows) * stretch + step % stretch
            else:
                chosen = self.order.choice(len(self.starts), rows, replace=False)
            found = self.ids[self.starts[chosen][:, None] + np.arange(self.length + 1)]  # (B, T + 1)
            yield found[:, :-1], found[:, 1:], np.ones(rows, np.float32)
