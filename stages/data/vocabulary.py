"""Vocabularies of words, characters or byte pairs, fitted by the `tokenizers` library."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Literal, Protocol

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

Unit = Literal["word", "bpe", "character"]


class VocabularyConfig(Protocol):
    """The keys that say what a vocabulary holds."""

    @property
    def unit(self) -> Unit:
        """What a token is."""

    @property
    def vocabulary(self) -> int:
        """The most tokens, markers included."""

    @property
    def minimum_frequency(self) -> int:
        """Rarer units are unknown."""


def fit_vocabulary(
    batches: Iterable[str] | Iterable[list[str]],
    config: VocabularyConfig,
    markers: Sequence[str],
    pre_tokenizer: pre_tokenizers.PreTokenizer,
    normalizer: normalizers.Normalizer | None = None,
    decoder: decoders.Decoder | None = None,
) -> Tokenizer:
    """Return a tokenizer whose vocabulary is fitted on texts; the same texts give the same vocabulary.

    Where a text holds the letters of a marker, they are read as any others.

    Args:
        batches: the texts.
        config: what the vocabulary holds.
        markers: tokens that are no part of a text, whose ids are 0, 1, …; [UNK] is among them.
        pre_tokenizer: how a text is cut before it is counted; the units themselves, but for byte pairs.
        normalizer: what is done to a text before.
        decoder: how tokens become a text again.
    """
    options: dict[str, Any] = {"vocab_size": config.vocabulary, "min_frequency": config.minimum_frequency}
    options |= {"special_tokens": list(markers), "show_progress": False}
    if config.unit == "bpe":
        tokenizer = Tokenizer(models.BPE(unk_token="[UNK]"))
        trainer: trainers.Trainer = trainers.BpeTrainer(**options)
    else:
        tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
        trainer = trainers.WordLevelTrainer(**options)
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    if decoder is not None:
        tokenizer.decoder = decoder
    tokenizer.train_from_iterator(batches, trainer)
    content = json.loads(tokenizer.to_str())
    content["added_tokens"] = []
    return Tokenizer.from_str(json.dumps(content))


def word_level(
    units: Sequence[str],
    markers: Sequence[str],
    pre_tokenizer: pre_tokenizers.PreTokenizer,
    decoder: decoders.Decoder,
) -> Tokenizer:
    """Return a tokenizer whose tokens are `markers` and then `units`; see `fit_vocabulary`."""
    ids = {token: number for number, token in enumerate((*markers, *units))}
    tokenizer = Tokenizer(models.WordLevel(ids, unk_token="[UNK]"))
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizer, decoder
    return tokenizer
