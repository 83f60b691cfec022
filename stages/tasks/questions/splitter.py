"""A table of questions → the parts train, validation and test, all questions about a story in one part.

Official parts stand. The rest is drawn by a hash of the story.
"""

from typing import Any

import pandas as pd

from stages.config.split import HashSplit
from stages.data.text import fold
from stages.runtime.errors import UserError, listed
from stages.tasks.base import Split
from stages.tasks.classification.splitter import CONTRADICTING, content_hash, refuse_missing
from stages.tasks.grouped_split import Words, split_groups
from stages.tasks.sentences import LINE_BREAK

WORDS = Words("question", "story", "stories", CONTRADICTING)


def split_questions(table: pd.DataFrame, config: HashSplit) -> Split:
    """Return the three parts (columns id, text, label, kind, facts), and the dropped rows by reason.

    Two stories, or questions, are the same if they are but for case, spacing and punctuation.

    Raises:
        UserError: a part is left without questions, or train with fewer than two answers.
    """
    refuse_missing(table, ["story", "question", "label"])
    text = table["question"] + LINE_BREAK + table["story"]
    story = fold(table["story"])
    known = table.assign(text=text, story=story, content=fold(table["question"]) + LINE_BREAK + story)
    rows, dropped = split_groups(known.assign(target=table["label"]), config, WORDS)
    parts = {name: part[["id", "text", "label", "kind", "facts"]].reset_index(drop=True) for name, part in rows.items()}
    answers = set(parts["train"]["label"])
    if len(answers) < 2:
        raise UserError(f"train has only one answer, {min(answers)!r}, but a classifier needs two: add questions")
    return Split(parts, dropped, remarks=_unseen(parts, answers))


def _unseen(parts: dict[Any, pd.DataFrame], answers: set[str]) -> list[str]:
    remarks = []
    for name in ("validation", "test"):
        if unseen := sorted(set(parts[name]["label"]) - answers):
            remarks.append(
                f"{name} has {len(unseen)} answer(s) that train lacks ({listed([*map(repr, unseen)])}): they count, "
                "and are never found"
            )
    return remarks


def describe(part: pd.DataFrame) -> dict[str, Any]:
    """Return what the report of the split says about a part."""
    return {
        "rows": len(part),
        "labels": part["label"].value_counts().sort_index().to_dict(),
        "kinds": part["kind"].value_counts().sort_index().to_dict(),
        "hash": content_hash(part),
    }
