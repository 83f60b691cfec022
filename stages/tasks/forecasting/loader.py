"""Raw files → one tidy table of time series, a row a value.

| column | type | meaning |
|---|---|---|
| file | string | the raw file's name; null where a record was missing |
| row | int64 | the record in that file, counted from 1 after the header; 0 where a record was missing |
| series | string | the column of the values, or what the column `reading.series` says |
| timestamp | timestamp | in UTC where the times have an offset or `reading.time_zone` is set, else as they stand |
| value | float64 | finite |
| filled | bool | whether `reading.gaps` made the value, or a covariate beside it |
| covariate.<name> | float64 | known ahead |

Series stand one below the other, each in the order of time and without gaps, from its first value to its last.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from stages.config.dataset import Dataset
from stages.data.formats import open_table
from stages.data.raw import RawFile, raw_files, shown
from stages.data.table import Table
from stages.data.tables import Batch, Column, TableFile
from stages.runtime.errors import UserError
from stages.runtime.progress import progress
from stages.tasks.forecasting.config import Reading
from stages.tasks.forecasting.modeling.scaler import COVARIATE
from stages.tasks.forecasting.timing import daylight_steps, frequency_of, parse_times

SHOWN = 3  # rows that a message about a series lists
SPARSE = 10  # steps for each value of a series: where there are more, a time is mistaken
LARGEST = 1e150
MISSING = ("", "nan", "na", "null", "none", "<na>", "nat")  # how an empty cell is written, in lower case


def read(dataset: Dataset, reading: Reading) -> Table:
    """Read a dataset's raw files.

    Raises:
        UserError: a file cannot be read as `reading` says, or a series is not regular; names file, series and rows.
    """
    raw = raw_files(dataset, reading)
    rules = _Rules(reading, raw[0].key)
    tables, files = {}, []
    for file in progress(raw, desc="read", unit="file"):
        source = open_table(file)
        tables[file.path] = _long(file, _columns(source, file))
        files.append(source.account())
    long = _joined(tables, rules)
    series, filled = [], {}
    dropped: Counter[str] = Counter()
    for name, rows in progress(long.groupby("series", sort=False), desc="check", unit="series"):
        kept = rows if reading.rows is None else rows[: reading.rows]
        known = _known(str(name), kept)
        dropped["beyond reading.rows"] += len(rows) - len(kept)
        dropped["before a series' first value"] += known.start
        dropped["after a series' last value"] += len(kept) - known.stop
        regular = rules.regular(str(name), kept[known])
        filled[str(name)] = int(regular["filled"].sum())
        series.append(regular)
    table = pd.concat(series, ignore_index=True)
    notes = {
        "frequency": rules.common_step(series),
        "series": {name: int(size) for name, size in table["series"].value_counts(sort=False).items()},
        "filled": filled,
        "daylight_saving_steps": daylight_steps(series[0], reading.time_zone),
    }
    counts = {reason: number for reason, number in dropped.items() if number}
    return Table(pa.Table.from_pandas(table, preserve_index=False), files, len(long), counts, notes)


def read_history(path: Path, reading: Reading, where: str = "reading") -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one file's series up to their last values, and the rows after those, whose covariates are known ahead.

    Args:
        path: the file.
        reading: how it is read.
        where: the place of these parameters in params.yaml, for messages.

    Raises:
        UserError: as `read`; or a series has no value at all.
    """
    file = RawFile(path, reading, where)
    rules = _Rules(reading, file.key)
    histories, coming = [], []
    for name, rows in _long(file, _columns(open_table(file), file)).groupby("series", sort=False):
        known = _known(str(name), rows)
        rules.refuse_disorder(str(name), rows)
        histories.append(rules.regular(str(name), rows[known]))
        coming.append(rows[known.stop :])
    return pd.concat(histories, ignore_index=True), pd.concat(coming, ignore_index=True)


# --- From a file to values, a row each ---


def _columns(source: TableFile, file: RawFile[Reading]) -> pd.DataFrame:
    """Return one file's columns: times and names of series as they stand, values and covariates as numbers.

    Raises:
        UserError: with all that is wrong in them.
    """
    wanted = _wanted(source, file)
    parts = [_checked(source, batch, wanted) for batch in source.batches(wanted)]
    source.faults.refuse()
    return pd.concat(parts, ignore_index=True)


def _wanted(source: TableFile, file: RawFile[Reading]) -> list[Column]:
    """Return the columns to read; where `reading.values` names none, all that have no other use are values."""
    reading = file.reading
    wanted = [Column(reading.timestamp, "timestamp"), *(Column(name, "covariates") for name in reading.covariates)]
    if reading.series is not None:
        wanted.append(Column(reading.series, "series"))
    values: Sequence[str]
    if reading.values is not None:
        values = reading.values
    else:
        names = source.names(wanted)
        values = [name for name in names if name not in {column.name for column in wanted} | source.index_names()]
        if unnamed := [str(place) for place, name in enumerate(names, start=1) if not name.strip()]:
            raise UserError(
                f"{file.path}: column {', '.join(unnamed)} has no name: name it, remove it, or list the columns to "
                f"read under {file.key('values')}"
            )
    if not values or (reading.series is not None and len(values) > 1):
        many = f"are {', '.join(values)}" if values else "are none"
        count = "one" if reading.series is not None else "at least one"
        raise UserError(f"{file.path}: the columns of values {many}: name {count} under {file.key('values')}")
    return [*wanted, *(Column(name, "values") for name in values)]


def _checked(source: TableFile, batch: Batch, wanted: Sequence[Column]) -> pd.DataFrame:
    """Return a batch's columns, numbers as float64; what is none is noted as the file's fault."""
    columns = {}
    for name, key in ((column.name, column.key) for column in wanted):
        column = batch.series(name)
        if key == "series":
            missing = column.isna() | (column.astype(str).str.strip() == "")
            _note(source, batch, column, missing, "names no series", "name it, or remove the row")
        columns[name] = column if key in ("timestamp", "series") else _numbers(source, batch, column, key)
    return pd.DataFrame(columns)


def _numbers(source: TableFile, batch: Batch, column: "pd.Series[str]", key: str) -> np.ndarray:
    """Return a column's numbers, NaN where a cell is empty; of a covariate, true is 1 and false is 0."""
    texts = column.astype(str).str.strip()
    lower = texts.str.lower()
    if key == "covariates":
        texts = texts.mask(lower == "true", "1").mask(lower == "false", "0")
    numbers = pd.to_numeric(texts, errors="coerce").astype(float)
    missing = column.isna() | lower.isin(MISSING)
    _note(source, batch, column, numbers.isna() & ~missing, "is no number", "fix it, or leave the column out")
    advice = f"fix it, or leave the cell empty and set {source.file.key('gaps')}"
    _note(source, batch, column, numbers.abs() == np.inf, "is not finite", advice)
    large = (numbers.abs() > LARGEST) & (numbers.abs() != np.inf)
    _note(source, batch, column, large, "is too large to be squared", "fix it, or divide the column")
    return numbers.to_numpy()


def _note(
    source: TableFile, batch: Batch, column: "pd.Series[str]", bad: "pd.Series[bool]", problem: str, advice: str
) -> None:
    """Note the places where a column's values are bad."""
    for row in np.flatnonzero(bad).tolist():
        place = f"row {batch.rows[row]} ({shown(str(column.iloc[row]))})"
        source.faults.add(f"column '{column.name}' {problem} in ", advice, place)


def _long(file: RawFile[Reading], frame: pd.DataFrame) -> pd.DataFrame:
    """Return one file's values, a row each; what is missing is NaN."""
    reading = file.reading
    stamps = frame[reading.timestamp]
    groups = frame[reading.series] if reading.series is not None else pd.Series("", frame.index)
    if pd.api.types.is_datetime64_any_dtype(stamps):  # times by type, of whatever format: they need no parsing
        reading = reading.model_copy(update={"time_format": None})
    times = parse_times(file.path, stamps, groups, reading)
    shared = {"file": file.path.name, "row": np.arange(1, len(frame) + 1), "timestamp": times}
    covariates = {f"{COVARIATE}{name}": frame[name].to_numpy() for name in reading.covariates}
    used = {reading.timestamp, reading.series, *reading.covariates}
    parts = []
    for name in (name for name in frame if name not in used):
        series = groups.astype(str) if reading.series is not None else name
        columns = {"series": series, "value": frame[name].to_numpy(), "filled": False}
        parts.append(pd.DataFrame(shared | columns | covariates))
    return pd.concat(parts, ignore_index=True)


def _joined(tables: dict[Path, pd.DataFrame], rules: "_Rules") -> pd.DataFrame:
    """Return the values of all files; either all of them tell their offset from UTC, or none."""
    zoned = [path for path, table in tables.items() if table["timestamp"].dt.tz is not None]
    if 0 < len(zoned) < len(tables):
        other = next(path for path in tables if path not in zoned)
        raise UserError(
            f"the times of {zoned[0]} have an offset, those of {other} have none: set {rules.key('time_zone')}"
        )
    return pd.concat(tables.values(), ignore_index=True)


# --- From values to regular series ---


def _known(name: str, rows: pd.DataFrame) -> slice:
    """Return from where to where a series has values; what lies between may be missing.

    Raises:
        UserError: it has none.
    """
    known = np.flatnonzero(rows["value"].notna())
    if not len(known):
        raise UserError(f"series '{name}' has no value (the first of its rows: {_places(rows.head(1))}): leave it out")
    return slice(int(known[0]), int(known[-1]) + 1)


class _Rules:
    """What makes a series regular. `key` tells where a key of `reading` stands in params.yaml, for messages."""

    def __init__(self, reading: Reading, key: Callable[[str], str]) -> None:
        self.reading, self.key = reading, key

    def common_step(self, series: list[pd.DataFrame]) -> str | None:
        """Return how often all series come; refuse one that comes otherwise: horizons and seasons count steps."""
        steps = [(rows["series"].iloc[0], frequency_of(rows["timestamp"], self.reading.frequency)) for rows in series]
        for name, step in steps:
            if step != steps[0][1]:
                raise UserError(
                    f"series '{name}' comes every {step}, but series '{steps[0][0]}' every {steps[0][1]}: give each "
                    f"frequency a dataset of its own, or set {self.key('frequency')}"
                )
        return steps[0][1]

    def regular(self, name: str, rows: pd.DataFrame) -> pd.DataFrame:
        """Return one series on its regular time grid, gaps filled by the rule, or refused.

        Raises:
            UserError: times are not in order or stand twice, steps differ, or a value is missing and may not be.
        """
        self.refuse_disorder(name, rows)
        alias = frequency_of(rows["timestamp"], self.reading.frequency)
        if alias is None:
            raise UserError(
                f"series '{name}': the steps between its times tell no frequency: set {self.key('frequency')}"
            )
        _refuse_a_far_time(name, rows)
        grid = pd.date_range(rows["timestamp"].iloc[0], rows["timestamp"].iloc[-1], freq=alias)
        astray = rows[~rows["timestamp"].isin(grid)]
        if len(astray):
            raise UserError(self._astray_message(name, rows, astray, alias))
        table = rows.set_index("timestamp").reindex(grid)
        numbers = ["value", *(column for column in table.columns if column.startswith(COVARIATE))]
        missing = table[numbers].isna().any(axis=1)
        if missing.any() and self.reading.gaps == "forbid":
            raise UserError(self._gap_message(name, pd.DatetimeIndex(table.index[missing])))
        forward = self.reading.gaps == "forward"
        table[numbers] = table[numbers].ffill() if forward else table[numbers].interpolate()
        if table[numbers].isna().to_numpy().any():
            raise UserError(
                f"series '{name}' begins with missing covariates: nothing stands before them; remove those rows"
            )
        table = table.assign(series=name, filled=missing.to_numpy(), row=table["row"].fillna(0).astype("int64"))
        table = table.rename_axis("timestamp").reset_index()
        return table[["file", "row", "series", "timestamp", "value", "filled", *numbers[1:]]]

    def refuse_disorder(self, name: str, rows: pd.DataFrame) -> None:
        """Refuse times that stand twice, or before those of the row above."""
        back = rows[rows["timestamp"].diff() < pd.Timedelta(0)]
        twice = rows[rows["timestamp"].duplicated()]
        if len(twice):
            local = self.reading.time_zone is None and rows["timestamp"].dt.tz is None
            hint = f"; if a clock was put back in autumn, set {self.key('time_zone')}" if local else ""
            raise UserError(f"series '{name}': {_places(twice)} stand(s) twice: keep one{hint}")
        if len(back):
            raise UserError(
                f"series '{name}': {_places(back)} come(s) before the row above: sort the file by time; several files "
                "are read in the order of their names"
            )

    def _astray_message(self, name: str, rows: pd.DataFrame, astray: pd.DataFrame, alias: str) -> str:
        days = pd.Timedelta(rows["timestamp"].diff().median()) >= pd.Timedelta(hours=23)
        declared = self.reading.frequency
        if days and self.reading.time_zone and rows["timestamp"].dt.tz is not None:
            zone = self.key("time_zone")
            hint = f"days of a local clock are not all as long: give dates without offset, and remove {zone}"
        elif declared:
            hint = f"fix them, or {self.key('frequency')}, which is {declared}"
        else:
            hint = f"set {self.key('frequency')}, or give each frequency a dataset of its own"
        steps = f"{'its steps are to be' if declared else 'most steps are'} {alias}"
        return f"series '{name}' has mixed frequencies: {steps}, but {_places(astray)} stand(s) between: {hint}"

    def _gap_message(self, name: str, stamps: pd.DatetimeIndex) -> str:
        times = ", ".join(str(stamp) for stamp in stamps[:SHOWN]) + (" …" if len(stamps) > SHOWN else "")
        spring = f" (in spring a clock skips an hour: set {self.key('time_zone')} if these times are local)"
        hint = spring if self.reading.time_zone is None and stamps.tz is None and len(stamps) <= 64 else ""
        return (
            f"series '{name}': {len(stamps)} value(s) missing, at {times}: fix the data, or set {self.key('gaps')} to "
            f"forward or interpolate{hint}"
        )


def _refuse_a_far_time(name: str, rows: pd.DataFrame) -> None:
    """Refuse a time so far from the others that hardly a step between would have a value."""
    steps = rows["timestamp"].diff()
    if len(rows) > 2 and steps.sum() > SPARSE * len(rows) * steps.median():
        raise UserError(
            f"series '{name}': {_places(rows.loc[[steps.idxmax()]])} lie(s) {steps.max()} after the row above, where "
            f"most steps are {steps.median()}: fix the time, or begin the series there"
        )


def _places(rows: pd.DataFrame) -> str:
    places = ", ".join(f"{row.file} row {row.row} ({row.timestamp})" for row in rows.head(SHOWN).itertuples())
    return places + (f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else "")
