"""Times of raw files: parsing, daylight saving."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stages.runtime.errors import UserError
from stages.tasks.forecasting.modeling.frequency import EPOCH

if TYPE_CHECKING:
    from stages.tasks.forecasting.config import Reading

MOST_STEPS = 10_000_000  # a larger number is a date or a clock's seconds
OFFSET = re.compile(r"[Tt:]\d\d(?:[.,]\d+)?\s*(?:[Zz]|[+-]\d\d(?::?\d\d)?)$")  # behind the time of day


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
    if counts_steps(column, reading.time_format):
        return _steps(path, column)
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
    return _localised(path, index, series, reading) if reading.time_zone else index


def counts_steps(column: pd.Series, time_format: str | None) -> bool:
    """Tell whether times are whole numbers, which count steps unless a format says otherwise."""
    if time_format is not None or pd.api.types.is_datetime64_any_dtype(column):
        return False
    # The first value tells of most columns that they do not, without a look at the others.
    return bool(len(column)) and all(
        values.astype(str).str.strip().str.fullmatch(r"[+-]?\d+").all() for values in (column[:1], column)
    )


def _steps(path: Path, column: pd.Series) -> pd.DatetimeIndex:
    """Return whole numbers as times: as many days after the epoch."""
    numbers = pd.to_numeric(column.astype(str).str.strip())
    if numbers.abs().max() > MOST_STEPS:
        row = int((numbers.abs() > MOST_STEPS).argmax())
        raise UserError(
            f"{path}: column '{column.name}', row {row + 1} ({column.iloc[row]}): whole numbers count steps, but this "
            "is too large for one: write times as 2026-11-24 13:00, or set reading.time_format, such as '%Y%m%d'"
        )
    return pd.DatetimeIndex(EPOCH + pd.to_timedelta(numbers, unit="D"))


def _parsed(path: Path, column: pd.Series, time_format: str | None) -> pd.Series:
    """Return the times of a column's texts, with their offsets if they have some; NaT where there is none."""
    texts = column.astype(str).str.strip()
    with_offset = texts.str.contains(OFFSET, na=False) | ("%z" in (time_format or ""))
    if with_offset.any() and not with_offset.all():
        row = int(np.argmax(with_offset.to_numpy() != with_offset.iloc[0]))
        raise UserError(f"{path}: row {row + 1} ({texts.iloc[row]!r}): some times have an offset and some have none")
    texts = texts.str.upper() if time_format is None else texts  # ISO 8601 admits t and z
    return pd.to_datetime(texts, errors="coerce", utc=bool(with_offset.any()), format=time_format or "ISO8601")


def _localised(path: Path, index: pd.DatetimeIndex, series: pd.Series, reading: "Reading") -> pd.DatetimeIndex:
    """Return local times in UTC; `reading.repeated_hour` says what is meant by an hour that a clock shows twice."""
    zone, rule = reading.time_zone, reading.repeated_hour
    utc = pd.Series(pd.NaT, range(len(index)), dtype=f"datetime64[{index.unit}, UTC]")
    for rows in series.reset_index(drop=True).groupby(series.to_numpy(), sort=False).groups.values():
        local = index[rows]
        try:
            if rule == "in_order":
                zoned = local.tz_localize(zone, ambiguous="infer")
            else:
                zoned = local.tz_localize(zone, ambiguous=_is_summer_time(local, first=rule == "first"))
            utc[rows] = zoned.tz_convert("UTC")
        except ValueError as error:
            missing = local.tz_localize(zone, ambiguous="NaT", nonexistent="NaT").isna()
            examples = ", ".join(f"row {row + 1} ({index[row]})" for row in rows[missing][:3])
            raise UserError(
                f"{path}: {examples}: a clock in {zone} shows such a time never or twice when it is changed ({error}): "
                "give the times in UTC, with their offset; or, for an hour that it shows twice, set "
                "reading.repeated_hour to first or second"
            ) from None
    return pd.DatetimeIndex(utc)


def _is_summer_time(local: pd.DatetimeIndex, first: bool) -> np.ndarray:
    """Return which of a series' times are before the clock was put back, wherever it shows a time twice.

    Of two equal times the upper one is; one that stands alone is if `first` says so.
    """
    repeated, again = local.duplicated(keep=False), local.duplicated(keep="first")
    return np.where(repeated, ~again, first)


def daylight_steps(rows: pd.DataFrame, zone: str | None) -> list[str]:
    """Return the first time after each change of a local clock, with its row, in one series' rows."""
    stamps = rows["timestamp"]
    if zone is None or stamps.dt.tz is None:
        return []
    local = stamps.dt.tz_convert(zone)
    utc_offset = local.dt.tz_localize(None) - stamps.dt.tz_localize(None)
    changed = utc_offset.diff().fillna(pd.Timedelta(0)) != pd.Timedelta(0)
    return [f"{stamp} (row {row})" for stamp, row in zip(local[changed], rows.loc[changed, "row"], strict=True)]
