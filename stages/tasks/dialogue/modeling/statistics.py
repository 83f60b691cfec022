"""What each reply adds to sums, from which the metrics are computed, and metrics on validation."""

import numpy as np
import pandas as pd

FIRST = (1, 2, 5)  # candidates among which the right one is
COLUMNS = tuple(f"hit_{first}" for first in FIRST)


def hits(scores: np.ndarray) -> pd.DataFrame:
    """Return the columns hit_1, hit_2, hit_5 of scores (replies, candidates), of which the first column is right."""
    right, others = scores[:, :1], scores[:, 1:]
    ahead, equal = (others > right).sum(axis=1), (others == right).sum(axis=1)
    return pd.DataFrame({f"hit_{first}": np.clip((first - ahead) / (equal + 1), 0, 1) for first in FIRST})


def count(table: pd.DataFrame) -> np.ndarray:
    """Return a table's hits with a first column of ones, whose sum counts the replies, (replies, 1 + hits)."""
    return np.insert(table[list(COLUMNS)].to_numpy(float), 0, 1.0, axis=1)


def recall(sums: np.ndarray, place: int) -> np.ndarray:
    """Return the share of hits at a place of FIRST, of sums (…, 1 + hits) → (…,)."""
    return np.asarray(sums[..., 1 + place] / np.maximum(sums[..., 0], 1))


def recalls(table: pd.DataFrame) -> dict[str, float]:
    """Return all metrics of a table of hits, by name; the first chooses between models."""
    sums = count(table).sum(axis=0)
    return {f"recall_at_{first}": float(recall(sums, place)) for place, first in enumerate(FIRST)}
