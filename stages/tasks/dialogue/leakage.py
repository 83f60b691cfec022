"""The checks for leaks between parts of conversations, and in what was fitted on them.

Nothing of `split` or of the vocabulary's fitting is used here: an error there must not hide itself.
"""

import pandas as pd

from stages.config.dataset import Dataset
from stages.config.schema import PARTS
from stages.tasks.base import Findings
from stages.tasks.leakage import content
from stages.tasks.member_leakage import Parts, moved_lines, shared_lines
from stages.tasks.replies import CANDIDATES
from stages.tasks.seq2seq.config import Tokenizer
from stages.tasks.seq2seq.leakage import foreign_tokens
from stages.tasks.seq2seq.modeling.data import PreparedTexts
from stages.tasks.signal_leakage import shortened


def check_leaks(dataset: Dataset) -> Findings:
    """Return a line for every leak, by check."""
    parts = {name: pd.read_parquet(dataset.part(name)) for name in PARTS}
    table = pd.read_parquet(dataset.table, columns=["id", "conversation", "part"]).set_index("id")
    shared = dataset.params("tokenizer", Tokenizer).shared
    return {
        "shared_conversations": shared_conversations(parts, table["conversation"]),
        "shared_replies": shared_replies(parts),
        "candidates": candidates(parts),
        "official_parts": moved_lines({name: part["id"] for name, part in parts.items()}, table["part"], "rows"),
        "empty_parts": [f"{name} is empty" for name, part in parts.items() if part.empty],
        "vocabulary": foreign_tokens(parts["train"], PreparedTexts(dataset.prepared / "tokens"), shared),
    }


def shared_conversations(parts: Parts, conversation: "pd.Series[str]") -> list[str]:
    """Return a line for every pair of parts with replies of one conversation. `conversation`: by a reply's id."""
    held = {name: dict(zip(conversation.loc[part["id"]], part["id"], strict=True)) for name, part in parts.items()}
    return shared_lines(held, "conversation", "rows")


def shared_replies(parts: Parts) -> list[str]:
    """Return a line for every pair of parts with the same reply to the same turns, case and punctuation aside."""
    held = {
        name: {
            (content(source), content(targets[0])): row
            for source, targets, row in zip(part["source"], part["targets"], part["id"], strict=True)
        }
        for name, part in parts.items()
    }
    return shared_lines(held, "reply to the same turns", "rows")


def candidates(parts: Parts) -> list[str]:
    """Return a line for every part with replies whose candidates are too few, not of the part, or the reply itself."""
    lines = []
    for name in ("validation", "test"):
        part = parts[name]
        replies = {targets[0] for targets in part["targets"]}
        wrong = [
            row
            for row, targets, others in zip(part["id"], part["targets"], part["others"], strict=True)
            if len(set(others)) != CANDIDATES - 1 or not set(others) <= replies or targets[0] in others
        ]
        if wrong:
            lines.append(f"{name} has replies with wrong candidates: {shortened(wrong)}")
    return lines
