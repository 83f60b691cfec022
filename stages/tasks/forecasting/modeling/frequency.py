"""How often values come: one frequency for all series of a dataset, and the grid of times that it gives.

A frequency is named as pandas names it (h, 30min, D, B, W-MON, MS, ME, QS, YS), with a number of days behind it where
months or longer begin on another day (`MS+14D`: the 15th of each month), or it is `step`: whole numbers that count.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset

STEP = "step"  # of whole numbers: n is n days after the epoch, so that all code has times
EPOCH = pd.Timestamp(0)
WORDS = {  # of a person, and the candidates that they stand for; the values of the rows tell which
    "hourly": ("h",),
    "daily": ("D",),
    "business days": ("B",),
    "weekly": ("W",),
    "monthly": ("MS", "ME", "BMS", "BME"),
    "quarterly": ("QS", "QE"),
    "yearly": ("YS", "YE"),
}
DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
LAST_SHIFTED_DAY = 28  # of a month: later days are not in every month
MOSTLY = 0.5  # a candidate that leaves a larger share of its grid empty is none


@dataclass(frozen=True)
class Candidate:
    """A frequency on whose grid all times lie, and how many values all series together would lack."""

    name: str
    missing: int


def time_grid(
    start: pd.Timestamp, frequency: str, end: pd.Timestamp | None = None, periods: int | None = None
) -> pd.DatetimeIndex:
    """Return the times from `start` on, which is one of them, until `end` or so many."""
    base, _, shift = frequency.partition("+")
    days = pd.Timedelta(shift) if shift else pd.Timedelta(0)
    base = "D" if base == STEP else base
    if end is not None:
        return pd.date_range(start - days, end - days, freq=base) + days
    assert periods is not None
    return pd.date_range(start - days, periods=periods, freq=base) + days


def known_frequency(name: str) -> bool:
    """Tell whether a frequency can be used, declared by its name or by a word."""
    base, plus, shift = name.partition("+")
    if name in (STEP, *WORDS):
        return True
    try:
        return to_offset(base).n > 0 and (not plus or pd.Timedelta(shift) > pd.Timedelta(0))
    except ValueError:
        return False


def candidates(
    stamps: pd.Series, series: np.ndarray, declared: str | None = None, counting: bool = False
) -> list[Candidate]:
    """Return the frequencies on whose grid all times lie, the one that lacks the fewest values first.

    Args:
        stamps: of all series, those of each in order and one below the other.
        series: each row's series, by number, (rows,).
        declared: a name or a word; None: whatever fits.
        counting: whether the times stand for whole numbers, of which no calendar knows.
    """
    if not len(stamps):
        return []
    names = _names(stamps, series) if declared is None or declared in WORDS else [declared]
    if counting and declared is None:
        step = common_step(stamps, series)
        names = [STEP, *([step] if step not in (None, "D") else [])]
    if declared in WORDS:
        families = WORDS[declared]
        names = [*(name for name in names if name.startswith(families)), *families[:1]]
    found = [
        Candidate(name, missing)
        for name in dict.fromkeys(names)
        if (missing := _missing(stamps, series, name)) is not None
    ]
    return sorted(found, key=lambda candidate: candidate.missing)


def common_step(stamps: pd.Series, series: np.ndarray) -> str | None:
    """Return the step that most values have, as pandas names it; None where months or longer lie between them."""
    same = series[1:] == series[:-1]
    steps = stamps.diff()[1:][same]
    if not len(steps):
        return None
    common = pd.Timedelta(steps.mode().iloc[0])
    usual = (steps == common).mean() > MOSTLY and common < pd.Timedelta(days=28)
    if not usual or common <= pd.Timedelta(0):
        return None
    days, rest = divmod(common, pd.Timedelta(days=1))
    return to_offset(common).freqstr if rest else "D" if days == 1 else f"{days}D"


def _names(stamps: pd.Series, series: np.ndarray) -> list[str]:
    """Return the frequencies that may fit, those first that pandas or most steps tell."""
    unique = pd.DatetimeIndex(np.sort(stamps.unique()))
    local = unique.tz_localize(None) if unique.tz is not None else unique
    names = [_inferred(unique), common_step(stamps, series)]
    names += ["B"] if (local.day_of_week < 5).all() else []
    if len(weekdays := local.day_of_week.unique()) == 1:
        names.append(f"W-{DAYS[weekdays[0]]}")
    if len(days := local.day.unique()) == 1 and days[0] <= LAST_SHIFTED_DAY:
        shift = f"+{days[0] - 1}D" if days[0] > 1 else ""
        first = MONTHS[local.month.min() - 1]
        months = np.unique(local.year * 12 + local.month)
        apart = int(np.gcd.reduce(np.diff(months))) if len(months) > 1 else 1
        names += [f"{base}{shift}" for base in ("MS", f"QS-{first}", f"YS-{first}", f"{apart}MS")]
    if local.is_month_end.all():
        last = MONTHS[local.month.max() - 1]
        names += ["ME", f"QE-{last}", f"YE-{last}"]
    names += ["BMS", "BME"] if (local.to_period("M").value_counts() == 1).all() else []
    return [name for name in names if name is not None]


def _inferred(index: pd.DatetimeIndex) -> str | None:
    if len(index) < 3:
        return None
    with pd.option_context("future.infer_freq_returns_offset", True):
        offset = to_offset(pd.infer_freq(index))
    return None if offset is None else offset.freqstr


def _missing(stamps: pd.Series, series: np.ndarray, name: str) -> int | None:
    """Return how many values the series together lack on a frequency's grid; None where a time does not lie on it."""
    places = grid_places(stamps, name)
    if (places < 0).any():
        return None
    ends = np.flatnonzero(np.append(series[1:] != series[:-1], True))
    starts = np.append(0, ends[:-1] + 1)
    grid = int((places[ends] - places[starts] + 1).sum())
    lacking = grid - len(places)
    return None if lacking > MOSTLY * grid else lacking


def grid_places(stamps: pd.Series, name: str) -> np.ndarray:
    """Return each time's place on the grid from the first of all times to the last, (rows,) int64; -1: on none."""
    index = pd.DatetimeIndex(stamps)
    return np.asarray(time_grid(index.min(), name, index.max()).get_indexer(index), np.int64)


def shown_time(stamp: pd.Timestamp, frequency: str) -> str:
    """Return a time as people wrote it: where whole numbers count the steps, the number."""
    return str(stamp.toordinal() - EPOCH.toordinal()) if frequency == STEP else str(stamp)
