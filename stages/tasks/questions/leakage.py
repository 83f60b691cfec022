"""The checks for leaks between parts of questions, and in what was fitted on them.

Nothing of `split` or of `tokenize`'s fitting is used here: an error there must not hide itself.
"""

from collections.abc import Mapping

import pandas as pd

from stages.config.dataset import Dataset
from stages.config.schema import PARTS, Part
from stages.tasks.base import Findings
from stages.tasks.classification.config import TokenizerConfig
from stages.tasks.classification.label_checks import foreign_labels
from stages.tasks.classification.leakage import foreign_tokens
from stages.tasks.leakage import content
from stages.tasks.member_leakage import moved_lines, shared_lines
from stages.tasks.questions.modeling.questions import PreparedQuestions


def check_leaks(dataset: Dataset) -> Findings:
    """Return a line for every leak, by check."""
    config = dataset.params("tokenizer", TokenizerConfig)
    prepared = PreparedQuestions.open(dataset.prepared / "tokens")
    parts = {name: pd.read_parquet(dataset.part(name)) for name in PARTS}
    official = pd.read_parquet(dataset.table, columns=["id", "part"]).set_index("id")["part"]
    return {
        "shared_stories": shared_stories(parts),
        "empty_parts": [f"{name} is empty" for name, part in parts.items() if part.empty],
        "official_parts": moved_lines({name: part["id"] for name, part in parts.items()}, official, "rows"),
        "labels": foreign_labels(parts["train"], prepared.labels),
        "vocabulary": foreign_tokens(parts["train"]["text"], prepared.preprocessor.tokenizer, config.minimum_frequency),
    }


def shared_stories(parts: Mapping[Part, pd.DataFrame]) -> list[str]:
    """Return a line for every pair of parts with questions about the same story; case and punctuation aside."""
    known = {
        name: dict(zip(part["text"].str.partition("\n")[2].map(content), part["id"], strict=True))
        for name, part in parts.items()
    }
    return shared_lines(known, "story or stories", "rows")
