"""A table of texts → the parts train, validation and test.

The source's official parts stand. The rest is drawn by a hash of the text's content and a salt: a row's part
depends on its own text alone, so that adding rows never moves old ones. Labels are stratified in expectation;
`audit` checks the outcome against a tolerance.
"""

import hashlib
from collections.abc import Iterable

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from stages.classification.params import Split
from stages.console import Problem

PARTS = ("train", "validation", "test")


def split_table(table: pd.DataFrame, choices: Split) -> tuple[dict[str, pd.DataFrame], dict[str, int]]:
    """Return the three parts and the dropped rows by reason.

    The parts have the columns id, text, label, and weight if the table has it; rows are in the table's order. A text
    is compared with others by its folded form: case, spacing and punctuation do not count. Dropped are all rows of a
    text that stands with several labels, rows outside an official part whose text stands in it, and repetitions
    within a part, of which the first stays with its weight; an official test part keeps its repetitions, so that
    figures on it compare with the literature's.

    Raises:
        Problem: a label has fewer rows than there are parts to draw, or a part is left without rows.
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

    part = _draw(table, part, kept, choices)
    repeated = pd.DataFrame({"folded": table["folded"], "part": part, "kept": kept}).duplicated() & kept
    reason[repeated & (table["part"] != "test")] = "repeated"
    kept = reason.isna()
    columns = [name for name in ("id", "text", "label", "weight") if name in table]
    parts = {name: table.loc[kept & (part == name), columns].reset_index(drop=True) for name in PARTS}
    _refuse_empty(parts)
    return parts, reason.value_counts().sort_index().to_dict()


def _draw(table: pd.DataFrame, part: pd.Series, kept: pd.Series, choices: Split) -> pd.Series:
    """Assign the rows outside official test and validation parts by their texts' hashes."""
    pool = kept & ~part.isin(["test", "validation"])
    shares = {name: getattr(choices, name) for name in ("test", "validation") if not (part == name).any()}
    _check_rows(table.loc[pool].drop_duplicates("folded")["label"], 1 + len(shares))
    position = hash_to_unit(table.loc[pool, "folded"], choices.salt)
    drawn = pd.Series("train", index=position.index)
    edge = 0.0
    for name, share in shares.items():
        drawn[(position >= edge) & (position < edge + share)] = name
        edge += share
    return part.where(~pool, drawn.reindex(part.index))


def _check_rows(labels: pd.Series, needed: int) -> None:
    counts = labels.value_counts()
    scarce = counts[counts < needed]
    if len(scarce):
        named = ", ".join(f"'{label}' has {count}" for label, count in scarce.sort_index().items())
        raise Problem(
            f"too few rows to split: {named} distinct text(s), but {needed} parts need one each; "
            "add rows, or drop or merge the label"
        )


def _refuse_empty(parts: dict[str, pd.DataFrame]) -> None:
    empty = [name for name, part in parts.items() if part.empty]
    if empty:
        sizes = ", ".join(f"{name} {len(part)}" for name, part in parts.items())
        raise Problem(
            f"no row is left for {' and '.join(empty)} (rows: {sizes}): add rows, or change the shares or the salt "
            "under split"
        )


def fold(texts: pd.Series) -> pd.Series:
    """Return the form in which near-exact duplicates are equal: without case, spacing and punctuation.

    A text of punctuation alone keeps it, for there it is the content.
    """
    plain = pa.array(texts.str.normalize("NFC").str.casefold(), pa.large_string())
    # Marks stay, unlike in Python's \w: they are the vowels of Hindi and Thai.
    words = pc.replace_substring_regex(plain, r"[^\p{L}\p{M}\p{N}]+", " ")
    folded = pd.Series(words.to_pylist(), index=texts.index, dtype=texts.dtype).str.strip()
    return folded.where(folded != "", texts.str.strip())


def hash_to_unit(texts: Iterable[str], salt: str) -> pd.Series:
    """Return a number in [0, 1) for each text, evenly spread, decided by the text and the salt alone."""
    index = texts.index if isinstance(texts, pd.Series) else None
    key = salt.encode()[:64]
    numbers = [hashlib.blake2b(text.encode(), digest_size=8, key=key).digest() for text in texts]
    return pd.Series([int.from_bytes(number) / 2**64 for number in numbers], index=index, dtype=float)


def describe(part: pd.DataFrame) -> dict:
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
