"""A table of replies → the parts train, validation and test, each conversation in one, and replies to choose among.

Official parts stand. The rest is drawn by a hash of the conversation.
"""

from typing import Any

import numpy as np
import pandas as pd

from stages.config.schema import PARTS
from stages.config.split import HashSplit
from stages.data.text import fold
from stages.runtime.errors import UserError
from stages.tasks.base import Split
from stages.tasks.grouped_split import Words, split_groups
from stages.tasks.replies import CANDIDATES
from stages.tasks.seq2seq.splitter import content_hash

WORDS = Words("reply", "conversation", "conversations", "")
DRAWN = 6 * CANDIDATES  # replies of which the first that may be are taken


def split_replies(table: pd.DataFrame, config: HashSplit) -> Split:
    """Return the three parts (columns id, source, targets, conversation, others), and the dropped replies by reason.

    Dropped are repetitions: of the same reply to the same turns the first stays, whatever its conversation.

    Raises:
        UserError: a part is left without replies, or with too few to choose among.
    """
    reply = fold(table["target"])
    known = table.assign(reply=table["target"], target=reply, content=fold(table["source"]) + "\n" + reply)
    rows, dropped = split_groups(known, config, WORDS)
    parts = {}
    for number, name in enumerate(PARTS):
        part = rows[name].reset_index(drop=True)
        others = [[] for _ in range(len(part))] if name == "train" else _others(part, name, number)
        targets = part["reply"].map(lambda text: [text])
        parts[name] = part[["id", "source", "conversation"]].assign(
            targets=targets, others=pd.Series(others, dtype=object)
        )
    people = {name: set(part["speaker"].dropna()) for name, part in rows.items()}
    both = len(people["test"] & people["train"])
    remarks = [f"{both} of the {len(people['test'])} people who speak in test speak in train, too"] if both else []
    return Split(parts, dropped, {"people_of_test_in_train": both}, remarks)


def _others(part: pd.DataFrame, name: str, number: int) -> list[list[str]]:
    """Return for each reply others of the part: of other conversations, all different. `number`: of the part.

    Raises:
        UserError: there are too few.
    """
    conversation = pd.factorize(part["conversation"])[0]
    text = pd.factorize(part["target"])[0]
    drawn = np.random.default_rng([1, number]).integers(0, len(part), (len(part), DRAWN))
    fits = (conversation[drawn] != conversation[:, None]) & (text[drawn] != text[:, None])
    for place in range(1, DRAWN):  # none twice
        fits[:, place] &= (text[drawn[:, :place]] != text[drawn[:, place]][:, None]).all(axis=1)
    short = np.flatnonzero(fits.sum(axis=1) < CANDIDATES - 1)
    if len(short):  # where few replies are most of all, another draw is of the different ones alone
        _, distinct = np.unique(text, return_index=True)
        rng = np.random.default_rng([2, number])
        again = np.stack([np.resize(rng.permutation(distinct), DRAWN) for _ in short])
        drawn[short] = again
        fits[short] = (conversation[again] != conversation[short, None]) & (text[again] != text[short, None])
        fits[short, len(distinct) :] = False  # repetitions
    if (fits.sum(axis=1) < CANDIDATES - 1).any():
        raise UserError(
            f"{name} has too few different replies to choose among {CANDIDATES}: add conversations, or raise its share "
            "under split"
        )
    first = np.argsort(~fits, axis=1, kind="stable")[:, : CANDIDATES - 1]
    replies = part["reply"].to_numpy(object)
    others: list[list[str]] = replies[np.take_along_axis(drawn, first, axis=1)].tolist()
    return others


def describe(part: pd.DataFrame) -> dict[str, Any]:
    """Return what the report of the split says about a part."""
    return {"rows": len(part), "conversations": int(part["conversation"].nunique()), "hash": content_hash(part)}
