"""The checks for leaks between parts of texts and in what was fitted on them.

Nothing of `split` or of `tokenize`'s fitting is used here: an error there must not hide itself.
"""

import json
import unicodedata
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from tokenizers import Tokenizer

from stages.classification.data import Prepared
from stages.params import load

PARTS = ("train", "validation", "test")
SHOWN = 5  # offending rows that a finding names
BATCH = 4096  # texts


def findings(dataset: str) -> tuple[dict[str, list[str]], dict[str, int]]:
    """Return a line for every leak, by check, and the rows of every part."""
    choices = load().dataset(dataset)
    folder = Path("data/prepared", dataset)
    fitted = Prepared.open(folder / "tokens")
    parts = {name: pd.read_parquet(folder / f"{name}.parquet") for name in PARTS}
    train = parts["train"]
    found = {
        "shared_texts": shared_texts(parts),
        "empty_parts_or_labels": empty_parts_or_labels(parts),
        "stratification": stratification(parts, choices.split.tolerance, official=_official(folder)),
        "labels": foreign_labels(train, fitted.labels),
        "vocabulary": foreign_tokens(train["text"], fitted.tokenizer(), choices.tokenizer.minimum_frequency),
    }
    return found, {name: len(part) for name, part in parts.items()}


def shared_texts(parts: dict[str, pd.DataFrame]) -> list[str]:
    """Return a line for every pair of parts that share a text, case, spacing and punctuation aside."""
    plain = {name: part.set_index(part["text"].map(_letters))["id"] for name, part in parts.items()}
    lines = []
    for one, other in combinations(parts, 2):
        shared = plain[one].index.intersection(plain[other].index).unique()
        if len(shared):
            rows = [f"{plain[one][[text]].iloc[0]} = {plain[other][[text]].iloc[0]}" for text in shared[:SHOWN]]
            lines.append(f"{one} and {other} share {len(shared)} text(s), rows {_list(rows, len(shared))}")
    return lines


def empty_parts_or_labels(parts: dict[str, pd.DataFrame]) -> list[str]:
    """Return a line for every part without rows and every label that a part lacks."""
    labels = sorted(set().union(*(part["label"] for part in parts.values())))
    lines = [f"{name} is empty" for name, part in parts.items() if part.empty]
    for name, part in parts.items():
        lacking = sorted(set(labels) - set(part["label"])) if len(part) else []
        if lacking:
            lines.append(
                f"{name} has no row with the label {', '.join(map(repr, lacking))}: "
                "change the shares or the salt under split, or merge rare labels"
            )
    return lines


def stratification(parts: dict[str, pd.DataFrame], tolerance: float, official: set[str]) -> list[str]:
    """Return a line for every label whose share in a drawn part is further from its share in train than allowed.

    Beside the tolerance, three standard errors of a share in a random part of that size are allowed, since the
    parts are drawn by hash. Official parts are as they are.
    """
    shares = {name: part["label"].value_counts(normalize=True) for name, part in parts.items() if len(part)}
    lines = []
    for name in set(shares) - official - {"train"} if "train" in shares else ():
        expected = shares["train"].reindex(shares["train"].index.union(shares[name].index), fill_value=0)
        error = np.sqrt(expected * (1 - expected) / len(parts[name]))
        gap = (shares[name].reindex(expected.index, fill_value=0) - expected).abs()
        for label in gap.index[gap > tolerance + 3 * error]:
            lines.append(
                f"{name}: label '{label}' has a share {gap[label]:.3f} away from train's {expected[label]:.3f}"
            )
    return sorted(lines)


def foreign_labels(train: pd.DataFrame, labels: list[str]) -> list[str]:
    """Return a line if the fitted label set is not that of train."""
    own = sorted(train["label"].unique())
    return [] if own == labels else [f"fitted labels {labels} are not train's {own}"]


def foreign_tokens(texts: pd.Series, tokenizer: Tokenizer, minimum: int) -> list[str]:
    """Return a line if the vocabulary holds what train does not, or not often enough.

    Train is encoded again, uncut: every token must come up, unless byte-pair encoding made it on the way to a
    longer one. Whole words and characters must come up as often as the minimum says.
    """
    counts = np.zeros(tokenizer.get_vocab_size(), np.int64)
    for start in range(0, len(texts), BATCH):
        encodings = tokenizer.encode_batch_fast(texts.iloc[start : start + BATCH].tolist())
        ids = [number for encoding in encodings for number in encoding.ids]
        counts += np.bincount(np.array(ids, np.int64), minlength=len(counts))
    content = json.loads(tokenizer.to_str())
    merges = content["model"].get("merges")
    excused = {"[PAD]", "[UNK]"} | {part for pair in merges or [] for part in pair}
    scarce = np.flatnonzero(counts < (minimum if merges is None else 1))
    foreign = sorted({tokenizer.id_to_token(number) for number in scarce} - excused)
    if not foreign:
        return []
    return [
        f"{len(foreign)} token(s) were not fitted on train: {_list([repr(token) for token in foreign], len(foreign))}"
    ]


def _official(folder: Path) -> set[str]:
    return set(pd.read_parquet(folder / "table.parquet", columns=["part"])["part"].dropna())


def _letters(text: str) -> str:
    """Return a text's words in lower case, one space between them; a text without any keeps its signs."""
    whole = unicodedata.normalize("NFC", text).casefold()
    kept = (char if unicodedata.category(char)[0] in "LNM" else " " for char in whole)
    return " ".join("".join(kept).split()) or text.strip()


def _list(items: list[str], count: int) -> str:
    return ", ".join(items[:SHOWN]) + (f" and {count - SHOWN} more" if count > SHOWN else "")
