"""Works → the parts train, validation and test: running text, the last of it for test."""

import hashlib
from typing import Any

import pandas as pd

from stages.config.schema import PARTS, Part
from stages.runtime.errors import UserError
from stages.tasks.base import Split
from stages.tasks.generation.config import SplitConfig


def split_works(table: pd.DataFrame, config: SplitConfig) -> Split:
    """Split a table of works into three parts (columns id, text) in the table's order; no row is dropped.

    From the last work backwards, whole works are test until their share is nearest to the one asked for, those
    before them validation. Fewer than three works are cut between lines instead. Official parts stand; where
    validation is none of them, it is the end of train.

    Raises:
        UserError: a part would be empty.
    """
    official = table["part"].notna()
    parts: dict[Part, pd.DataFrame]
    if official.any():
        parts = {name: table[(table["part"] == name) | (~official & (name == "train"))] for name in PARTS}
        if parts["validation"].empty and not parts["train"].empty:
            parts |= _validation_of(parts["train"], config.validation)
    elif len(table) >= len(PARTS):
        parts = _by_works(table, config)
    else:
        parts = _by_lines("".join(table["text"]), config)
    parts = {name: part[["id", "text"]].reset_index(drop=True) for name, part in parts.items()}
    if empty := [name for name, part in parts.items() if not part["text"].str.len().sum()]:
        advice = "add files of these names" if official.any() else "add text, or change the shares under split"
        raise UserError(f"no text is left for {' and '.join(empty)}: {advice}")
    return Split(parts, {})


def _by_works(table: pd.DataFrame, config: SplitConfig) -> dict[Part, pd.DataFrame]:
    test = max(_first_of_end(table, config.test), 2)
    validation = min(max(_first_of_end(table, config.test + config.validation), 1), test - 1)
    return {"train": table[:validation], "validation": table[validation:test], "test": table[test:]}


def _first_of_end(table: pd.DataFrame, share: float) -> int:
    """Return the place of the work from which on the works' share of the characters is nearest to the given one."""
    remaining = table["text"].str.len()[::-1].cumsum()[::-1]  # characters from a work's start to the end
    return int((remaining / remaining.iloc[0] - share).abs().argmin())


def _validation_of(train: pd.DataFrame, share: float) -> dict[Part, pd.DataFrame]:
    """Return train without its end, and validation, that end: its last works, or the last lines of a single one."""
    if len(train) > 1:
        first = max(_first_of_end(train, share), 1)
        return {"train": train[:first], "validation": train[first:]}
    (work,) = train.to_dict("records")
    text = work["text"]
    cut = _line_end(text, round(len(text) * (1 - share)))
    validation = {"id": f"{work['id']}.end", "text": text[cut:]}
    return {"train": pd.DataFrame([work | {"text": text[:cut]}]), "validation": pd.DataFrame([validation])}


def _by_lines(text: str, config: SplitConfig) -> dict[Part, pd.DataFrame]:
    test = _line_end(text, round(len(text) * (1 - config.test)))
    share = config.validation / (1 - config.test)  # of what a test part of whole lines leaves
    place = min(round(len(text) * (1 - config.test - config.validation)), round(test * (1 - share)))
    validation = _line_end(text[:test], place)
    cuts = [0, validation, test, len(text)]
    return {
        name: pd.DataFrame({"id": [name], "text": [text[start:end]]})
        for name, start, end in zip(PARTS, cuts[:-1], cuts[1:], strict=True)
    }


def _line_end(text: str, place: int) -> int:
    """Return where a place's line ends; if that is the text's end, where the line or else the word begins."""
    end = text.find("\n", place) + 1
    if 0 < end < len(text):
        return end
    return text.rfind("\n", 0, place) + 1 or text.rfind(" ", 0, place) + 1 or place


def describe(part: pd.DataFrame) -> dict[str, Any]:
    """Return what the report of the split says about a part."""
    return {"rows": len(part), "characters": int(part["text"].str.len().sum()), "hash": content_hash(part)}


def content_hash(part: pd.DataFrame) -> str:
    """Return twelve hexadecimal digits that name a part: a hash of its texts in their order."""
    digest = hashlib.sha256()
    for text in part["text"]:
        digest.update(text.encode())
    return digest.hexdigest()[:12]
