"""The checks for leaks between parts of questions, and in what was fitted on them.

Nothing of `split` or of `tokenize`'s fitting is used here: an error there must not hide itself.
"""

from collections.abc import Mapping
from itertools import combinations

import pandas as pd

from stages.config.dataset import Dataset
from stages.config.schema import PARTS, Part
from stages.tasks.base import Findings
from stages.tasks.classification.config import TokenizerConfig
from stages.tasks.classification.label_checks import foreign_labels
from stages.tasks.classification.leakage import foreign_tokens
from stages.tasks.leakage import content
from stages.tasks.questions.modeling.questions import PreparedQuestions
from stages.tasks.signal_leakage import shortened


def check_leaks(dataset: Dataset) -> Findings:
    """Return a line for every leak, by check."""
    config = dataset.params("tokenizer", TokenizerConfig)
    prepared = PreparedQuestions.open(dataset.prepared / "tokens")
    parts = {name: pd.read_parquet(dataset.part(name)) for name in PARTS}
    table = pd.read_parquet(dataset.table, columns=["id", "part"]).dropna()
    official = dict(zip(table["id"], table["part"], strict=True))
    return {
        "shared_stories": shared_stories(parts),
        "empty_parts": [f"{name} is empty" for name, part in parts.items() if part.empty],
        "official_parts": moved(parts, official),
        "labels": foreign_labels(parts["train"], prepared.labels),
        "vocabulary": foreign_tokens(parts["train"]["text"], prepared.preprocessor.tokenizer, config.minimum_frequency),
    }


def shared_stories(parts: Mapping[Part, pd.DataFrame]) -> list[str]:
    """Return a line for every pair of parts with questions about the same story; case and punctuation aside."""
    known = {
        name: dict(zip(part["text"].str.partition("\n")[2].map(content), part["id"], strict=True))
        for name, part in parts.items()
    }
    lines = []
    for one, other in combinations(parts, 2):
        if shared := sorted(known[one].keys() & known[other].keys()):
            rows = shortened([f"{known[one][story]} = {known[other][story]}" for story in shared])
            lines.append(f"{one} and {other} share {len(shared)} story or stories, rows {rows}")
    return lines


def moved(parts: Mapping[Part, pd.DataFrame], official: Mapping[str, str]) -> list[str]:
    """Return a line for every part with rows whose official part is another; what is drawn is drawn from train."""
    drawn = set(PARTS) - {"train", *official.values()}
    lines = []
    for name, part in parts.items():
        right = {name, "train"} if name in drawn else {name}
        if wrong := [row for row in part["id"] if official.get(row, name) not in right]:
            lines.append(f"{name} holds rows of another official part: {shortened(wrong)}")
    return lines
