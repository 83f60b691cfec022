"""Running text → a vocabulary fitted on train alone, one array of ids per part, and where its windows start."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Regex, Tokenizer, decoders, pre_tokenizers

from stages.config.dataset import Dataset
from stages.data.arrays import GrowingArray
from stages.data.scripts import isolate_characters, script_remarks, unknown_remarks
from stages.data.vocabulary import fit_vocabulary, word_level
from stages.runtime.errors import UserError
from stages.runtime.files import write_json, write_text
from stages.tasks.base import Preparation
from stages.tasks.generation.config import WindowConfig
from stages.tasks.generation.modeling.data import (
    PREPARED_PARTS,
    UNKNOWN,
    PreparedPart,
    WindowMeta,
    window_starts,
)
from stages.tasks.generation.spans import character_codes
from stages.tasks.generation.texts import PartText

WORD = r"\w+|\s|[^\w\s]"  # whitespace is a token too: joined, the tokens are the text
TOGETHER = 16  # chunks that are encoded at a time, side by side


def prepare(dataset: Dataset, output: Path) -> Preparation:
    """Write a dataset's vocabulary, ids and windows into the new folder `output`.

    The texts are read in chunks: what is held of them in memory at a time is one work, encoded as it lies on disk.

    Raises:
        UserError: a part is too short for one window, or there is nothing to predict.
    """
    config = dataset.params("window", WindowConfig)
    train = PartText(dataset.part("train"))
    tokenizer, characters = fit_tokenizer(train, config)
    output.mkdir()
    write_text(output / "tokenizer.json", tokenizer.to_str(pretty=True))
    meta = WindowMeta(config.unit, config.length, tokenizer.token_to_id("\n") or 0, characters)
    write_json(output / "meta.json", asdict(meta))
    parts = {part: _write_part(dataset, output, tokenizer, part, meta) for part in PREPARED_PARTS}
    windows = ", ".join(f"{numbers['windows']} windows in {part}" for part, numbers in parts.items())
    report = {"unit": config.unit, "vocabulary": tokenizer.get_vocab_size()} | parts
    key = dataset.key("window.unit")
    remarks = script_remarks(([chunk] for chunk in train), config.unit, key)
    remarks += unknown_remarks({"validation": parts["validation"]["unknown_rate"]}, config.unit, key)
    return Preparation(report, windows, remarks=remarks)


def _write_part(
    dataset: Dataset, output: Path, tokenizer: Tokenizer, part: PreparedPart, meta: WindowMeta
) -> dict[str, Any]:
    """Write a part's arrays; return what the report says about it."""
    unknown = characters = 0
    encoded = _encoded_characters if meta.unit == "character" else _encoded_words
    with (
        GrowingArray(output / f"{part}.ids.npy") as ids,
        GrowingArray(output / f"{part}.lengths.npy") as lengths,
    ):
        for some_ids, some_lengths in encoded(tokenizer, PartText(dataset.part(part))):
            ids.append(some_ids)
            lengths.append(some_lengths)
            unknown += int(np.count_nonzero(some_ids == 0))
            characters += int(some_lengths.sum())
    starts = window_starts(ids.length, meta.length)
    if not len(starts):
        raise UserError(
            f"{part} of {dataset.name} has {ids.length} tokens, too few for one window of {meta.length} and a "
            f"target: add text, or lower {dataset.key('window.length')}"
        )
    np.save(output / f"{part}.starts.npy", starts)
    sizes = {"characters": characters, "tokens": ids.length, "windows": len(starts)}
    return sizes | {"unknown_rate": unknown / ids.length}


def _encoded_words(tokenizer: Tokenizer, text: PartText) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield ids and the characters that each stands for, both (tokens,) int32, as `encode` returns them."""
    chunks = iter(text)
    while some := list(islice(chunks, TOGETHER)):
        for encoding in tokenizer.encode_batch(some):
            offsets = np.asarray(encoding.offsets, np.int32).reshape(-1, 2)
            yield np.asarray(encoding.ids, np.int32), offsets[:, 1] - offsets[:, 0]


def _encoded_characters(tokenizer: Tokenizer, text: PartText) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the same where each character is a token: its id stands in a table at the place of its code."""
    codes = {ord(token): number for token, number in tokenizer.get_vocab().items() if len(token) == 1}
    table = np.zeros(max(codes) + 2, np.int32)  # the last one is for all characters beyond
    table[list(codes)] = list(codes.values())
    for chunk in text:
        ids = table[np.minimum(character_codes(chunk), len(table) - 1)]
        yield ids, np.ones(len(ids), np.int32)


def fit_tokenizer(text: Iterable[str], config: WindowConfig) -> tuple[Tokenizer, int]:
    """Return a tokenizer whose vocabulary is fitted on a text, and how many characters differ in that.

    Tokens joined give the text again.

    Args:
        text: in chunks.
        config: what a token is, and how many there are.

    Raises:
        UserError: the text has fewer than two units that are frequent enough, or more characters than byte-pair
            encoding may have.
    """
    counts = CharacterCounts()
    if config.unit == "character":
        for chunk in text:
            counts.add(chunk)
        # Each character as often as it stands there would take the library a minute for 100 MB.
        tokenizer = word_level(counts.most_common(config), [UNKNOWN], _pre_tokenizer(config), decoder=decoders.Fuse())
    else:
        chunks = counts.counted(text)
        tokenizer = fit_vocabulary(chunks, config, [UNKNOWN], _pre_tokenizer(config), decoder=decoders.Fuse())
    if tokenizer.get_vocab_size() <= 2:
        raise UserError(
            f"train has {tokenizer.get_vocab_size() - 1} {config.unit}(s) that occur {config.minimum_frequency} "
            "times: there is nothing to predict; add text, or lower window.minimum_frequency"
        )
    if tokenizer.get_vocab_size() > config.vocabulary:  # byte-pair encoding keeps every character
        raise UserError(
            f"window.vocabulary is {config.vocabulary}, but the characters of train and [UNK] alone are "
            f"{tokenizer.get_vocab_size()}: raise it, or use the unit word"
        )
    return tokenizer, counts.distinct


def _pre_tokenizer(config: WindowConfig) -> pre_tokenizers.PreTokenizer:
    if config.unit == "bpe":
        return pre_tokenizers.Split(Regex(r"\s?\w+|\s|[^\w\s]+"), behavior="isolated")
    pattern = r"[\s\S]" if config.unit == "character" else WORD
    units = pre_tokenizers.Split(Regex(pattern), behavior="removed", invert=True)
    return units if config.unit == "character" else pre_tokenizers.Sequence([isolate_characters(), units])


class CharacterCounts:
    """How often each character stands in a text that is read in chunks."""

    def __init__(self) -> None:
        """Begin with none."""
        self._counts = np.zeros(0, np.int64)  # at the place of the character's code

    @property
    def distinct(self) -> int:
        """How many characters differ."""
        return int(np.count_nonzero(self._counts))

    def add(self, chunk: str) -> None:
        """Count a chunk's."""
        counts = np.bincount(character_codes(chunk).view(np.int64), minlength=len(self._counts))
        counts[: len(self._counts)] += self._counts
        self._counts = counts

    def counted(self, chunks: Iterable[str]) -> Iterator[str]:
        """Yield chunks, and count them."""
        for chunk in chunks:
            self.add(chunk)
            yield chunk

    def most_common(self, config: WindowConfig) -> list[str]:
        """Return the characters of a vocabulary, the most frequent first, of equally frequent ones the lowest code."""
        order = np.argsort(-self._counts, kind="stable")
        frequent = order[self._counts[order] >= max(config.minimum_frequency, 1)]
        return [chr(code) for code in frequent[: config.vocabulary - 1]]
