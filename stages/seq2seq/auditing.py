"""The checks for leaks between parts of pairs and in what was fitted on them.

Nothing of the splitting or of the vocabularies' fitting is used here: an error there must not hide itself.
"""

import unicodedata
from collections import defaultdict
from itertools import combinations
from pathlib import Path

import pandas as pd

from stages.params import load
from stages.seq2seq.data import SIDES, Prepared

PARTS = ("train", "validation", "test")
SHOWN = 5  # offending rows that a finding names


def findings(dataset: str) -> tuple[dict[str, list[str]], dict[str, int]]:
    """Return a line for every leak, by check, and the rows of every part."""
    folder, choices = Path("data/prepared", dataset), load().dataset(dataset)
    parts = {name: pd.read_parquet(folder / f"{name}.parquet") for name in PARTS}
    table = pd.read_parquet(folder / "table.parquet")
    found = {
        "shared_sources": shared_sources(parts),
        "near_sources": near_sources(parts, choices.split.similarity),
        "split_references": split_references(parts),
        "lost_sources": lost_sources(table, parts),
        "empty_parts": [f"{name} is empty" for name, part in parts.items() if part.empty],
        "vocabulary": foreign_tokens(parts["train"], Prepared(folder / "tokens"), choices.tokenizer.shared),
    }
    return found, {name: len(part) for name, part in parts.items()}


def shared_sources(parts: dict[str, pd.DataFrame]) -> list[str]:
    """Return a line for every pair of parts that share a source, case, spacing and punctuation aside."""
    letters = {name: dict(zip(part["source"].map(_letters), part["id"], strict=True)) for name, part in parts.items()}
    lines = []
    for one, other in combinations(parts, 2):
        shared = sorted(letters[one].keys() & letters[other].keys())
        if shared:
            rows = ", ".join(f"{letters[one][text]} = {letters[other][text]}" for text in shared[:SHOWN])
            lines.append(f"{one} and {other} share {len(shared)} source(s), rows {rows}")
    return lines


def near_sources(parts: dict[str, pd.DataFrame], similarity: float) -> list[str]:
    """Return a line for every pair of parts with sources whose runs of three words are nearly the same.

    Two sources are near if of all their runs together they share the given part, or more.
    """
    runs = {name: [_runs(source) for source in part["source"]] for name, part in parts.items()}
    lines = []
    for one, other in (("train", "validation"), ("train", "test"), ("validation", "test")):
        holders = defaultdict(list)
        for row, own in enumerate(runs[one]):
            for run in own:
                holders[run].append(row)
        near = []
        for row, own in enumerate(runs[other]):
            shared = defaultdict(int)
            for run in own:
                for holder in holders.get(run, ()):
                    shared[holder] += 1
            for holder, count in shared.items():
                if count >= similarity * (len(own) + len(runs[one][holder]) - count):
                    near.append(f"{parts[one]['id'].iloc[holder]} = {parts[other]['id'].iloc[row]}")
        if near:
            lines.append(f"{one} and {other} hold {len(near)} near pair(s) of sources: {', '.join(near[:SHOWN])}")
    return lines


def split_references(parts: dict[str, pd.DataFrame]) -> list[str]:
    """Return a line for every part in which a source stands twice: its references belong together."""
    twice = {name: part.loc[part["source"].duplicated(), "id"].tolist() for name, part in parts.items()}
    return [f"{name} holds sources twice: {', '.join(rows[:SHOWN])}" for name, rows in twice.items() if rows]


def lost_sources(table: pd.DataFrame, parts: dict[str, pd.DataFrame]) -> list[str]:
    """Return a line if a part holds what the table does not, or a source of the table is in no part.

    Where the table has official parts, sources may be dropped from train for their sake.
    """
    pairs = set(zip(table["source"], table["target"], strict=True))
    kept = {
        (source, target)
        for part in parts.values()
        for source, targets in zip(part["source"], part["targets"], strict=True)
        for target in targets
    }
    lines = [f"{len(kept - pairs)} pair(s) of the parts do not stand in the table"] if kept - pairs else []
    if pairs - kept and table["part"].isna().all():
        lines.append(f"{len(pairs - kept)} pair(s) of the table are in no part, such as {sorted(pairs - kept)[0][0]!r}")
    return lines


def foreign_tokens(train: pd.DataFrame, fitted: Prepared, shared: bool) -> list[str]:
    """Return a line for every side whose vocabulary holds letters, or whole words, that train does not."""
    texts = {"source": train["source"].tolist(), "target": [text for texts in train["targets"] for text in texts]}
    lines = []
    for side in SIDES:
        own = texts["source"] + texts["target"] if shared else texts[side]
        whole = " " + " \n ".join(" ".join(unicodedata.normalize("NFC", text).split()) for text in own)
        tokenizer = getattr(fitted.vocabularies, side)
        whole = whole.lower() if "Lowercase" in tokenizer.to_str() else whole
        tokens = [token.replace("▁", " ") for token, number in tokenizer.get_vocab().items() if number > 3]
        foreign = sorted(token for token in tokens if token not in whole)
        if foreign:
            named = ", ".join(map(repr, foreign[:SHOWN]))
            lines.append(f"{len(foreign)} token(s) of the {side}'s vocabulary do not stand in train: {named}")
    return lines


def _letters(text: str) -> str:
    """Return a text's words in lower case, one space between them; a text without any keeps its signs."""
    whole = unicodedata.normalize("NFC", text).casefold()
    kept = (char if unicodedata.category(char)[0] in "LNM" else " " for char in whole)
    return " ".join("".join(kept).split()) or text.strip()


def _runs(text: str) -> set[tuple[str, ...]]:
    words = _letters(text).split()
    return set(zip(words, words[1:], words[2:], strict=False))
