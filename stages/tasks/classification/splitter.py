"""A table of texts → the parts train, validation and test.

The source's official parts stand. The rest is drawn by a hash of the text's content and a salt: a row's part
depends on its own text alone, so that adding rows never moves old ones. Labels are stratified in expectation;
`audit` checks the outcome against a tolerance.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import pandas as pd

from stages.config.schema import PARTS, Part
from stages.data.text import fold, hash_to_unit
from stages.runtime.errors import UserError
from stages.tasks.base import Split
from stages.tasks.classification.config import SplitConfig


def split_table(table: pd.DataFrame, config: SplitConfig) -> Split:
    """Return the three parts and the dropped rows by reason.

    The parts have the columns id, text, label, and weight if the table has it; rows are in the table's order. A text
    is compared with others by its folded form: case, spacing and punctuation do not count. Dropped are all rows of a
    text that stands with several labels, rows outside an official part whose text stands in it, and repetitions
    within a part, of which the first stays with its weight; an official test part keeps its repetitions, so that
    metrics on it compare with the literature's.

    Raises:
        UserError: a label has fewer rows than there are parts to draw, or a part is left without rows.
    """
    table = table.assign(folded=fold(table["text"]))
    part = table["part"].astype(object).where(table["part"].notna(), None)
    reason = pd.Series(None, index=table.index, dtype=object)

    labels_of_text = table.groupby("folded")["label"].transform("nunique")
    reason[labels_of_text > 1] = "contradicting labels"
    kept = reason.isna()
    for official, later in (("test", ("validation", "train", None)), ("validation", ("train", None))):
        inside = table["folded"].isin(table.loc[kept & (part == official), "folded"])
        reason[kept & inside & part.map(lambda name, later=later: name in later)] = f"also in the {official} part"
        kept = reason.isna()

    part = _draw_parts(table, part, kept, config)
    repeated = pd.DataFrame({"folded": table["folded"], "part": part, "kept": kept}).duplicated() & kept
    reason[repeated & (table["part"] != "test")] = "repeated"
    kept = reason.isna()
    columns = [name for name in ("id", "text", "label", "weight") if name in table]
    parts = {name: table.loc[kept & (part == name), columns].reset_index(drop=True) for name in PARTS}
    _refuse_empty(parts)
    dropped = {str(name): int(count) for name, count in reason.value_counts().sort_index().items()}
    return Split(parts, dropped)


def _draw_parts(table: pd.DataFrame, part: pd.Series, kept: pd.Series, config: SplitConfig) -> pd.Series:
    """Assign the rows outside official test and validation parts by their texts' hashes."""
    pool = kept & ~part.isin(["test", "validation"])
    asked = {"test": config.test, "validation": config.validation}
    shares = {name: share for name, share in asked.items() if not (part == name).any()}
    _refuse_scarce_labels(table.loc[pool].drop_duplicates("folded")["label"], 1 + len(shares))
    position = hash_to_unit(table.loc[pool, "folded"], config.salt)
    drawn = pd.Series("train", index=position.index)
    edge = 0.0
    for name, share in shares.items():
        drawn[(position >= edge) & (position < edge + share)] = name
        edge += share
    return part.where(~pool, drawn.reindex(part.index))


def _refuse_scarce_labels(labels: pd.Series, needed: int) -> None:
    counts = labels.value_counts()
    scarce = counts[counts < needed]
    if len(scarce):
        listed = ", ".join(f"'{label}' has {count}" for label, count in scarce.sort_index().items())
        raise UserError(
            f"too few rows to split: {listed} distinct text(s), but {needed} parts need one each; "
            "add rows, or drop or merge the label"
        )


def _refuse_empty(parts: Mapping[Part, pd.DataFrame]) -> None:
    empty = [name for name, part in parts.items() if part.empty]
    if empty:
        sizes = ", ".join(f"{name} {len(part)}" for name, part in parts.items())
        raise UserError(
            f"no row is left for {' and '.join(empty)} (rows: {sizes}): add rows, or change the shares or the salt "
            "under split"
        )


def describe(part: pd.DataFrame) -> dict[str, Any]:
    """Return what the report of the split says about a part."""
    return {
        "rows": len(part),
        "labels": part["label"].value_counts().sort_index().to_dict(),
        "hash": content_hash(part),
    }


def content_hash(part: pd.DataFrame) -> str:
    """Return twelve hexadecimal digits that name a part: a hash of its labels and texts in their order."""
    digest = hashlib.sha256()
    for label, text in zip(part["label"], part["text"], strict=True):
        digest.update(f"{label}\t{text}\n".encode())
    return digest.hexdigest()[:12]
