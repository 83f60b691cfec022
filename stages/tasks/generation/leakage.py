"""The checks for leaks between parts of running text and in what was fitted on them.

Nothing of the splitting or of the vocabulary's fitting is used here: an error there must not hide itself.
"""

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd

from stages.config.dataset import Dataset
from stages.config.schema import PARTS, Part
from stages.tasks.base import Findings
from stages.tasks.generation.config import SplitConfig
from stages.tasks.generation.modeling.data import Prepared
from stages.tasks.generation.spans import character_codes, span_hashes

LONG = 25  # letters of a line that two works hardly share by chance
SPAN = 40  # characters that two works hardly share by chance
SHOWN = 5

Parts = Mapping[Part, pd.DataFrame]


def check_leaks(dataset: Dataset) -> Findings:
    """Return a line for every leak, by check."""
    parts = {name: pd.read_parquet(dataset.part(name)) for name in PARTS}
    tolerance = dataset.params("split", SplitConfig).shared_lines
    vocabulary = set(Prepared.open(dataset.prepared / "window").tokenizer().get_vocab())
    return {
        "works_in_two_parts": works_in_two_parts(parts),
        "lost_text": lost_text(pd.read_parquet(dataset.table), parts),
        "shared_lines": shared_lines(parts, tolerance),
        "shared_spans": shared_spans(parts, tolerance),
        "vocabulary": foreign_tokens("".join(parts["train"]["text"]), vocabulary),
    }


def works_in_two_parts(parts: Parts) -> list[str]:
    """Return a line for every pair of parts that hold the same work."""
    pairs = (
        (one, other, sorted(set(parts[one]["id"]) & set(parts[other]["id"]))) for one, other in combinations(parts, 2)
    )
    return [f"{one} and {other} share {', '.join(shared[:SHOWN])}" for one, other, shared in pairs if shared]


def lost_text(table: pd.DataFrame, parts: Parts) -> list[str]:
    """Return a line if the parts' characters are not the table's."""
    before, after = table["text"].str.len().sum(), sum(part["text"].str.len().sum() for part in parts.values())
    return [] if before == after else [f"the table has {before} characters, the parts together {after}"]


def shared_lines(parts: Parts, tolerance: float) -> list[str]:
    """Return a line for every part of whose long lines more than allowed stand in train, case and spacing aside."""
    lines = {name: _long_lines(part) for name, part in parts.items()}
    findings = []
    for name in PARTS[1:]:
        shared = lines[name] & lines["train"]
        share = len(shared) / max(len(lines[name]), 1)
        if share > tolerance:
            examples = "; ".join(sorted(shared)[:SHOWN])
            findings.append(
                f"{share:.1%} of {name}'s long lines stand in train as well, such as: {examples}. {_advice(share)}"
            )
    return findings


def shared_spans(parts: Parts, tolerance: float) -> list[str]:
    """Return a line for every part of whose text more than allowed stands in train, in spans that cross lines.

    Case and spacing aside, every span of SPAN characters is looked up by its hash.
    """
    hashes = {name: _span_hashes(part) for name, part in parts.items()}
    findings = []
    for name in PARTS[1:]:
        share = float(np.isin(hashes[name], hashes["train"]).mean()) if len(hashes[name]) else 0.0
        if share > tolerance:
            findings.append(
                f"{share:.1%} of {name}'s spans of {SPAN} characters stand in train as well. {_advice(share)}"
            )
    return findings


def _advice(share: float) -> str:
    if share > 0.9:
        return "The same text is in both: leave one of the two out"
    return (
        f"If they are headings that works have in common, remove them, or set split.shared_lines to {share + 0.01:.2f}"
    )


def _span_hashes(part: pd.DataFrame) -> np.ndarray:
    """Return the distinct hashes of a part's spans."""
    codes = character_codes(" ".join(" ".join(part["text"]).casefold().split()))
    return np.unique(span_hashes(codes, SPAN)) if len(codes) >= SPAN else np.zeros(0, np.uint64)


def foreign_tokens(train: str, vocabulary: set[str]) -> list[str]:
    """Return a line if the vocabulary holds what train does not."""
    foreign = sorted(token for token in vocabulary - {"[UNK]"} if token not in train)
    return [f"{len(foreign)} token(s) do not stand in train: {', '.join(map(repr, foreign[:SHOWN]))}"] * bool(foreign)


def _long_lines(part: pd.DataFrame) -> set[str]:
    plain = (" ".join(line.casefold().split()) for text in part["text"] for line in text.split("\n"))
    return {line for line in plain if sum(map(str.isalpha, line)) >= LONG}
