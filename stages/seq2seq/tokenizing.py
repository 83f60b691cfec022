"""Pairs → two vocabularies fitted on train alone, and train's pairs as ids."""

from pathlib import Path

import numpy as np
import pandas as pd

from stages.console import Problem
from stages.params import load
from stages.seq2seq.data import END, MULTIPLE, SIDES, UNKNOWN, Rows, Vocabularies, fit
from stages.seq2seq.params import Tokenizer

BATCH = 4096  # texts


def tokenize(dataset: str, prepared: Path, output: Path) -> tuple[dict, dict[str, np.ndarray]]:
    """Fit vocabularies on train and write train's pairs as ids into `output`.

    Returns:
        What is reported, and how many texts of a part and side have 0, 1, 2, … tokens.

    Raises:
        Problem: no pair is left to learn from, or there is but one token to write.
    """
    choices = load().dataset(dataset).tokenizer
    parts = {part: pairs_of(prepared / f"{part}.parquet") for part in ("train", "validation")}
    vocabularies = fit_both(parts["train"], choices)
    report = {"shared": choices.shared, "units": vocabularies.units}
    report["vocabulary"] = dict(zip(SIDES, vocabularies.sizes, strict=False))
    lengths = {}
    for part, pairs in parts.items():
        rows = {side: vocabularies.encode(side, pairs[side].tolist(), cut=False) for side in SIDES}
        counts = {side: np.array([len(row) for row in rows[side]]) for side in SIDES}
        report[part] = {side: _summary(rows[side], counts[side], vocabularies.maximum[side]) for side in SIDES}
        lengths |= {f"{part} {side}": np.bincount(counts[side]) for side in SIDES}
        if part == "train":
            kept, report["not_learned"] = learned(counts, vocabularies.maximum, choices.length_ratio)
            train = {side: Rows.gather([rows[side][pair] for pair in np.flatnonzero(kept)]) for side in SIDES}
    if not len(train["source"].lengths):
        raise Problem(f"no pair of {dataset} is left to learn from: raise tokenizer's maximum_length or length_ratio")
    longest = vocabularies.maximum["source"]
    usual = int(np.ceil(np.quantile(train["source"].lengths, 0.8) / MULTIPLE)) * MULTIPLE
    # Each length is compiled for every search: a shorter one must save more than that takes.
    vocabularies.lengths[:] = [usual, longest] if 2 * usual <= longest else [longest]
    output.mkdir()
    vocabularies.save(output / "vocabularies.json")
    for side, rows in train.items():
        np.save(output / f"train.{side}.ids.npy", rows.ids)
        np.save(output / f"train.{side}.offsets.npy", rows.offsets)
    report["learned"] = len(train["source"].lengths)
    return report, lengths


def pairs_of(path: Path) -> pd.DataFrame:
    """Return a part's pairs: columns source and target, a source repeated for each of its references."""
    table = pd.read_parquet(path, columns=["source", "targets"])
    return table.explode("targets", ignore_index=True).rename(columns={"targets": "target"})


def fit_both(pairs: pd.DataFrame, choices: Tokenizer) -> Vocabularies:
    """Return the vocabularies of pairs; shared, they are one, fitted on both sides.

    Raises:
        Problem: the target's vocabulary holds one token alone: there is nothing to choose.
    """
    sides = {"source": choices.target if choices.shared else choices.source, "target": choices.target}
    texts = {side: pairs[side].drop_duplicates().tolist() for side in SIDES}
    if choices.shared:
        both = [fit(_batches(texts["source"] + texts["target"]), choices.target, "target")] * 2
    else:
        both = [fit(_batches(texts[side]), own, side) for side, own in sides.items()]
    found = Vocabularies(
        *both,
        maximum={side: own.maximum_length for side, own in sides.items()},
        units={side: own.unit for side, own in sides.items()},
        lengths=[],
    )
    if found.sizes.target <= END + 2:
        raise Problem(
            f"the target's vocabulary holds one {choices.target.unit} alone, {found.tokens('target', [END + 1])[0]!r}: "
            "there is nothing to choose; look at the targets, or at tokenizer.target"
        )
    return found


def learned(counts: dict[str, np.ndarray], maximum: dict[str, int], ratio: float) -> tuple[np.ndarray, dict[str, int]]:
    """Return which pairs (pairs,) a model learns from, and how many it does not, by reason."""
    long = (counts["source"] > maximum["source"]) | (counts["target"] > maximum["target"])
    one, other = counts["source"] - 1, counts["target"] - 1  # without the end
    uneven = ~long & (np.maximum(one, other) > ratio * np.maximum(np.minimum(one, other), 1))
    reasons = {"longer than maximum_length": long, f"one side more than {ratio:g} times the other": uneven}
    return ~(long | uneven), {reason: int(chosen.sum()) for reason, chosen in reasons.items()}


def _batches(texts: list[str]):
    return (texts[start : start + BATCH] for start in range(0, len(texts), BATCH))


def _summary(rows: list[np.ndarray], counts: np.ndarray, maximum: int) -> dict:
    tokens = int(counts.sum())
    unknown = sum(int(np.count_nonzero(row == UNKNOWN)) for row in rows)
    return {
        "texts": len(rows),
        "tokens": tokens,
        "unknown_rate": unknown / max(tokens, 1),
        "longer": int((counts > maximum).sum()),
        "length_quantiles": {str(share): float(np.percentile(counts, share)) for share in (0, 25, 50, 75, 95, 100)},
    }
