"""The checks for leaks between parts of pairs and in what was fitted on them.

Nothing of the splitting or of the vocabularies' fitting is used here: an error there must not hide itself.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping
from itertools import combinations

import pandas as pd

from stages.config.dataset import Dataset
from stages.config.schema import PARTS, Part
from stages.tasks.base import Findings
from stages.tasks.leakage import content, foreign_of
from stages.tasks.seq2seq.config import SplitConfig, Tokenizer
from stages.tasks.seq2seq.modeling.data import SIDES, PreparedTexts

Parts = Mapping[Part, pd.DataFrame]
SHOWN = 5  # offending rows that a finding names


def check_leaks(dataset: Dataset) -> Findings:
    """Return a line for every leak, by check."""
    parts = {name: pd.read_parquet(dataset.part(name)) for name in PARTS}
    table = pd.read_parquet(dataset.table)
    similarity = dataset.params("split", SplitConfig).similarity
    shared = dataset.params("tokenizer", Tokenizer).shared
    return {
        "shared_sources": shared_sources(parts),
        "near_sources": near_sources(parts, similarity),
        "split_references": split_references(parts),
        "lost_sources": lost_sources(table, parts),
        "empty_parts": [f"{name} is empty" for name, part in parts.items() if part.empty],
        "vocabulary": foreign_tokens(parts["train"], PreparedTexts(dataset.prepared / "tokens"), shared),
    }


def shared_sources(parts: Parts) -> list[str]:
    """Return a line for every pair of parts that share a source, case, spacing and punctuation aside."""
    letters = {name: dict(zip(part["source"].map(content), part["id"], strict=True)) for name, part in parts.items()}
    lines = []
    for one, other in combinations(parts, 2):
        shared = sorted(letters[one].keys() & letters[other].keys())
        if shared:
            rows = ", ".join(f"{letters[one][text]} = {letters[other][text]}" for text in shared[:SHOWN])
            lines.append(f"{one} and {other} share {len(shared)} source(s), rows {rows}")
    return lines


def near_sources(parts: Parts, similarity: float) -> list[str]:
    """Return a line for every pair of parts with sources whose runs of three words are nearly the same.

    Two sources are near if of all their runs together they share the given part, or more; then they also share one of
    the rarest runs of each.
    """
    runs = {name: [_runs(source) for source in part["source"]] for name, part in parts.items()}
    frequency = Counter(run for sources in runs.values() for of_source in sources for run in of_source)
    rarest = {name: [_rarest(source, frequency, similarity) for source in sources] for name, sources in runs.items()}
    lines = []
    for one, other in combinations(PARTS, 2):
        holders: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for row, rare in enumerate(rarest[one]):
            for run in rare:
                holders[run].append(row)
        near = []
        for row, rare in enumerate(rarest[other]):
            for holder in sorted({holder for run in rare for holder in holders.get(run, ())}):
                ones, others = runs[one][holder], runs[other][row]
                if len(ones & others) >= similarity * len(ones | others):
                    near.append(f"{parts[one]['id'].iloc[holder]} = {parts[other]['id'].iloc[row]}")
        if near:
            lines.append(f"{one} and {other} hold {len(near)} near pair(s) of sources: {', '.join(near[:SHOWN])}")
    return lines


def split_references(parts: Parts) -> list[str]:
    """Return a line for every part in which a source stands twice: its references belong together."""
    twice = {name: part.loc[part["source"].duplicated(), "id"].tolist() for name, part in parts.items()}
    return [f"{name} holds sources twice: {', '.join(rows[:SHOWN])}" for name, rows in twice.items() if rows]


def lost_sources(table: pd.DataFrame, parts: Parts) -> list[str]:
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


def foreign_tokens(train: pd.DataFrame, fitted: PreparedTexts, shared: bool) -> list[str]:
    """Return a line for every side whose vocabulary holds letters, or whole words, that train does not."""
    texts = {"source": train["source"].tolist(), "target": [text for texts in train["targets"] for text in texts]}
    lines = []
    for side in SIDES:
        side_texts = texts["source"] + texts["target"] if shared else texts[side]
        lines += foreign_of(side, side_texts, fitted.vocabularies.tokenizer(side))
    return lines


def _runs(text: str) -> set[tuple[str, ...]]:
    words = content(text).split()
    return set(zip(words, words[1:], words[2:], strict=False))


def _rarest(
    runs: set[tuple[str, ...]], frequency: Counter[tuple[str, ...]], similarity: float
) -> list[tuple[str, ...]]:
    """Return the rarest runs, as few as a source that is near must share one of."""
    fewest = len(runs) - math.ceil(similarity * len(runs) - 1e-9) + 1
    return sorted(runs, key=lambda run: (frequency[run], run))[:fewest]
