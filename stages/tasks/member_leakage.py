"""The checks for leaks between parts: of rows, and of sources that are made of rows, as strings of recordings are.

Nothing of `split` is used here: an error there must not hide itself.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import pandas as pd

from stages.config.schema import PARTS, Part
from stages.tasks.signal_leakage import shortened

Parts = Mapping[Part, pd.DataFrame]
HELD_OUT: tuple[Part, ...] = ("validation", "test")


def shared_lines(held: Mapping[Part, Mapping[Any, str]], what: str, rows: str) -> list[str]:
    """Return a line for every pair of parts that hold the same.

    Args:
        held: of each part, the row of all that it holds, by what it is known by.
        what: is shared, in words.
        rows: what rows are called, in the plural.
    """
    lines = []
    for one, other in combinations(held, 2):
        if both := sorted(held[one].keys() & held[other].keys()):
            named = shortened([f"{held[one][key]} = {held[other][key]}" for key in both])
            lines.append(f"{one} and {other} share {len(both)} {what}, {rows} {named}")
    return lines


def moved_lines(ids: Mapping[Part, Iterable[str]], parts: "pd.Series[str]", rows: str) -> list[str]:
    """Return a line for every part with rows whose official part is another.

    Args:
        ids: of each part's rows.
        parts: the official one by a row's id, null where there is none.
        rows: what rows are called, in the plural.
    """
    official = parts.dropna().to_dict()
    drawn = set(PARTS) - {"train", *official.values()}  # without an official one they are drawn from train
    lines = []
    for name, of_part in ids.items():
        right = {name, "train"} if name in drawn else {name}
        if moved := [row for row in of_part if official.get(row, name) not in right]:
            lines.append(f"{name} holds {rows} of another official part: {shortened(moved)}")
    return lines


@dataclass(frozen=True)
class Members:
    """What sources are made of. Tables are by id, with the columns content, target and part."""

    name: str  # in the singular
    column: str  # of a part: a source's members by their ids
    further: tuple[str, ...] = ()  # columns of what else it is made of, that may come again: it is noise

    def ids(self, part: pd.DataFrame) -> list[str]:
        """Return the ids of all that a part is made of."""
        columns = [column for column in (self.column, *self.further) if column in part]
        return [name for column in columns for names in part[column] for name in names]

    def shared(self, parts: Parts, known_by: "pd.Series[str]", what: str) -> list[str]:
        """Return a line for every pair of parts whose members share what they are known by (a value for each id)."""
        known = known_by.to_dict()
        held = {name: {known[row]: row for row in self.ids(part) if row in known} for name, part in parts.items()}
        return shared_lines(held, f"{what}(s)", f"{self.name}s")

    def repeated(self, parts: Parts, content: "pd.Series[str]") -> list[str]:
        """Return a line if a member stands in several sources of validation or test, which must be independent."""
        lines = []
        for name in HELD_OUT:
            members = parts[name][self.column].explode()
            known = members.map(lambda row: content.get(row, row))
            if (again := known.duplicated(keep=False)).any():
                rows = shortened(members[again].drop_duplicates().tolist())
                lines.append(f"{name} holds {self.name}s several times: {rows}")
        return lines

    def lost(self, parts: Parts, table: pd.DataFrame) -> list[str]:
        """Return a line if a content of the table is in no part, where nothing speaks for dropping it."""
        content = table["content"].to_dict()
        kept = {content.get(row) for part in parts.values() for rows in part[self.column] for row in rows}
        clear = table.groupby("content")["target"].nunique() == 1
        rows = table[table["content"].isin(set(clear.index[clear]) - kept)]
        if table["part"].notna().any():  # for the sake of official parts others may be dropped, those of test never
            rows = rows[rows["part"] == "test"]
        if rows.empty:
            return []
        return [f"{len(rows)} {self.name}(s) of the table are in no part: {shortened(rows.index.tolist())}"]

    def moved(self, parts: Parts, table: pd.DataFrame) -> list[str]:
        """Return a line for every part with members whose official part is another."""
        ids = {name: self.ids(part) for name, part in parts.items()}
        return moved_lines(ids, table["part"], f"{self.name}s")
