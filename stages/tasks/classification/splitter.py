"""A table of texts → the parts train, validation and test.

The source's official parts stand. The rest is drawn by a hash of the text's words and a salt: a row's part depends
on its own text, so that adding rows moves no old ones. A hash does not see labels, though: where it gives a part of a
label's texts less than half of what it should have, or more than twice as much, that label's texts are put in the
order of their hashes and cut by the shares. Labels that have too few examples for every part stay in train, or are
merged, dropped or refused. `audit` checks the outcome against a tolerance.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from stages.config.schema import PARTS, Part
from stages.data.text import fold, hash_to_unit, words
from stages.runtime.errors import UserError, listed
from stages.runtime.remarks import dropped_rows
from stages.tasks.base import Split
from stages.tasks.classification.config import SplitConfig

CONTRADICTING = "contradicting labels"
RARE = "rare label"


def split_table(table: pd.DataFrame, config: SplitConfig) -> Split:
    """Return the three parts of a table of texts; see `split_labelled`.

    The parts have the columns id, text, label, and weight if the table has it. A text is compared with others by its
    folded form: case, spacing and punctuation do not count, symbols do.
    """
    refuse_missing(table, ["text", "label"])
    columns = [name for name in ("id", "text", "label", "weight") if name in table]
    return split_labelled(table.assign(folded=fold(table["text"])), columns, config)


def refuse_missing(table: pd.DataFrame, columns: Sequence[str]) -> None:
    """Refuse rows without a text or a label.

    Raises:
        UserError: there are some; names them.
    """
    for name in columns:
        if (missing := table.loc[table[name].isna(), "id"]).size:
            raise UserError(
                f"{missing.size} row(s) have no {name} ({listed(missing.tolist())}): fill them in, or remove them"
            )


def split_labelled(table: pd.DataFrame, columns: list[str], config: SplitConfig) -> Split:
    """Return the three parts, and the dropped rows by reason; rows are in the table's order.

    Dropped are all rows of a content that stands with several labels, rows outside an official part whose content
    stands in it, and repetitions within a part, of which the first stays with its weight; an official test part keeps
    its repetitions, so that metrics on it compare with the literature's.

    Args:
        table: columns id, label, part (or null), and folded, in which rows of the same content are equal.
        columns: that the parts have.
        config: how it is split.

    Raises:
        UserError: a part is left without rows, train with fewer than two labels, or labels are rare and not to be.
    """
    refuse_missing(table, ["label"])
    given = table["part"].astype(object).where(table["part"].notna(), None)
    table = table.assign(part=given)
    reason = _conflicts(table)
    rare = _rare_labels(table[reason.isna()], config)
    table, reason, remarks = _apply_rule(table, reason, rare, config)
    kept = reason.isna()
    pool = kept & ~table["part"].isin(["test", "validation"])
    asked: dict[Part, float] = {"test": config.test, "validation": config.validation}
    official = [name for name in asked if (given == name).any()]
    drawing = _draw_parts(table.loc[pool], {name: asked[name] for name in asked if name not in official}, config)
    part = table["part"].where(~pool, drawing.parts.reindex(table.index))
    repeated = table[["folded"]].assign(part=part, kept=kept).duplicated() & kept
    reason[repeated & (table["part"] != "test")] = "repeated"
    parts = {name: table.loc[reason.isna() & (part == name), columns].reset_index(drop=True) for name in PARTS}
    dropped = {str(name): int(count) for name, count in reason.value_counts().sort_index().items()}
    _refuse_empty(parts, dropped, table.loc[reason == CONTRADICTING], remarks)
    details: dict[str, Any] = {"rare_labels": rare.to_dict()} if len(rare) else {}
    details |= {"labels_drawn_in_order": drawing.in_order} if drawing.in_order else {}
    remarks = [*remarks, *drawing.remarks(), *_differing_labels(parts, official)]
    return Split(parts, dropped, details, remarks)


def _conflicts(table: pd.DataFrame) -> pd.Series:
    """Return why rows are dropped for what their texts have in common with others; None where they are not."""
    reason = pd.Series(None, index=table.index, dtype=object)
    reason[table.groupby("folded")["label"].transform("nunique") > 1] = CONTRADICTING
    for official, later in (("test", ("validation", "train", None)), ("validation", ("train", None))):
        inside = table["folded"].isin(table.loc[reason.isna() & (table["part"] == official), "folded"])
        late = table["part"].map(lambda name, later=later: name in later)
        reason[reason.isna() & inside & late] = f"also in the {official} part"
    return reason


def _rare_labels(table: pd.DataFrame, config: SplitConfig) -> "pd.Series[int]":
    """Return how many texts the rare labels have outside official test and validation parts, by label.

    By the rule `keep` those are meant that can be kept: in train, from parts that are drawn.
    """
    drawn = sum(not (table["part"] == name).any() for name in ("test", "validation"))
    pool = table[~table["part"].isin(["test", "validation"])].drop_duplicates("folded")
    counts = pool["label"].value_counts().reindex(sorted(table["label"].unique()), fill_value=0)
    rare = counts[counts < max(config.rare_below, 1 + drawn)]
    return rare[(rare > 0) & (drawn > 0)] if config.rare_labels == "keep" else rare


def _apply_rule(
    table: pd.DataFrame, reason: pd.Series, rare: "pd.Series[int]", config: SplitConfig
) -> tuple[pd.DataFrame, pd.Series, list[str]]:
    """Return the table, the reasons and what there is to say after the rule for rare labels."""
    if rare.empty:
        return table, reason, []
    labels = f"{len(rare)} label(s) have too few examples for every part ({listed([*map(_counted, *_columns(rare))])})"
    concerned = reason.isna() & table["label"].isin(rare.index)
    if config.rare_labels == "refuse":
        raise UserError(f"{labels}: add rows, or let split.rare_labels say what becomes of them: keep, merge or drop")
    if config.rare_labels == "drop":
        return table, reason.mask(concerned, RARE), [f"{labels}: their {concerned.sum()} rows are dropped"]
    if config.rare_labels == "merge":
        merged = table.assign(label=table["label"].mask(concerned, config.merged_label))
        few = _rare_labels(merged[reason.isna()], config.model_copy(update={"rare_labels": "keep"}))
        still = ", and stand in train alone, for they are too few as well" if len(few) else ""
        return merged, reason, [f"{labels}: their {concerned.sum()} rows are labelled '{config.merged_label}'{still}"]
    return table, reason, [f"{labels}: of what is drawn they are in train alone (split.rare_labels: keep)"]


def _columns(counts: "pd.Series[int]") -> tuple[Sequence[Any], Sequence[Any]]:
    return counts.index.tolist(), counts.tolist()


def _counted(label: str, count: int) -> str:
    return f"'{label}' has {count}"


class _Drawing(NamedTuple):
    """The part of each row, and how many labels had to be drawn in the order of their hashes."""

    parts: pd.Series
    in_order: int

    def remarks(self) -> list[str]:
        """Return what there is to say of it."""
        if not self.in_order:
            return []
        return [
            f"{self.in_order} label(s) would have got less than half of their share of a part, or more than twice as "
            "much, by their examples' hashes alone: their examples are cut by the shares in the order of the hashes"
        ]


def _draw_parts(rows: pd.DataFrame, shares: Mapping[Part, float], config: SplitConfig) -> _Drawing:
    """Draw the parts of rows (columns folded and label; a text has one label) by their texts' hashes.

    Args:
        rows: outside official test and validation parts.
        shares: of the parts that are drawn beside train.
        config: the salt, and how few texts are too few for every part.
    """
    texts = rows.drop_duplicates("folded")
    position = hash_to_unit(words(texts["folded"]), config.salt)
    number = pd.Series(np.searchsorted(np.cumsum([*shares.values()]), position, side="right"), index=texts.index)
    train = len(shares)
    counts = pd.crosstab(texts["label"], number).reindex(columns=range(train + 1), fill_value=0)
    total = counts.sum(axis=1)
    wanted = np.maximum(np.outer(total, [*shares.values(), 1 - sum(shares.values())]), 1)
    rare = total < max(config.rare_below, train + 1)
    uneven = ~rare & ((counts < wanted / 2) | (counts > 2 * wanted)).any(axis=1)
    number[texts["label"].isin(rare.index[rare])] = train
    ordered = texts.assign(position=position)[texts["label"].isin(uneven.index[uneven])]
    rank = ordered.sort_values(["position", "folded"]).groupby("label").cumcount()
    ends = _ends(total[uneven], [*shares.values()]).loc[ordered["label"]].to_numpy()
    number[ordered.index] = (rank.reindex(ordered.index).to_numpy()[:, None] >= ends).sum(axis=1)
    names = number.map(dict(enumerate([*shares, "train"]))).set_axis(texts["folded"])
    return _Drawing(rows["folded"].map(names), int(uneven.sum()))


def _ends(total: "pd.Series[int]", shares: Sequence[float]) -> pd.DataFrame:
    """Return at which of a label's texts each part ends, (labels, parts beside train): none is empty, nor is train."""
    ends = pd.DataFrame(index=total.index, columns=range(len(shares)), dtype=int)
    taken = pd.Series(0, index=total.index)
    for number, share in enumerate(shares):
        left_to_others = len(shares) - number
        taken = taken + (total * share).round().clip(1, total - taken - left_to_others).astype(int)
        ends[number] = taken
    return ends


def _refuse_empty(
    parts: Mapping[Part, pd.DataFrame],
    dropped: Mapping[str, int],
    contradicting: pd.DataFrame,
    remarks: Sequence[str],
) -> None:
    sizes = ", ".join(f"{name} {len(part)}" for name, part in parts.items())
    rows = f"rows: {'; '.join(filter(None, [sizes, dropped_rows(dropped)]))}"
    advice = "; ".join(["add rows, or change the shares or the salt under split", *remarks])
    if len(contradicting):
        same = contradicting[contradicting["folded"] == contradicting["folded"].iloc[0]].drop_duplicates("label")
        pairs = ", ".join(f"{row} '{label}'" for row, label in zip(same["id"][:2], same["label"][:2], strict=True))
        advice += f"; labels contradict where rows have the same content: {pairs}"
    if empty := [name for name, part in parts.items() if part.empty]:
        raise UserError(f"no row is left for {' and '.join(empty)} ({rows}): {advice}")
    labels = sorted(parts["train"]["label"].unique())
    if len(labels) < 2:
        raise UserError(f"train has only one label, {labels[0]!r}, but a classifier needs two ({rows}): {advice}")


def _differing_labels(parts: Mapping[Part, pd.DataFrame], official: Sequence[Part]) -> list[str]:
    """Say which labels stand in train alone, or in an official part alone."""
    remarks, train = [], set(parts["train"]["label"])
    for name in official:
        counts = parts[name]["label"].value_counts().sort_index()
        if unseen := [*map(_counted, *_columns(counts[~counts.index.isin(train)]))]:
            remarks.append(
                f"{name} has {len(unseen)} label(s) that train lacks ({listed(unseen)} row(s)): they count, and every "
                "answer to them is wrong"
            )
        if lacking := sorted(train - set(counts.index)):
            remarks.append(f"{name} lacks {len(lacking)} of train's labels: {listed([*map(repr, lacking)])}")
    return remarks


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
