"""Series → the parts train, validation and test, one after the other in time."""

import hashlib

import numpy as np
import pandas as pd

from stages.console import Problem
from stages.forecasting.params import Split

PARTS = ("train", "validation", "test")


def split_table(table: pd.DataFrame, choices: Split) -> tuple[dict[str, pd.DataFrame], dict[str, int]]:
    """Return the three parts, and how many rows were dropped, by reason.

    All series are cut at the same times, for what one of them did tomorrow tells of the others' tomorrow.

    Raises:
        Problem: the times do not suffice, or a series has no value in a part.
    """
    stamps = table["timestamp"].dt.tz_localize(None)  # with a zone, NumPy has objects of them
    times = np.sort(stamps.unique())
    test, validation = _steps(choices.test, len(times)), _steps(choices.validation, len(times))
    train = choices.train or len(times) - test - validation
    ends = np.cumsum([train, validation, test])
    if train < 1 or ends[-1] > len(times):
        raise Problem(
            f"the series have {len(times)} times, but train {train}, validation {validation} and test {test} need "
            f"{ends[-1]}: lower them under split"
        )
    place = np.searchsorted(times, stamps.to_numpy())  # of each row on the time grid
    parts = {}
    for name, start, end in zip(PARTS, [0, *ends[:-1]], ends, strict=True):
        parts[name] = table[(place >= start) & (place < end)].reset_index(drop=True)
        lacking = sorted(set(table["series"]) - set(parts[name]["series"]))
        if lacking:
            raise Problem(
                f"series '{lacking[0]}' has no value in {name}, which goes from {times[start]} to {times[end - 1]}: "
                "leave it out, or change the parts under split"
            )
    dropped = int((place >= ends[-1]).sum())
    return parts, {"after test": dropped} if dropped else {}


def _steps(size: float, whole: int) -> int:
    """Return a part's steps: a number of them, or a share."""
    return size if isinstance(size, int) else max(round(size * whole), 1)


def describe(part: pd.DataFrame) -> dict:
    """Return what the report of the split says about a part."""
    ends = {"from": str(part["timestamp"].min()), "to": str(part["timestamp"].max())}
    filled = int(part["filled"].sum())
    return (
        {"rows": len(part), "series": part["series"].nunique()} | ends | {"filled": filled, "hash": content_hash(part)}
    )


def content_hash(part: pd.DataFrame) -> str:
    """Return twelve hexadecimal digits that name a part: a hash of its series, times and values."""
    digest = hashlib.sha256("\n".join(part["series"].unique()).encode())
    digest.update(part["timestamp"].astype("int64").to_numpy().tobytes())
    digest.update(part["value"].to_numpy(float).tobytes())
    return digest.hexdigest()[:12]
