"""Works → the parts train, validation and test: running text, the last of it for test."""

import hashlib

import pandas as pd

from stages.console import Problem
from stages.generation.params import Split

PARTS = ("train", "validation", "test")


def split_table(table: pd.DataFrame, choices: Split) -> tuple[dict[str, pd.DataFrame], dict[str, int]]:
    """Return the three parts (columns id, text) in the table's order; no row is dropped.

    From the last work backwards, whole works are test until their share is nearest to the one asked for, those
    before them validation. Fewer than three works are cut between lines instead. Official parts stand.

    Raises:
        Problem: a part would be empty.
    """
    named = table["part"].notna()
    if named.any():
        parts = {name: table[(table["part"] == name) | (~named & (name == "train"))] for name in PARTS}
    elif len(table) >= len(PARTS):
        parts = _by_works(table, choices)
    else:
        parts = _by_lines("".join(table["text"]), choices)
    parts = {name: part[["id", "text"]].reset_index(drop=True) for name, part in parts.items()}
    empty = [name for name, part in parts.items() if not part["text"].str.len().sum()]
    if empty:
        raise Problem(f"no text is left for {' and '.join(empty)}: add text, or change the shares under split")
    return parts, {}


def _by_works(table: pd.DataFrame, choices: Split) -> dict[str, pd.DataFrame]:
    after = table["text"].str.len()[::-1].cumsum()[::-1]  # characters from a work's start to the end
    shares = after / after.iloc[0]
    test = max((shares - choices.test).abs().argmin(), 2)
    validation = min(max((shares - choices.test - choices.validation).abs().argmin(), 1), test - 1)
    return {"train": table[:validation], "validation": table[validation:test], "test": table[test:]}


def _by_lines(text: str, choices: Split) -> dict[str, pd.DataFrame]:
    ends = [round(len(text) * (1 - choices.test - choices.validation)), round(len(text) * (1 - choices.test))]
    cuts = [0, *(text.find("\n", end) + 1 or end for end in ends), len(text)]
    return {
        name: pd.DataFrame({"id": [name], "text": [text[start:end]]})
        for name, start, end in zip(PARTS, cuts[:-1], cuts[1:], strict=True)
    }


def describe(part: pd.DataFrame) -> dict:
    """Return what the report of the split says about a part."""
    return {"rows": len(part), "characters": int(part["text"].str.len().sum()), "hash": content_hash(part)}


def content_hash(part: pd.DataFrame) -> str:
    """Return twelve hexadecimal digits that name a part: a hash of its texts in their order."""
    return hashlib.sha256("".join(part["text"]).encode()).hexdigest()[:12]
