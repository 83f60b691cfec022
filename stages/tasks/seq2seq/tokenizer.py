"""Pairs → two vocabularies fitted on train alone, and train's pairs as ids."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tokenizers
from tokenizers import Regex, decoders, normalizers, pre_tokenizers

from stages.config.dataset import Dataset
from stages.config.schema import Part
from stages.data.scripts import isolate_characters, script_remarks, unknown_remarks
from stages.data.vocabulary import fit_vocabulary
from stages.runtime.errors import UserError
from stages.tasks.base import Preparation
from stages.tasks.seq2seq.config import Side, Tokenizer
from stages.tasks.seq2seq.modeling.data import (
    END,
    MARKERS,
    MULTIPLE,
    SIDES,
    SPACE,
    UNKNOWN,
    Rows,
    Vocabularies,
    read_tokens,
)

BATCH = 4096  # texts
LEFT_OUT = 0.1  # of train's pairs: where more are not learned from, a remark is due
PREPARED: tuple[Part, ...] = ("train", "validation")


def prepare(dataset: Dataset, output: Path) -> Preparation:
    """Fit vocabularies on train and write train's pairs as ids into `output`.

    Raises:
        UserError: no pair is left to learn from, or there is but one token to write.
    """
    config = dataset.params("tokenizer", Tokenizer)
    parts = {part: pairs_of(dataset.part(part)) for part in PREPARED}
    vocabularies = fit_both(parts["train"], config)
    report: dict[str, Any] = {"shared": config.shared, "units": vocabularies.units}
    report["vocabulary"] = {side: vocabularies.tokenizer(side).get_vocab_size() for side in SIDES}
    encoders = {"source": vocabularies.encode_sources, "target": vocabularies.encode_targets}
    ids = {
        (part, side): encode(parts[part][side].tolist(), cut=False)
        for part in parts
        for side, encode in encoders.items()
    }
    counts = {key: np.array([len(row) for row in rows]) for key, rows in ids.items()}
    for part in PREPARED:
        summaries = {side: _summary(ids[part, side], counts[part, side], vocabularies.maximum[side]) for side in SIDES}
        report[part] = summaries
    train_counts = {side: counts["train", side] for side in SIDES}
    kept, report["not_learned"] = learned(train_counts, vocabularies.maximum, config.length_ratio)
    train = {side: Rows.gather([ids["train", side][pair] for pair in np.flatnonzero(kept)]) for side in SIDES}
    if not kept.any():
        raise UserError(
            f"no pair of {dataset.name} is left to learn from: raise {dataset.key('tokenizer')}'s maximum_length or "
            "length_ratio"
        )
    vocabularies.lengths[:] = padded_lengths(train["source"].lengths, vocabularies.maximum["source"])
    write_train(output, vocabularies, train)
    report["learned"] = int(kept.sum())
    lengths = {f"{part} {side}": np.bincount(count) for (part, side), count in counts.items()}
    tokens, texts = sum(int(count.sum()) for count in counts.values()), sum(map(len, counts.values()))
    remarks = [remark for side in SIDES for remark in _remarks(side, parts["train"], report, dataset)]
    remarks += _not_learned(report, dataset)
    return Preparation(report, f"{tokens} tokens in {texts} texts", lengths, remarks)


def _remarks(side: str, train: pd.DataFrame, report: dict[str, Any], dataset: Dataset) -> list[str]:
    """Return what there is to say of a side's unit."""
    unit, key = report["units"][side], dataset.key(f"tokenizer.{'target' if report['shared'] else side}.unit")
    unknown = {f"validation's {side}": report["validation"][side]["unknown_rate"]}
    remarks = script_remarks(_batches(train[side].drop_duplicates().tolist()), unit, key)
    return [f"{side}: {remark}" for remark in remarks] + unknown_remarks(unknown, unit, key)


def _not_learned(report: dict[str, Any], dataset: Dataset) -> list[str]:
    """Return a remark if a large share of train's pairs is not learned from."""
    left_out = sum(report["not_learned"].values())
    pairs = left_out + report["learned"]
    if left_out <= LEFT_OUT * pairs:
        return []
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in report["not_learned"].items() if count)
    key = dataset.key("tokenizer")
    return [
        f"{left_out:,} of train's {pairs:,} pairs are not learned from ({reasons}): raise {key}'s maximum_length or "
        "length_ratio to use them"
    ]


def padded_lengths(lengths: np.ndarray, longest: int) -> list[int]:
    """Return the one or two lengths that networks pad sources to, given train's.

    Each length is compiled for every search: a shorter one must save more than that takes.
    """
    usual = int(np.ceil(np.quantile(lengths, 0.8) / MULTIPLE)) * MULTIPLE
    return [usual, longest] if 2 * usual <= longest else [longest]


def write_train(output: Path, vocabularies: Vocabularies, train: dict[str, Rows]) -> None:
    """Write the vocabularies and train's ids into a new folder."""
    output.mkdir()
    vocabularies.save(output / "vocabularies.json")
    for side, rows in train.items():
        np.save(output / f"train.{side}.values.npy", rows.values)
        np.save(output / f"train.{side}.offsets.npy", rows.offsets)


def pairs_of(path: Path) -> pd.DataFrame:
    """Return a part's pairs: columns source and target, a source repeated for each of its references."""
    table = pd.read_parquet(path, columns=["source", "targets"])
    return table.explode("targets", ignore_index=True).rename(columns={"targets": "target"})


def fit_both(pairs: pd.DataFrame, config: Tokenizer) -> Vocabularies:
    """Return the vocabularies of pairs; shared, they are one, fitted on both sides.

    Raises:
        UserError: the target's vocabulary holds one token alone: there is nothing to choose.
    """
    sides = {"source": config.target if config.shared else config.source, "target": config.target}
    texts = {side: pairs[side].drop_duplicates().tolist() for side in SIDES}
    if config.shared:
        source = target = fit_tokenizer(_batches(texts["source"] + texts["target"]), config.target, "target")
    else:
        source, target = (fit_tokenizer(_batches(texts[side]), sides[side], side) for side in SIDES)
    refuse_one_token(target, config.target.unit)
    return Vocabularies(
        source=source,
        target=target,
        maximum={side: choice.maximum_length for side, choice in sides.items()},
        units={side: choice.unit for side, choice in sides.items()},
        lengths=[],
    )


def refuse_one_token(target: tokenizers.Tokenizer, unit: str) -> None:
    """Refuse a vocabulary of targets that leaves nothing to choose.

    Raises:
        UserError: it holds one token alone.
    """
    if target.get_vocab_size() <= END + 2:
        (only,) = read_tokens(target, np.array([END + 1]))
        raise UserError(
            f"the target's vocabulary holds one {unit} alone, {only!r}: "
            "there is nothing to choose; look at the targets, or at tokenizer.target"
        )


def learned(counts: dict[str, np.ndarray], maximum: dict[str, int], ratio: float) -> tuple[np.ndarray, dict[str, int]]:
    """Return which pairs (pairs,) a model learns from, and how many it does not, by reason."""
    long = (counts["source"] > maximum["source"]) | (counts["target"] > maximum["target"])
    one, other = counts["source"] - 1, counts["target"] - 1  # without the end
    uneven = ~long & (np.maximum(one, other) > ratio * np.maximum(np.minimum(one, other), 1))
    reasons = {"longer than maximum_length": long, f"one side more than {ratio:g} times the other": uneven}
    return ~(long | uneven), {reason: int(pairs.sum()) for reason, pairs in reasons.items()}


def _batches(texts: list[str]) -> Iterator[list[str]]:
    return (texts[start : start + BATCH] for start in range(0, len(texts), BATCH))


def _summary(rows: list[np.ndarray], counts: np.ndarray, maximum: int) -> dict[str, Any]:
    tokens = int(counts.sum())
    unknown = sum(int(np.count_nonzero(row == UNKNOWN)) for row in rows)
    return {
        "texts": len(rows),
        "tokens": tokens,
        "unknown_rate": unknown / max(tokens, 1),
        "longer": int((counts > maximum).sum()),
        "length_quantiles": {str(share): float(np.percentile(counts, share)) for share in (0, 25, 50, 75, 95, 100)},
    }


def fit_tokenizer(batches: Iterable[list[str]], config: Side, side: str) -> tokenizers.Tokenizer:
    """Return a tokenizer whose vocabulary is fitted on texts; decoded, tokens give the text again.

    Raises:
        UserError: the texts hold no unit that is frequent enough, or more characters than byte-pair encoding may have.
    """
    cased: list[normalizers.Normalizer] = [normalizers.Lowercase()] if config.lowercase else []
    steps = [normalizers.NFC(), *cased, normalizers.Replace(Regex(r"\s+"), " ")]
    pre_tokenizer: pre_tokenizers.PreTokenizer
    decoder: decoders.Decoder
    if config.unit == "character":
        pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), behavior="isolated")
        decoder = decoders.Fuse()
    else:
        marks = pre_tokenizers.Split(Regex(rf"[^\w{SPACE}]"), behavior="isolated")
        characters = [isolate_characters(f"{SPACE}?")] if config.unit == "word" else []
        pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Metaspace(), *characters, marks])
        decoder = decoders.Metaspace()
    tokenizer = fit_vocabulary(batches, config, MARKERS, pre_tokenizer, normalizers.Sequence(steps), decoder)
    _refuse_size(tokenizer.get_vocab_size(), config, side)
    return tokenizer


def _refuse_size(size: int, config: Side, side: str) -> None:
    if size <= len(MARKERS):
        raise UserError(
            f"the vocabulary is empty: no {config.unit} of train's {side} occurs {config.minimum_frequency} times; "
            f"lower tokenizer.{side}.minimum_frequency"
        )
    if size > config.vocabulary:  # byte-pair encoding keeps every character
        raise UserError(
            f"tokenizer.{side}.vocabulary is {config.vocabulary}, but the characters of train and the "
            f"{len(MARKERS)} markers alone are {size}: raise it, or use the unit word"
        )
