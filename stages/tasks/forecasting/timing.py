"""Times of raw files: parsing, frequency, daylight saving."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset

from stages.runtime.errors import UserError

if TYPE_CHECKING:
    from stages.tasks.forecasting.config import Reading

OFFSET = re.compile(r"[Tt:]\d\d(?:[.,]\d+)?\s*(?:[Zz]|[+-]\d\d(?::?\d\d)?)$")  # behind the time of day
STRETCH = 5  # values whose steps tell a frequency


def parse_times(path: Path, column: pd.Series, series: pd.Series, reading: "Reading") -> pd.DatetimeIndex:
    """Return a column's times: in UTC where they have offsets or a time zone is given, else as they are.

    Args:
        path: the file, for messages.
        column: the times, as `reading.time_format` says or as ISO 8601 does.
        series: each row's series: every one has a clock's change once a year.
        reading: how the file is read.

    Raises:
        UserError: a time cannot be read, some have an offset and some have none, or a clock's change makes one
            ambiguous; names the rows.
    """
    stamps = column if isinstance(column.dtype, pd.DatetimeTZDtype) else _parsed(path, column, reading.time_format)
    rows = np.flatnonzero(stamps.isna())
    if len(rows):
        examples = ", ".join(f"row {row + 1} ({str(column.iloc[row])!r})" for row in rows[:3])
        raise UserError(
            f"{path}: column '{column.name}', {examples}: {len(rows)} time(s) cannot be read: write 2026-11-24 13:00, "
            "or set reading.time_format"
        )
    index = pd.DatetimeIndex(stamps)
    if index.tz is not None:
        return index.tz_convert("UTC")
    return _localised(path, index, series, reading.time_zone) if reading.time_zone else index


def _parsed(path: Path, column: pd.Series, time_format: str | None) -> pd.Series:
    """Return the times of a column's texts, with their offsets if they have some; NaT where there is none."""
    texts = column.astype(str).str.strip()
    with_offset = texts.str.contains(OFFSET, na=False) | ("%z" in (time_format or ""))
    if with_offset.any() and not with_offset.all():
        row = int(np.argmax(with_offset.to_numpy() != with_offset.iloc[0]))
        raise UserError(f"{path}: row {row + 1} ({texts.iloc[row]!r}): some times have an offset and some have none")
    texts = texts.str.upper() if time_format is None else texts  # ISO 8601 admits t and z
    return pd.to_datetime(texts, errors="coerce", utc=bool(with_offset.any()), format=time_format or "ISO8601")


def _localised(path: Path, index: pd.DatetimeIndex, series: pd.Series, zone: str) -> pd.DatetimeIndex:
    """Return local times in UTC; an hour that a clock shows twice must be in a series twice, in order."""
    utc = pd.Series(pd.NaT, range(len(index)), dtype=f"datetime64[{index.unit}, UTC]")
    for rows in series.reset_index(drop=True).groupby(series.to_numpy(), sort=False).groups.values():
        try:
            utc[rows] = index[rows].tz_localize(zone, ambiguous="infer").tz_convert("UTC")
        except ValueError as error:
            missing = index[rows].tz_localize(zone, ambiguous="NaT", nonexistent="NaT").isna()
            examples = ", ".join(f"row {row + 1} ({index[row]})" for row in rows[missing][:3])
            raise UserError(
                f"{path}: {examples}: a clock in {zone} shows such a time never or twice when it is changed ({error}): "
                "give the times in UTC, with their offset"
            ) from None
    return pd.DatetimeIndex(utc)


def frequency_of(stamps: pd.Series, declared: str | None) -> str | None:
    """Return how often values come, as pandas names it: what is declared, else what most steps are; None: unclear."""
    if declared is not None:
        return declared
    if len(stamps) >= 3 and (inferred := _inferred(pd.DatetimeIndex(stamps))):
        return inferred
    steps = stamps.diff().dropna()
    if not len(steps):
        return None
    common = pd.Timedelta(steps.mode().iloc[0])
    if (steps == common).mean() > 0.5 and common < pd.Timedelta(days=28):
        return to_offset(common).freqstr
    return _of_a_stretch(stamps)


def _of_a_stretch(stamps: pd.Series) -> str | None:
    """Return the frequency of the first few values without a gap, for months and years, whose lengths differ."""
    index = pd.DatetimeIndex(stamps)
    stretches = (index[start : start + STRETCH] for start in range(len(index) - STRETCH + 1))
    return next(filter(None, map(_inferred, stretches)), None)


def _inferred(index: pd.DatetimeIndex) -> str | None:
    with pd.option_context("future.infer_freq_returns_offset", True):
        offset = to_offset(pd.infer_freq(index))
    return None if offset is None else offset.freqstr


def daylight_steps(rows: pd.DataFrame, zone: str | None) -> list[str]:
    """Return the first time after each change of a local clock, with its row, in one series' rows."""
    stamps = rows["timestamp"]
    if zone is None or stamps.dt.tz is None:
        return []
    local = stamps.dt.tz_convert(zone)
    utc_offset = local.dt.tz_localize(None) - stamps.dt.tz_localize(None)
    changed = utc_offset.diff().fillna(pd.Timedelta(0)) != pd.Timedelta(0)
    return [f"{stamp} (row {row})" for stamp, row in zip(local[changed], rows.loc[changed, "row"], strict=True)]
