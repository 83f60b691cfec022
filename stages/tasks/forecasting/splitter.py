"""Series → the parts train, validation and test, one after the other in time."""

import hashlib
from typing import Any

import numpy as np
import pandas as pd

from stages.config.schema import PARTS, Part
from stages.runtime.errors import UserError
from stages.tasks.base import Split
from stages.tasks.forecasting.config import SplitConfig


def split_series(table: pd.DataFrame, config: SplitConfig) -> Split:
    """Return the three parts, and how many rows were dropped, by reason.

    All series are cut at the same times, because what one of them did tomorrow tells of the others' tomorrow.

    Raises:
        UserError: there are too few times, or a series has no value in a part.
    """
    stamps = table["timestamp"].dt.tz_localize(None)  # with a zone, NumPy has objects of them
    times = np.sort(stamps.unique())
    test, validation = _num_steps(config.test, len(times)), _num_steps(config.validation, len(times))
    train = config.train or len(times) - test - validation
    ends = np.cumsum([train, validation, test])
    if train < 1 or ends[-1] > len(times):
        raise UserError(
            f"the series have {len(times)} times, but train {train}, validation {validation} and test {test} need "
            f"{ends[-1]}: lower them under split"
        )
    place = np.searchsorted(times, stamps.to_numpy())  # of each row on the time grid
    parts: dict[Part, pd.DataFrame] = {}
    for name, start, end in zip(PARTS, [0, *ends[:-1]], ends, strict=True):
        parts[name] = table[(place >= start) & (place < end)].reset_index(drop=True)
        if lacking := sorted(set(table["series"]) - set(parts[name]["series"])):
            raise UserError(
                f"series '{lacking[0]}' has no value in {name}, which goes from {times[start]} to {times[end - 1]}: "
                "leave it out, or change the parts under split"
            )
    dropped = int((place >= ends[-1]).sum())
    return Split(parts, {"after test": dropped} if dropped else {})


def _num_steps(size: float, total: int) -> int:
    """Return a part's steps: a number of them, or a share of the total."""
    return size if isinstance(size, int) else max(round(size * total), 1)


def describe(part: pd.DataFrame) -> dict[str, Any]:
    """Return what the report of the split says about a part."""
    return {
        "rows": len(part),
        "series": part["series"].nunique(),
        "from": str(part["timestamp"].min()),
        "to": str(part["timestamp"].max()),
        "filled": int(part["filled"].sum()),
        "hash": content_hash(part),
    }


def content_hash(part: pd.DataFrame) -> str:
    """Return twelve hexadecimal digits that identify a part: a hash of its series, times and values."""
    digest = hashlib.sha256("\n".join(part["series"].unique()).encode())
    digest.update(part["timestamp"].astype("int64").to_numpy().tobytes())
    digest.update(part["value"].to_numpy(float).tobytes())
    return digest.hexdigest()[:12]
