"""A table's rows → train, validation and test, without anything of one part in another; official parts stand.

A row is known by its content, and by its group where the data name one: a speaker, a place, a photographer.
"""

from typing import NamedTuple

import pandas as pd

from stages.config.schema import PARTS, Part
from stages.config.split import HashSplit
from stages.data.text import hash_to_unit
from stages.runtime.errors import UserError
from stages.runtime.remarks import dropped_rows

MANY = 200  # groups, of which a hash gives each part its share


class Words(NamedTuple):
    """What rows are called."""

    row: str  # in the singular
    group: str  # the table's column, and the key of reading that names it
    groups: str  # in the plural
    ambiguous: str  # why rows of the same content are dropped


def split_groups(
    table: pd.DataFrame, config: HashSplit, words: Words
) -> tuple[dict[Part, pd.DataFrame], dict[str, int]]:
    """Return the rows of each part, and how many were dropped, by reason.

    Dropped are rows of the same content with different targets, repetitions, and rows outside an official part that
    also stand in it, or whose group does.

    Args:
        table: columns content, target, part and the group's, the last two null where nothing is known.
        config: the shares.
        words: what rows are called.

    Raises:
        UserError: a part is left without rows.
    """
    part = table["part"].astype(object).where(table["part"].notna(), None)
    group = table[words.group].where(table[words.group].notna(), table["content"])
    reason = pd.Series(None, index=table.index, dtype=object)
    reason[table.groupby("content")["target"].transform("nunique") > 1] = words.ambiguous
    for official, later in (("test", ("validation", "train", None)), ("validation", ("train", None))):
        held = reason.isna() & (part == official)
        inside = group.isin(group[held]) | table["content"].isin(table.loc[held, "content"])
        late = part.map(lambda name, later=later: name in later)
        reason[reason.isna() & inside & late] = f"also in the {official} part"
    repeated = table[["content"]].assign(kept=reason.isna()).duplicated() & reason.isna()
    reason[repeated] = "repeated"
    kept = reason.isna()
    part = _draw(group, part, kept, config)
    dropped = {str(name): int(count) for name, count in reason.value_counts().sort_index().items()}
    rows = {name: table[kept & (part == name)] for name in PARTS}
    _refuse_empty(rows, dropped, words, named=bool(table[words.group].notna().any()))
    return rows, dropped


def _draw(group: pd.Series, part: pd.Series, kept: pd.Series, config: HashSplit) -> pd.Series:
    """Assign rows to parts by the hash of their group; official test and validation parts stand.

    Of few groups, such as speakers, a hash may give a part none: they are cut in the order of their hashes.
    """
    pool = kept & ~part.isin(["test", "validation"])
    position = hash_to_unit(group[pool], config.salt)
    count = position.nunique()
    if not count:
        return part
    if count < MANY:
        position = (position.rank(method="dense") - 0.5) / count
    drawn, edge = pd.Series("train", index=position.index, dtype=object), 0.0
    for name, share in (("test", config.test), ("validation", config.validation)):
        if not (part == name).any():
            share = max(share, 1 / count) if count < MANY else share
            drawn[(position >= edge) & (position < edge + share)] = name
            edge += share
    return part.where(~pool, drawn.reindex(part.index))


def _refuse_empty(rows: dict[Part, pd.DataFrame], dropped: dict[str, int], words: Words, named: bool) -> None:
    if empty := [name for name, of_part in rows.items() if of_part.empty]:
        sizes = ", ".join(f"{name} {len(of_part)}" for name, of_part in rows.items())
        reasons = f"; dropped: {dropped_rows(dropped)}" if dropped else ""
        needs = f"; each part needs {words.groups} of its own"
        raise UserError(
            f"no {words.row} is left for {' and '.join(empty)} ({sizes}{reasons}): add {words.row}s, or change the "
            f"shares or the salt under split{needs if named else ''}"
        )
