"""What an entry of time series would be, from the first rows of a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from stages.runtime.errors import UserError
from stages.tasks.forecasting.modeling.frequency import candidates, common_step, time_grid
from stages.tasks.guess import TIME_NAMES, Choice, Column, Guess, Sample, Undecided, named

DAY = pd.Timedelta(days=1)
OF_DAYS = {"B": (5,), "D": (7,), "W": (52,), "M": (12,), "BM": (12,), "Q": (4,), "BQ": (4,)}  # seasons by frequency
REPEATS = 0.2  # autocorrelation of the changes at which a season counts as one
CLOCK_CHANGES = 0.01  # share of times that come twice where no column tells series apart
LONGEST_SEASON = 1000  # steps
FORMAT_HINT = "set it by --time-format, as strptime names it"


@dataclass(frozen=True)
class Layout:
    """Which column is what."""

    time: Column
    time_format: str | None
    times: pd.Series
    series: Column | None
    values: list[Column]

    def first_series(self) -> tuple[pd.Series, pd.Series]:
        """Return the times and the values of one series, the longest."""
        rows = pd.Series(True, self.times.index)
        if self.series is not None:
            rows = self.series.values == self.series.values.value_counts().index[0]
        numbers = self.values[0].numbers
        assert numbers is not None
        known = rows & numbers.notna() & self.times.notna()
        return self.times[known].reset_index(drop=True), numbers[known].reset_index(drop=True)

    @property
    def num_series(self) -> int:
        """How many series there are."""
        return self.series.distinct if self.series is not None else len(self.values)


def suits(sample: Sample) -> int:
    """Return how well data suit: see `Task.suits`."""
    if not sample.columns:
        return 0
    if "reading.timestamp" in sample.given:
        return 3
    times = [column for column in sample.columns if column.times]
    numbers = [column for column in sample.columns if column.numbers is not None and column not in times]
    numbers += [column for column in sample.columns if column.numbers is None and column.decimal_comma]
    if not times or not numbers:
        return 0
    return 1 if any(column.is_text for column in sample.columns) else 3


def guess(sample: Sample) -> Guess:
    """Return the entry.

    Raises:
        Undecided: which column holds the times, the series or the values, or how often values come.
        UserError: no column holds values.
    """
    if not sample.columns:
        raise UserError("time series are a table with a column of times, and this is none")
    layout = _layout(sample)
    times, values = layout.first_series()
    frequency = sample.given.get("reading.frequency") or _frequency(times)
    if frequency is None:
        raise Undecided("reading.frequency", "how often do values come (30min, h, D, W, MS, …)")
    reading = [*_columns(sample, layout), *_regularity(sample, layout, times, str(frequency))]
    regular = _regular(times, values, str(frequency))
    return Guess((*reading, *_part_remarks(sample), *_window(sample, times, regular, str(frequency))))


# --- Columns ---


def _layout(sample: Sample) -> Layout:
    time = _time(sample)
    time_format = _time_format(sample, time)
    times = time.as_times(time_format)
    if times.isna().all():
        raise Undecided("reading.time_format", f"how are the times of '{time.name}' written ({FORMAT_HINT})")
    if "reading.time_zone" in sample.given:
        times = _in_utc(times, str(sample.given["reading.time_zone"]))
    series = sample.column("reading.series") or _series(sample, time, times)
    return Layout(time, time_format, times, series, _values(sample, time, series))


def _time(sample: Sample) -> Column:
    given = sample.column("reading.timestamp")
    if given is not None:
        return given
    found = [column for column in sample.columns if column.times]
    best = found[0] if len(found) == 1 else named(found, sorted(TIME_NAMES))
    if best is None:
        names = [column.name for column in found or sample.columns]
        raise Undecided("reading.timestamp", "which column holds the times", names)
    return best


def _time_format(sample: Sample, time: Column) -> str | None:
    """Return how times are written: of several ways, the only one by which they are in order."""
    if "reading.time_format" in sample.given:
        return str(sample.given["reading.time_format"])
    formats = time.time_formats
    if len(formats) > 1 and None not in formats:
        ordered = [known for known in formats if time.as_times(known).dropna().is_monotonic_increasing]
        formats = ordered or formats
        if len(formats) > 1:
            raise Undecided("reading.time_format", "how are the times written", [str(known) for known in formats])
    return formats[0] if formats else None


def _in_utc(times: pd.Series, zone: str) -> pd.Series:
    """Return local times in UTC, so that steps are as long in autumn as in spring; as they are if that fails."""
    try:
        return times.dt.tz_localize(zone, ambiguous="infer").dt.tz_convert("UTC")
    except (TypeError, ValueError, KeyError):  # they have an offset, or the reader will say what is wrong with them
        return times


def _series(sample: Sample, time: Column, times: pd.Series) -> Column | None:
    """Return the column that names series: where times come again, but in none of its series.

    Raises:
        Undecided: times come again, and no column tells them apart.
    """
    twice = times.dropna().duplicated()
    if not twice.any():
        return None
    if twice.mean() < CLOCK_CHANGES and "reading.time_zone" not in sample.given and _step(times) < DAY:
        raise Undecided(
            "reading.time_zone", "some times come twice, as when a clock is put back in autumn: in which time zone"
        )
    others = [column for column in sample.columns if column is not time and 2 <= column.distinct <= sample.rows / 2]
    fitting = [
        column for column in others if not pd.DataFrame({"series": column.values, "time": times}).duplicated().any()
    ]
    names = [column for column in fitting if column.numbers is None] or [column for column in fitting if _is_id(column)]
    if len(names) != 1:
        choices = [column.name for column in names or others]
        raise Undecided("reading.series", "times come again: which column names the series", choices)
    return names[0]


def _is_id(column: Column) -> bool:
    """Tell whether numbers are few and whole, as those that count shops are."""
    return column.numbers is not None and bool((column.numbers.dropna() % 1 == 0).all())


def _values(sample: Sample, time: Column, series: Column | None) -> list[Column]:
    """Return the columns of values: all numbers; beside a column of series there must be one.

    Raises:
        Undecided: which of several is the value of the series.
        UserError: there is none.
    """
    given = sample.given.get("reading.values")
    covariates = sample.given.get("reading.covariates", ())
    others = [column for column in sample.columns if column not in (time, series) and column.name not in covariates]
    if given is not None:
        wrong = [name for name in given if name not in {column.name for column in others if column.numbers is not None}]
        if wrong:
            numbers = [column.name for column in others if column.numbers is not None]
            raise Undecided("reading.values", f"'{wrong[0]}' is no column of numbers", numbers)
        return [column for column in others if column.name in given]
    found = [column for column in others if column.numbers is not None]
    if not found:
        commas = [column.name for column in others if column.decimal_comma]
        hint = f": the numbers of {', '.join(commas)} have decimal commas: write points" if commas else ""
        raise UserError(f"no column beside '{time.name}' holds numbers{hint}")
    if series is not None and len(found) > 1:
        names = [column.name for column in found]
        raise Undecided("reading.values", "which column holds the values (the others may be --covariates)", names)
    return found


def _columns(sample: Sample, layout: Layout) -> list[Choice]:
    shown = layout.time_format or "ISO 8601"
    choices = [sample.choose("reading.timestamp", layout.time.name, f"its values are times ({shown})")]
    if layout.time_format is not None:
        choices.append(sample.choose("reading.time_format", layout.time_format, "the only way to read them all"))
    if layout.series is not None:
        because = f"{layout.series.distinct} series, one below the other: times come again, but in none of them"
        choices.append(sample.choose("reading.series", layout.series.name, because))
    names = [column.name for column in layout.values]
    because = "all columns of numbers; those known ahead go to --covariates" if len(names) > 1 else "numbers"
    choices.append(sample.choose("reading.values", names, because))
    used = {layout.time, layout.series, *layout.values}
    covariates = sample.given.get("reading.covariates", ())
    unused = [column.name for column in sample.columns if column not in used and column.name not in covariates]
    if unused:
        choices.append(Choice(None, f"not used: {', '.join(unused)}", "no numbers, or not chosen"))
    return choices


def _part_remarks(sample: Sample) -> list[Choice]:
    """Return a remark where files are named as official parts, which series do not have."""
    if not sample.parts:
        return []
    return [Choice(None, f"files {', '.join(sample.parts)}", "read as one: the parts of series are cut in time")]


# --- Times ---


def _regularity(sample: Sample, layout: Layout, times: pd.Series, frequency: str) -> list[Choice]:
    """Return the frequency and the rule for gaps."""
    choices = []
    if "reading.frequency" not in sample.given:
        because = f"most steps of {len(times):,} times; --frequency sets another"
        choices.append(Choice(None, f"frequency: {frequency}", because))
    gaps = _gaps(layout, times, frequency)
    if gaps:
        because = f"{gaps} missing value(s): the last one stands in, which knows nothing of the future"
        choices.append(sample.choose("reading.gaps", "forward", because))
    return choices


def _frequency(times: pd.Series) -> str | None:
    """Return how often the values of one series come, if its times tell."""
    one = np.zeros(len(times), int)
    options = candidates(times, one)
    return options[0].name if options else common_step(times, one)


def _regular(times: pd.Series, values: pd.Series, frequency: str) -> pd.Series:
    """Return one series' values on its time grid, gaps filled, so that steps can be counted."""
    series = pd.Series(values.to_numpy(float), pd.DatetimeIndex(times))
    series = series[~series.index.duplicated()].sort_index()
    grid = time_grid(series.index[0], frequency, series.index[-1])
    regular = series.reindex(grid).interpolate()
    return regular if regular.notna().mean() > 0.5 else series


def _gaps(layout: Layout, times: pd.Series, frequency: str) -> int:
    """Return how many values are missing, roughly: empty cells between others, and times of one series."""
    inside = 0
    for column in layout.values:
        assert column.numbers is not None
        known = np.flatnonzero(column.numbers.notna())
        inside += int(column.numbers.iloc[known[0] : known[-1] + 1].isna().sum()) if layout.series is None else 0
    ordered = times.sort_values()
    grid = time_grid(ordered.iloc[0], frequency, ordered.iloc[-1])
    return inside or max(len(grid) - ordered.nunique(), 0)


# --- Windows ---


def _window(sample: Sample, times: pd.Series, values: pd.Series, frequency: str) -> list[Choice]:
    """Return the parts and the window: season, horizon and look_back, of which a short series gets short ones."""
    steps = len(values)
    candidates = _seasons(frequency, times)
    season_choice = sample.choose("window.season", *_season(values, candidates))
    season = int(season_choice.value)
    horizon, because = _horizon(steps, season, candidates)
    horizon_choice = sample.choose("window.horizon", horizon, because)
    horizon = int(horizon_choice.value)
    parts, because = _parts(steps, horizon)
    split = [sample.choose(f"split.{name}", size, because) for name, size in parts.items()]
    train = steps - sum(size if isinstance(size, int) else round(size * steps) for size in parts.values())
    look_back = max(min(2 * max(season, horizon), (train - horizon) // 2), 1)
    because = "two seasons or horizons" if look_back == 2 * max(season, horizon) else "what train has room for"
    choices = [*split, sample.choose("window.look_back", look_back, because), horizon_choice, season_choice]
    if _swings_grow(values, season):
        because = "positive, and its swings grow with its level"
        choices.append(sample.choose("window.logarithm", True, because))
    calendar = _calendar(times)
    if calendar:
        choices.append(sample.choose("window.calendar", calendar, "what the day and the week may tell"))
    return choices


def _seasons(frequency: str, times: pd.Series) -> tuple[int, ...]:
    """Return the seasons that a frequency may have, in steps, the shortest first: a day and a week, or a year."""
    step = _step(times)
    name = frequency.partition("+")[0].lstrip("0123456789").split("-")[0].removesuffix("S").removesuffix("E")
    if name in OF_DAYS:
        return OF_DAYS[name]
    if not pd.Timedelta(0) < step < DAY:
        return ()
    return tuple(int(length / step) for length in (DAY, 7 * DAY) if length / step <= LONGEST_SEASON)


def _step(times: pd.Series) -> pd.Timedelta:
    return pd.Timedelta(times.diff().median())


def _season(values: pd.Series, candidates: Sequence[int]) -> tuple[int, str]:
    """Return the season by which the changes of a series repeat most, and the reason."""
    fitting = [season for season in candidates if season > 1 and len(values) >= 3 * season]
    if not fitting:
        return 1, "no season that the series is long enough to show"
    repeats = {season: _autocorrelation(values, season) for season in fitting}
    best = max(repeats, key=lambda season: repeats[season])
    shown = f"its changes {best} steps apart correlate by {repeats[best]:.2f}"
    if repeats[best] < REPEATS:
        return 1, f"none: {shown}"
    return best, shown


def _autocorrelation(values: pd.Series, lag: int) -> float:
    changes = values.diff().dropna().to_numpy(float)
    if len(changes) <= lag + 2 or not changes.std():
        return 0.0
    centred = changes - changes.mean()
    return float((centred[lag:] * centred[:-lag]).sum() / (centred**2).sum())


def _horizon(steps: int, season: int, candidates: Sequence[int]) -> tuple[int, str]:
    """Return the horizon: a season, the shortest if there are several, or what the length allows."""
    short = min([known for known in candidates if known > 1] or [12])
    wanted = min(season, short) if season > 1 else min(short, 12)
    most = max(steps // 10, 1)
    if wanted <= most:
        return wanted, "one season" if wanted == season else f"{wanted} steps"
    return most, "a tenth of the series, which is short"


def _parts(steps: int, horizon: int) -> tuple[dict[str, int | float], str]:
    """Return validation and test: a tenth each where that is three horizons, else two and three horizons."""
    if steps // 10 >= 3 * horizon:
        return {"validation": 0.1, "test": 0.1}, ""
    return {"validation": 2 * horizon, "test": 3 * horizon}, "steps: two and three horizons of a short series"


def _swings_grow(values: pd.Series, season: int) -> bool:
    """Tell whether a positive series swings the more the higher it is, a season or 12 steps at a time."""
    width = season if season > 1 else 12
    count = len(values) // width
    if count < 5 or not (values > 0).all():
        return False
    blocks = values.to_numpy(float)[: count * width].reshape(count, width)
    levels, swings = blocks.mean(1), np.ptp(blocks, axis=1)
    if levels.max() < 1.5 * levels.min() or not swings.std():
        return False
    return bool(np.corrcoef(levels, swings)[0, 1] > 0.8)


def _calendar(times: pd.Series) -> list[Any]:
    """Return the features of the calendar that may tell: the hour within a day, the day within a week."""
    step = _step(times)
    weeks = bool(times.max() - times.min() >= 28 * DAY)
    return [*(["hour"] if step < DAY else []), *(["weekday"] if step <= DAY and weeks else [])]
