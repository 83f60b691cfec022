"""The checks for leaks between parts of texts and in what was fitted on them.

Nothing of `split` or of `tokenize`'s fitting is used here: an error there must not hide itself.
"""

import json
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from tokenizers import Tokenizer

from stages.config.dataset import Dataset
from stages.config.schema import PARTS, Part
from stages.tasks.base import Findings
from stages.tasks.classification.config import SplitConfig, TokenizerConfig
from stages.tasks.classification.label_checks import empty_parts_or_labels, foreign_labels, stratification
from stages.tasks.classification.modeling.texts import PreparedTexts
from stages.tasks.leakage import content

LISTED = 5  # offending rows that a finding names
BATCH = 4096  # texts


def check_leaks(dataset: Dataset) -> Findings:
    """Return a line for every leak, by check."""
    split, config = dataset.params("split", SplitConfig), dataset.params("tokenizer", TokenizerConfig)
    prepared = PreparedTexts.open(dataset.prepared / "tokens")
    parts = {name: pd.read_parquet(dataset.part(name)) for name in PARTS}
    official = set(pd.read_parquet(dataset.table, columns=["part"])["part"].dropna())
    train = parts["train"]
    return {
        "shared_texts": shared_texts(parts),
        "empty_parts_or_labels": empty_parts_or_labels(parts, split.rare_below, official),
        "stratification": stratification(parts, split.tolerance, official),
        "labels": foreign_labels(train, prepared.labels),
        "vocabulary": foreign_tokens(train["text"], prepared.preprocessor.tokenizer, config.minimum_frequency),
    }


def shared_texts(parts: Mapping[Part, pd.DataFrame]) -> list[str]:
    """Return a line for every pair of parts that share a text, case, spacing and punctuation aside."""
    plain = {name: part.set_index(part["text"].map(content))["id"] for name, part in parts.items()}
    lines = []
    for one, other in combinations(parts, 2):
        shared = plain[one].index.intersection(plain[other].index).unique()
        if len(shared):
            rows = [f"{plain[one][[text]].iloc[0]} = {plain[other][[text]].iloc[0]}" for text in shared[:LISTED]]
            lines.append(f"{one} and {other} share {len(shared)} text(s), rows {_shortened(rows, len(shared))}")
    return lines


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
    foreign = sorted({str(tokenizer.id_to_token(int(number))) for number in scarce} - excused)
    if not foreign:
        return []
    listed = _shortened([repr(token) for token in foreign], len(foreign))
    return [f"{len(foreign)} token(s) were not fitted on train: {listed}"]


def _shortened(items: Sequence[str], count: int) -> str:
    return ", ".join(items[:LISTED]) + (f" and {count - LISTED} more" if count > LISTED else "")
