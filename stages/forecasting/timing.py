"""Times: parsing, frequency, daylight saving, and the calendar's cycles."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stages.console import Problem

if TYPE_CHECKING:
    from stages.forecasting.params import Reading

OFFSET = re.compile(r"[Tt:]\d\d(?:[.,]\d+)?\s*(?:[Zz]|[+-]\d\d(?::?\d\d)?)$")  # behind the time of day
STRETCH = 5  # values whose steps tell a frequency
CYCLES = {  # of the calendar: how far a time is on its way round, 0 to 1
    "hour": lambda local: (local.hour + local.minute / 60) / 24,
    "weekday": lambda local: local.dayofweek / 7,
    "month": lambda local: (local.month - 1) / 12,
}


def parse_times(path: Path, column: pd.Series, series: pd.Series, reading: "Reading") -> pd.DatetimeIndex:
    """Return a column's times: in UTC where they have offsets or a time zone is given, else as they stand.

    Args:
        path: the file, for messages.
        column: the times, as `reading.time_format` says or as ISO 8601 does.
        series: each row's series: every one has a clock's change once a year.
        reading: how the file is read.

    Raises:
        Problem: a time cannot be read, some have an offset and some have none, or a clock's change makes one
            ambiguous; names the rows.
    """
    stamps = column if isinstance(column.dtype, pd.DatetimeTZDtype) else _parsed(path, column, reading.time_format)
    rows = np.flatnonzero(stamps.isna())
    if len(rows):
        told = ", ".join(f"row {row + 1} ({str(column.iloc[row])!r})" for row in rows[:3])
        raise Problem(
            f"{path}: column '{column.name}', {told}: {len(rows)} time(s) cannot be read: write 2026-11-24 13:00, or "
            "set reading.time_format"
        )
    index = pd.DatetimeIndex(stamps)
    if index.tz is not None:
        return index.tz_convert("UTC")
    return _localised(path, index, series, reading.time_zone) if reading.time_zone else index


def _parsed(path: Path, column: pd.Series, form: str | None) -> pd.Series:
    """Return the times that a column's texts tell, NaT where they tell none; with their offsets, if they have some."""
    texts = column.astype(str).str.strip()
    with_offset = texts.str.contains(OFFSET, na=False) | ("%z" in (form or ""))
    if with_offset.any() and not with_offset.all():
        row = int(np.argmax(with_offset.to_numpy() != with_offset.iloc[0]))
        raise Problem(f"{path}: row {row + 1} ({texts.iloc[row]!r}): some times have an offset and some have none")
    texts = texts.str.upper() if form is None else texts  # ISO 8601 admits t and z
    return pd.to_datetime(texts, errors="coerce", utc=bool(with_offset.any()), format=form or "ISO8601")


def _localised(path: Path, index: pd.DatetimeIndex, series: pd.Series, zone: str) -> pd.DatetimeIndex:
    """Return local times in UTC; an hour that a clock shows twice must stand twice in a series, in order."""
    utc = pd.Series(pd.NaT, range(len(index)), dtype=f"datetime64[{index.unit}, UTC]")
    for rows in series.reset_index(drop=True).groupby(series.to_numpy(), sort=False).groups.values():
        try:
            utc[rows] = index[rows].tz_localize(zone, ambiguous="infer").tz_convert("UTC")
        except ValueError as error:
            missing = index[rows].tz_localize(zone, ambiguous="NaT", nonexistent="NaT").isna()
            told = ", ".join(f"row {row + 1} ({index[row]})" for row in rows[missing][:3])
            raise Problem(
                f"{path}: {told}: a clock in {zone} shows such a time never or twice when it is changed ({error}): "
                "give the times in UTC, with their offset"
            ) from None
    return pd.DatetimeIndex(utc)


def frequency_of(stamps: pd.Series, declared: str | None) -> str | None:
    """Return how often values come, as pandas names it: what is declared, else what most steps say; None: unclear."""
    if declared is not None:
        return declared
    if len(stamps) >= 3 and (inferred := _inferred(pd.DatetimeIndex(stamps))):
        return inferred
    steps = stamps.diff().dropna()
    if not len(steps):
        return None
    common = steps.mode()
    if len(common) and (steps == common.iloc[0]).mean() > 0.5 and common.iloc[0] < pd.Timedelta(days=28):
        return pd.tseries.frequencies.to_offset(common.iloc[0]).freqstr
    return _of_a_stretch(stamps)


def _of_a_stretch(stamps: pd.Series) -> str | None:
    """Return the frequency of the first few values without a gap, for months and years, whose lengths differ."""
    index = pd.DatetimeIndex(stamps)
    stretches = (index[start : start + STRETCH] for start in range(len(index) - STRETCH + 1))
    return next(filter(None, map(_inferred, stretches)), None)


def _inferred(index: pd.DatetimeIndex) -> str | None:
    with pd.option_context("future.infer_freq_returns_offset", True):
        offset = pd.infer_freq(index)
    return None if offset is None else offset.freqstr


def places(stamps: pd.DatetimeIndex, begin: pd.Timestamp, alias: str) -> np.ndarray:
    """Return how many steps of a frequency each time lies after `begin`, (times,) int64; negative before it."""
    if not len(stamps):
        return np.zeros(0, np.int64)
    grid = pd.date_range(min(begin, stamps.min()), max(begin, stamps.max()), freq=alias)
    return (grid.searchsorted(stamps) - grid.searchsorted(begin)).astype(np.int64)


def daylight_steps(rows: pd.DataFrame, zone: str | None) -> list[str]:
    """Return the first time after each change of a local clock, with its row, in one series' rows."""
    stamps = rows["timestamp"]
    if zone is None or stamps.dt.tz is None:
        return []
    local = stamps.dt.tz_convert(zone)
    away = local.dt.tz_localize(None) - stamps.dt.tz_localize(None)
    changed = away.diff().fillna(pd.Timedelta(0)) != pd.Timedelta(0)
    return [f"{stamp} (row {row})" for stamp, row in zip(local[changed], rows.loc[changed, "row"], strict=True)]


def cycles(stamps: pd.DatetimeIndex, names: tuple[str, ...], zone: str | None) -> np.ndarray:
    """Return sine and cosine of each cycle, (times, 2 × names) float32."""
    local = stamps.tz_convert(zone) if zone and stamps.tz is not None else stamps
    angles = [2 * np.pi * np.asarray(CYCLES[name](local), float) for name in names]
    columns = [wave(angle) for angle in angles for wave in (np.sin, np.cos)]
    return np.stack(columns, axis=1).astype(np.float32) if columns else np.zeros((len(stamps), 0), np.float32)
