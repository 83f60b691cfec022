"""Series → the parts train, validation and test, one after the other in time."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from stages.config.schema import PARTS, Part
from stages.runtime.errors import UserError
from stages.tasks.base import Split
from stages.tasks.forecasting.config import SplitConfig, WindowConfig
from stages.tasks.forecasting.modeling.frequency import shown_time
from stages.tasks.forecasting.modeling.scaler import fit_series
from stages.tasks.forecasting.modeling.tables import too_short
from stages.tasks.forecasting.unfit import Unfit


def split_series(table: pd.DataFrame, config: SplitConfig, window: WindowConfig, unfit: Unfit) -> Split:
    """Return the three parts, and how many rows were dropped, by reason.

    All series are cut at the same times, because what one of them did tomorrow tells of the others' tomorrow.

    Args:
        table: of all series.
        config: how long the parts are.
        window: what forecasts read and predict, which a series must be long enough for.
        unfit: has the rule for series that cannot be used.

    Raises:
        UserError: there are too few times, or series cannot be used; names all of them.
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
    limits = list(zip(PARTS, [0, *ends[:-1]], ends, strict=True))
    numbers, index = pd.factorize(table["series"])
    names = [str(name) for name in index]
    spans = {name: f"from {times[start]} to {times[end - 1]}" for name, start, end in limits}
    inside = {name: (place >= start) & (place < end) for name, start, end in limits}
    counts = {name: np.bincount(numbers[mask], minlength=len(names)) for name, mask in inside.items()}
    _note_short(counts, names, spans, window, unfit)
    _note_still(table[inside["train"]], numbers[inside["train"]], names, window, unfit)
    unfit.settle(len(names))
    fits = ~np.isin(numbers, unfit.numbers)
    parts: dict[Part, pd.DataFrame] = {name: table[mask & fits].reset_index(drop=True) for name, mask in inside.items()}
    dropped = unfit.dropped_values(table["series"])
    dropped["after test"] = int(((place >= ends[-1]) & fits).sum())
    return Split(parts, {reason: count for reason, count in dropped.items() if count})


def _note_short(
    counts: Mapping[Part, np.ndarray],
    names: Sequence[str],
    spans: Mapping[Part, str],
    window: WindowConfig,
    unfit: Unfit,
) -> None:
    """Note the series that lack a part, or are too short in it. `counts`: of each part, by series."""
    before = np.zeros(len(names), int)
    for part, lengths in counts.items():
        before = before + lengths
        for number in np.flatnonzero(lengths == 0).tolist():
            unfit.add(
                number,
                "without a value in a part",
                f"series '{names[number]}' has no value in {part}, which goes {spans[part]}: leave it out, or change "
                "the parts under split",
            )
        short = (lengths < window.horizon) | (before < window.look_back + window.horizon)
        for number in np.flatnonzero(short).tolist():
            message = too_short(names[number], before[number], lengths[number], window, part)
            unfit.add(number, "too short for a window", message)


def _note_still(
    train: pd.DataFrame, numbers: np.ndarray, names: Sequence[str], window: WindowConfig, unfit: Unfit
) -> None:
    """Note the series that cannot be scaled."""
    values, filled = train["value"].to_numpy(float), train["filled"].to_numpy(bool)
    for number in np.setdiff1d(numbers, unfit.numbers).tolist():
        rows = numbers == number
        try:
            fit_series(names[number], values[rows], filled[rows], window)
        except UserError as error:
            unfit.add(number, "that cannot be scaled", str(error))


def _num_steps(size: float, total: int) -> int:
    """Return a part's steps: a number of them, or a share of the total."""
    return size if isinstance(size, int) else max(round(size * total), 1)


def describe(part: pd.DataFrame) -> dict[str, Any]:
    """Return what the report of the split says about a part."""
    return {
        "rows": len(part),
        "series": part["series"].nunique(),
        "from": shown_time(part["timestamp"].min(), part.attrs["frequency"]),
        "to": shown_time(part["timestamp"].max(), part.attrs["frequency"]),
        "filled": int(part["filled"].sum()),
        "hash": content_hash(part),
    }


def content_hash(part: pd.DataFrame) -> str:
    """Return twelve hexadecimal digits that identify a part: a hash of its series, times and values."""
    digest = hashlib.sha256("\n".join(part["series"].unique()).encode())
    digest.update(part["timestamp"].astype("int64").to_numpy().tobytes())
    digest.update(part["value"].to_numpy(float).tobytes())
    return digest.hexdigest()[:12]
