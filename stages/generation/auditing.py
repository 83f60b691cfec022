"""The checks for leaks between parts of running text and in what was fitted on them.

Nothing of the splitting or of the vocabulary's fitting is used here: an error there must not hide itself.
"""

from itertools import combinations
from pathlib import Path

import pandas as pd

from stages.generation.data import Prepared
from stages.params import load

PARTS = ("train", "validation", "test")
LONG = 25  # letters of a line that two works hardly share by chance
SHOWN = 5


def findings(dataset: str) -> tuple[dict[str, list[str]], dict[str, int]]:
    """Return a line for every leak, by check, and the rows of every part."""
    folder, choices = Path("data/prepared", dataset), load().dataset(dataset)
    parts = {name: pd.read_parquet(folder / f"{name}.parquet") for name in PARTS}
    table = pd.read_parquet(folder / "table.parquet")
    fitted = Prepared.open(folder / "window")
    found = {
        "works_in_two_parts": works_in_two_parts(parts),
        "lost_text": lost_text(table, parts),
        "shared_lines": shared_lines(parts, choices.split.shared_lines),
        "vocabulary": foreign_tokens("".join(parts["train"]["text"]), set(fitted.tokenizer().get_vocab())),
    }
    return found, {name: len(part) for name, part in parts.items()}


def works_in_two_parts(parts: dict[str, pd.DataFrame]) -> list[str]:
    """Return a line for every pair of parts that hold the same work."""
    pairs = (
        (one, other, sorted(set(parts[one]["id"]) & set(parts[other]["id"]))) for one, other in combinations(parts, 2)
    )
    return [f"{one} and {other} share {', '.join(shared[:SHOWN])}" for one, other, shared in pairs if shared]


def lost_text(table: pd.DataFrame, parts: dict[str, pd.DataFrame]) -> list[str]:
    """Return a line if the parts' characters are not the table's."""
    before, after = table["text"].str.len().sum(), sum(part["text"].str.len().sum() for part in parts.values())
    return [] if before == after else [f"the table has {before} characters, the parts together {after}"]


def shared_lines(parts: dict[str, pd.DataFrame], tolerance: float) -> list[str]:
    """Return a line for every part of whose long lines more than allowed stand in train, case and spacing aside."""
    lines = {name: _long_lines(part) for name, part in parts.items()}
    found = []
    for name in ("validation", "test"):
        shared = lines[name] & lines["train"]
        share = len(shared) / max(len(lines[name]), 1)
        if share > tolerance:
            examples = "; ".join(sorted(shared)[:SHOWN])
            found.append(f"{share:.1%} of {name}'s long lines stand in train as well, such as: {examples}")
    return found


def foreign_tokens(train: str, vocabulary: set[str]) -> list[str]:
    """Return a line if the vocabulary holds what train does not."""
    foreign = sorted(token for token in vocabulary - {"[UNK]"} if token not in train)
    return [f"{len(foreign)} token(s) do not stand in train: {', '.join(map(repr, foreign[:SHOWN]))}"] * bool(foreign)


def _long_lines(part: pd.DataFrame) -> set[str]:
    plain = (" ".join(line.casefold().split()) for text in part["text"] for line in text.split("\n"))
    return {line for line in plain if sum(map(str.isalpha, line)) >= LONG}
