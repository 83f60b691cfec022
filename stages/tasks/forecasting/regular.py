"""Values as files have them → series on one regular grid of time, gaps filled by the rule, all faults named at once."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from stages.runtime.errors import UserError
from stages.tasks.forecasting.config import Reading
from stages.tasks.forecasting.modeling.frequency import (
    WORDS,
    Candidate,
    candidates,
    common_step,
    grid_places,
    time_grid,
)
from stages.tasks.forecasting.modeling.scaler import COVARIATE
from stages.tasks.forecasting.unfit import Unfit

SHOWN = 3  # rows that a message about a series lists
SPARSE = 10  # steps for each value of a series: where there are more, a time is mistaken
SPRING = 64  # missing values at most that may be hours which a clock skips


@dataclass
class RegularSeries:
    """All series on the grid, one below the other, and what was left out."""

    table: pd.DataFrame  # its attribute `frequency` says how often values come
    coming: pd.DataFrame  # rows after each series' last value
    frequency: str
    dropped: Counter[str]  # values, by reason


def make_regular(
    long: pd.DataFrame,
    reading: Reading,
    key: Callable[[str], str],
    expected: str | None = None,
    counting: bool = False,
) -> RegularSeries:
    """Return the series on one regular grid.

    Args:
        long: file, row, series, timestamp, value, filled and covariates of every record, in the files' order.
        reading: has the rules.
        key: of a key of `reading` its place in params.yaml, for messages.
        expected: the frequency to take if several fit, as a few days may be days or business days.
        counting: whether the times are whole numbers, read as days after the epoch.

    Raises:
        UserError: series are not fit, all named at once; or no frequency fits all of them.
    """
    rules = _Rules(reading, key, expected, counting)
    numbers, names = pd.factorize(long["series"])
    order = np.argsort(numbers, kind="stable")
    rows, series = long.iloc[order].reset_index(drop=True), numbers[order]
    unfit = Unfit(reading.unfit_series, key("unfit_series"))
    beyond = rows.groupby(series).cumcount().to_numpy() >= (len(rows) if reading.rows is None else reading.rows)
    left_out = {"beyond reading.rows": series[beyond]}
    rows, series = _take(rows, series, ~beyond)
    _note_empty(rows, series, names, unfit)
    _note_disorder(rows, series, names, rules, unfit)
    rows, series = _fitting(rows, series, names, unfit)
    begun, ended = _known(rows, series)
    left_out |= {"before a series' first value": series[~begun], "after a series' last value": series[~ended]}
    coming = rows[~ended].reset_index(drop=True)
    rows, series = _take(rows, series, begun & ended)
    _note_far_times(rows, series, names, unfit)
    rows, series = _fitting(rows, series, names, unfit)
    options = rules.options(rows, series, names)
    table = _filled(*_on_grid(rows, series, options[0].name), names, rules, unfit, options)
    unfit.settle(len(names))
    table.attrs["frequency"] = options[0].name
    return RegularSeries(table, coming, options[0].name, _dropped(left_out, unfit, long["series"]))


def _dropped(left_out: Mapping[str, np.ndarray], unfit: Unfit, series: "pd.Series[str]") -> Counter[str]:
    """Count values by why they were dropped, each once: all of the unfit series' count for those.

    Args:
        left_out: by reason, the series of each value that was left out.
        unfit: the series that were dropped.
        series: of every value that was read.
    """
    counts = {reason: int((~np.isin(numbers, unfit.numbers)).sum()) for reason, numbers in left_out.items()}
    counts |= unfit.dropped_values(series)
    return Counter({reason: count for reason, count in counts.items() if count})


def _fitting(rows: pd.DataFrame, series: np.ndarray, names: pd.Index, unfit: Unfit) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the rows of series in which nothing unfit was noted; refuse the others unless they may be dropped."""
    unfit.settle(len(names))
    return _take(rows, series, ~np.isin(series, unfit.numbers))


def _take(rows: pd.DataFrame, series: np.ndarray, mask: np.ndarray) -> tuple[pd.DataFrame, np.ndarray]:
    return rows[mask].reset_index(drop=True), series[mask]


def _known(rows: pd.DataFrame, series: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return whether a row is at or after its series' first value, and at or before its last, (rows,) each."""
    known = rows["value"].notna()
    begun = known.groupby(series).cummax().to_numpy(bool)
    ended = known[::-1].groupby(series[::-1]).cummax()[::-1].to_numpy(bool)
    return begun, ended


# --- What makes a series unfit ---


def _note_empty(rows: pd.DataFrame, series: np.ndarray, names: pd.Index, unfit: Unfit) -> None:
    known = rows["value"].notna().groupby(series).any()
    for number in known.index[~known]:
        first = places(rows[series == number].head(1))
        unfit.add(number, "without a value", f"series '{names[number]}' has no value (the first of its rows: {first})")


def _note_disorder(rows: pd.DataFrame, series: np.ndarray, names: pd.Index, rules: "_Rules", unfit: Unfit) -> None:
    """Note the series whose times stand twice, or before those of the row above."""
    same = np.append(False, series[1:] == series[:-1])
    back = (rows["timestamp"].diff() < pd.Timedelta(0)).to_numpy() & same
    twice = pd.DataFrame({"series": series, "timestamp": rows["timestamp"]}).duplicated().to_numpy()
    local = rules.reading.time_zone is None and rows["timestamp"].dt.tz is None
    hint = f"; if a clock was put back in autumn, set {rules.key('time_zone')}" if local else ""
    for number in np.unique(series[twice]):
        where = places(rows[twice & (series == number)])
        unfit.add(number, "with a time twice", f"series '{names[number]}': {where} stand(s) twice: keep one{hint}")
    for number in np.setdiff1d(series[back], series[twice]):
        where = places(rows[back & (series == number)])
        unfit.add(
            number,
            "out of order",
            f"series '{names[number]}': {where} come(s) before the row above: sort the file by time; several files "
            "are read in the order of their names",
        )


def _note_far_times(rows: pd.DataFrame, series: np.ndarray, names: pd.Index, unfit: Unfit) -> None:
    """Note the series with a time so far from the others that hardly a step between would have a value."""
    steps = rows["timestamp"].diff().where(np.append(False, series[1:] == series[:-1]))
    by_series = steps.groupby(series)
    counts, sums, medians = rows.groupby(series).size(), by_series.sum(), by_series.median()
    for number in counts.index[(counts > 2) & (sums > SPARSE * counts * medians)]:
        of_series = steps[series == number]
        where = places(rows.loc[[of_series.idxmax()]])
        unfit.add(
            number,
            "with a time far from the others",
            f"series '{names[number]}': {where} lie(s) {of_series.max()} after the row above, where most steps are "
            f"{medians[number]}: fix the time, or begin the series there",
        )


# --- The grid ---


def _on_grid(rows: pd.DataFrame, series: np.ndarray, frequency: str) -> tuple[pd.DataFrame, np.ndarray]:
    """Return a row for each step of each series, those that a file lacks empty, and each row's series."""
    index = pd.DatetimeIndex(rows["timestamp"])
    grid, steps = time_grid(index.min(), frequency, index.max()), grid_places(rows["timestamp"], frequency)
    starts = np.flatnonzero(np.append(True, series[1:] != series[:-1]))
    ends = np.append(starts[1:], len(series)) - 1
    lengths = steps[ends] - steps[starts] + 1
    offsets = np.append(0, np.cumsum(lengths)[:-1])
    repeated = np.repeat(np.arange(len(starts)), lengths)  # of each step, its series' place among those left
    of_row = np.repeat(np.arange(len(starts)), ends - starts + 1)
    target = offsets[of_row] + steps - steps[starts][of_row]
    source = np.full(lengths.sum(), -1)
    source[target] = np.arange(len(rows))
    places_on_grid = steps[starts][repeated] + np.arange(lengths.sum()) - offsets[repeated]
    table = rows.reindex(pd.Index(source)).reset_index(drop=True)  # -1 is no row: all empty
    return table.assign(timestamp=grid[places_on_grid]), series[starts][repeated]


def _filled(
    table: pd.DataFrame,
    series: np.ndarray,
    names: pd.Index,
    rules: "_Rules",
    unfit: Unfit,
    options: list[Candidate],
) -> pd.DataFrame:
    """Return the table with its gaps filled by the rule; note the series in which they may not or cannot be."""
    numbers = ["value", *(str(column) for column in table if str(column).startswith(COVARIATE))]
    missing = table[numbers].isna().any(axis=1).to_numpy()
    if missing.any() and rules.reading.gaps == "forbid":
        for number in np.unique(series[missing]):
            stamps = pd.DatetimeIndex(table["timestamp"][missing & (series == number)])
            unfit.add(number, "with missing values", rules.gap_message(names[number], stamps, options))
    elif missing.any():
        forward = rules.reading.gaps == "forward"
        groups = table[numbers].groupby(series)
        table[numbers] = groups.ffill() if forward else groups.transform(lambda column: column.interpolate())
    fits = ~np.isin(series, unfit.numbers)
    for number in np.unique(series[table[numbers].isna().any(axis=1).to_numpy() & fits]):
        unfit.add(
            number,
            "beginning with missing covariates",
            f"series '{names[number]}' begins with missing covariates: nothing stands before them; remove those rows",
        )
    table = table.assign(series=names[series], filled=missing, row=table["row"].fillna(0).astype("int64"))
    kept = table[~np.isin(series, unfit.numbers)].reset_index(drop=True)
    return kept[["file", "row", "series", "timestamp", "value", "filled", *numbers[1:]]]


@dataclass(frozen=True)
class _Rules:
    """What makes series regular. `key` tells where a key of `reading` stands in params.yaml, for messages."""

    reading: Reading
    key: Callable[[str], str]
    expected: str | None
    counting: bool

    def options(self, rows: pd.DataFrame, series: np.ndarray, names: pd.Index) -> list[Candidate]:
        """Return the frequencies that fit all series, the best first.

        Raises:
            UserError: none does; says which rows do not fit.
        """
        declared = self.reading.frequency
        options = candidates(rows["timestamp"], series, declared, self.counting)
        options.sort(key=lambda option: option.name != self.expected)  # stable
        if declared is None and not (options and options[0].missing == 0):
            self._refuse_mixed(rows, series, names)
        if options:
            return options
        usual = declared or common_step(rows["timestamp"], series)
        if usual is None or usual in WORDS:
            raise UserError(self._unclear_message(names[series[0]]))
        astray = rows[grid_places(rows["timestamp"], usual) < 0]
        if astray.empty:
            raise UserError(self._unclear_message(names[series[0]]))
        raise UserError(self._astray_message(rows[rows["series"] == astray["series"].iloc[0]], astray, usual))

    def _refuse_mixed(self, rows: pd.DataFrame, series: np.ndarray, names: pd.Index) -> None:
        """Refuse series that do not all come as often: horizons and seasons count steps."""
        first: str | None = None
        for number in np.unique(series):
            step = common_step(rows["timestamp"][series == number], series[series == number])
            if None not in (step, first) and step != first:
                raise UserError(
                    f"series '{names[number]}' comes every {step}, but series '{names[series[0]]}' every {first}: give "
                    f"each frequency a dataset of its own, or set {self.key('frequency')}"
                )
            first = first or step

    def _unclear_message(self, name: str) -> str:
        return (
            f"series '{name}': the steps between its times tell no frequency: set {self.key('frequency')}, to "
            f"{', '.join(WORDS)}, or as pandas names it: 30min, W-MON, MS+14D (the 15th of each month)"
        )

    def _astray_message(self, rows: pd.DataFrame, astray: pd.DataFrame, usual: str) -> str:
        days = pd.Timedelta(rows["timestamp"].diff().median()) >= pd.Timedelta(hours=23)
        declared = self.reading.frequency
        if days and self.reading.time_zone and rows["timestamp"].dt.tz is not None:
            zone = self.key("time_zone")
            hint = f"days of a local clock are not all as long: give dates without offset, and remove {zone}"
        elif declared:
            hint = f"fix them, or {self.key('frequency')}, which is {declared}"
        else:
            hint = f"set {self.key('frequency')}, or give each frequency a dataset of its own"
        steps = f"{'its steps are to be' if declared else 'most steps are'} {usual}"
        name = astray["series"].iloc[0]
        return f"series '{name}' has mixed frequencies: {steps}, but {places(astray)} stand(s) between: {hint}"

    def gap_message(self, name: str, stamps: pd.DatetimeIndex, options: list[Candidate]) -> str:
        """Say which values a series lacks, and what may be done about it."""
        times = ", ".join(str(stamp) for stamp in stamps[:SHOWN]) + (" …" if len(stamps) > SHOWN else "")
        spring = f" (in spring a clock skips an hour: set {self.key('time_zone')} if these times are local)"
        local = self.reading.time_zone is None and stamps.tz is None and len(stamps) <= SPRING
        hint = spring if local and options[0].name.endswith(("h", "min")) else ""
        others = "".join(f", with {option.name} {option.missing}" for option in options[1:])
        taken = (
            ""
            if not others
            else f" (taken to come every {options[0].name}, of which {options[0].missing} are missing{others})"
        )
        return (
            f"series '{name}': {len(stamps)} value(s) missing, at {times}{taken}: fix the data, or set "
            f"{self.key('gaps')} to forward or interpolate{hint}"
        )


def places(rows: pd.DataFrame) -> str:
    """Name some rows for a message: file, row and time of the first few."""
    first = ", ".join(f"{row.file} row {row.row} ({row.timestamp})" for row in rows.head(SHOWN).itertuples())
    return first + (f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else "")
