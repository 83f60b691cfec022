"""A table of pairs → the parts train, validation and test, a row for each source with all its references.

The files' official parts stand. The rest is drawn by a hash of the source's words and a salt. Sources that are the
same but for case, spacing and punctuation, or that are nearly so, stay in one part: where new rows join two groups,
or begin one, the group's members may move, and no others do.
"""

import hashlib
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from sklearn.feature_extraction.text import CountVectorizer

from stages.config.schema import PARTS, Part
from stages.data.text import fold, hash_to_unit, words
from stages.runtime.errors import UserError
from stages.runtime.remarks import dropped_rows
from stages.tasks.base import Split
from stages.tasks.seq2seq.config import SplitConfig

RUN = 3  # words
ROWS = 2000  # sources that are held against all others at a time
PAIRS = 100_000  # of them, whose runs are compared at a time


def split_pairs(table: pd.DataFrame, config: SplitConfig) -> Split:
    """Return the three parts (columns id, source, targets; rows in the table's order) and the dropped rows by reason.

    A source's id is that of its first row, its references the different targets of all its rows, in their order.
    Dropped are repetitions of a pair, and rows outside an official part whose source, or one near to it, stands in
    it.

    Raises:
        UserError: a part is left without sources.
    """
    repeated = table.duplicated(["source", "target", "part"])
    table = table[~repeated]
    folded = fold(table["source"])
    text, distinct = pd.factorize(folded.to_numpy(object), sort=True)
    group = groups(distinct.tolist(), config.similarity)[text]  # of every row
    part = table["part"].astype(object).where(table["part"].notna(), None)
    dropped = {"repeated pair": int(repeated.sum())}
    kept = pd.Series(True, index=table.index)
    for official, later in (("test", ("validation", "train", None)), ("validation", ("train", None))):
        taken = np.isin(group, group[(kept & (part == official)).to_numpy()])
        late = kept & taken & part.map(lambda name, later=later: name in later)
        dropped[f"also in the {official} part"] = int(late.sum())
        kept &= ~late
    named_by = pd.Series(distinct[_first_of_each(group, text)], index=table.index)
    part = _draw(words(named_by), part, config)
    dropped = {reason: count for reason, count in dropped.items() if count}
    parts: dict[Part, pd.DataFrame] = {name: _references(table[kept & (part == name)]) for name in PARTS}
    empty = [name for name, rows in parts.items() if rows.empty]
    if empty:
        sizes = ", ".join(f"{name} {len(rows)}" for name, rows in parts.items())
        pairs = f"; pairs: {dropped_rows(dropped)}" if dropped else ""
        advice = "add pairs, or change the shares or the salt under split"
        if "train" in empty and (table["part"].notna()).all():
            advice = "all files are official parts, and none is train: add one of that name"
        raise UserError(f"no source is left for {' and '.join(empty)} (sources: {sizes}{pairs}): {advice}")
    return Split(parts, dropped)


def groups(texts: list[str], similarity: float) -> np.ndarray:
    """Return each text's group (texts,): texts whose runs of words overlap enough are in one, directly or by others.

    The overlap is Jaccard's index of the sets of runs of three words; a text of fewer words is near to none. Texts are
    held against those alone with which they share one of their rarest runs (Chaudhuri, Ganti & Kaushik 2006): two that
    overlap so much must, and of runs that many texts share there may be millions of pairs.
    """
    try:
        counter = CountVectorizer(ngram_range=(RUN, RUN), token_pattern=r"\S+", binary=True, lowercase=False)
        runs = counter.fit_transform(texts).astype(np.int32)
    except ValueError:  # no text has so many words
        return np.arange(len(texts))
    sizes = np.diff(runs.indptr)
    rare = _rarest(runs, similarity)
    links = []
    for start in range(0, len(texts), ROWS):
        row, column = sparse.coo_array(rare[start : start + ROWS] @ rare.T).coords
        row, column = row[column > row + start] + start, column[column > row + start]
        for first in range(0, len(row), PAIRS):
            one, other = row[first : first + PAIRS], column[first : first + PAIRS]
            both = np.asarray(runs[one].multiply(runs[other]).sum(axis=1)).ravel()
            near = both >= similarity * (sizes[one] + sizes[other] - both)
            links.append(np.stack([one[near], other[near]]))
    row, column = np.concatenate([*links, np.zeros((2, 0), int)], axis=1)
    graph = sparse.coo_array((np.ones(len(row), bool), (row, column)), shape=(len(texts), len(texts)))
    return connected_components(graph, directed=False)[1]


def _rarest(runs: sparse.csr_matrix, similarity: float) -> sparse.csr_matrix:
    """Return of each text's runs the rarest, as few as a text that overlaps enough must share one of.

    Of n runs, at least similarity · n are in common, so among the n − that + 1 rarest there is one.
    """
    frequency = np.asarray(runs.sum(axis=0)).ravel()
    sizes = np.diff(runs.indptr)
    row = np.repeat(np.arange(len(sizes)), sizes)
    order = np.lexsort((runs.indices, frequency[runs.indices], row))
    place = np.arange(len(order)) - np.repeat(runs.indptr[:-1], sizes)  # in the order, within its row
    fewest = sizes - np.ceil(similarity * sizes - 1e-9).astype(int) + 1
    kept = order[place < np.repeat(fewest, sizes)]
    kept = kept[frequency[runs.indices[kept]] > 1]  # the others join nothing
    shape = runs.shape
    return sparse.csr_matrix((np.ones(len(kept), np.int32), (row[kept], runs.indices[kept])), shape=shape)


def _first_of_each(group: np.ndarray, text: np.ndarray) -> np.ndarray:
    """Return for every row its group's first text, in the order of the alphabet; `text` (rows,): each row's."""
    _, inverse = np.unique(group, return_inverse=True)
    first = np.full(inverse.max(initial=0) + 1, len(text))
    np.minimum.at(first, inverse, text)
    return first[inverse]


def _draw(named_by: pd.Series, part: pd.Series, config: SplitConfig) -> pd.Series:
    """Assign rows to parts by the hash of what names their group; official test and validation parts stand."""
    pool = ~part.isin(["test", "validation"])
    position = hash_to_unit(named_by[pool], config.salt)
    drawn, edge = pd.Series("train", index=position.index, dtype=object), 0.0
    share_of = {"test": config.test, "validation": config.validation}
    for name, share in share_of.items():
        if not (part == name).any():
            drawn[(position >= edge) & (position < edge + share)] = name
            edge += share
    return part.where(~pool, drawn.reindex(part.index))


def _references(rows: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each source: id, source, targets (a list)."""
    grouped = rows.groupby("source", sort=False)
    sources = grouped.agg(id=("id", "first"), targets=("target", lambda targets: list(dict.fromkeys(targets))))
    return sources.reset_index()[["id", "source", "targets"]]


def describe(part: pd.DataFrame) -> dict[str, Any]:
    """Return what the report of the split says about a part."""
    return {
        "rows": len(part),
        "references": int(part["targets"].map(len).sum()),
        "several_references": int((part["targets"].map(len) > 1).sum()),
        "hash": content_hash(part),
    }


def content_hash(part: pd.DataFrame) -> str:
    """Return twelve hexadecimal digits that name a part: a hash of its sources and references in their order."""
    digest = hashlib.sha256()
    for source, targets in zip(part["source"], part["targets"], strict=True):
        digest.update("\t".join([source, *targets]).encode() + b"\n")
    return digest.hexdigest()[:12]
