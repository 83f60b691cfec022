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

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from stages.config.dataset import Dataset
from stages.data.formats import open_table
from stages.data.raw import RawFile, raw_files, shown
from stages.data.table import Table
from stages.data.tables import MISSING, Batch, Column, TableFile
from stages.runtime.errors import UserError
from stages.runtime.progress import progress
from stages.tasks.forecasting.config import Reading
from stages.tasks.forecasting.modeling.scaler import COVARIATE
from stages.tasks.forecasting.regular import make_regular
from stages.tasks.forecasting.timing import counts_steps, daylight_steps, parse_times

LARGEST = 1e150


def read(dataset: Dataset, reading: Reading) -> Table:
    """Read a dataset's raw files.

    Raises:
        UserError: a file cannot be read as `reading` says, or a series is not regular; names file, series and rows.
    """
    raw = raw_files(dataset, reading)
    tables, files = {}, []
    for file in progress(raw, desc="read", unit="file"):
        source = open_table(file)
        tables[file.path] = _long(file, _columns(source, file))
        files.append(source.account())
    counting = [table.attrs["counting"] for table in tables.values()]
    long = _joined(tables, reading, raw[0].key)
    regular = make_regular(long, reading, raw[0].key, counting=all(counting))
    table = regular.table
    by_series = table.groupby("series", sort=False)
    first = table["series"].iloc[0]
    notes = {
        "frequency": regular.frequency,
        "series": {str(name): int(size) for name, size in by_series.size().items()},
        "filled": {str(name): int(count) for name, count in by_series["filled"].sum().items()},
        "daylight_saving_steps": daylight_steps(table[table["series"] == first], reading.time_zone),
    }
    return Table(pa.Table.from_pandas(table, preserve_index=False), files, len(long), dict(regular.dropped), notes)


def read_history(
    path: Path, reading: Reading, where: str = "reading", expected: str | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one file's series up to their last values, and the rows after those, whose covariates are known ahead.

    Args:
        path: the file.
        reading: how it is read.
        where: the place of these parameters in params.yaml, for messages.
        expected: the frequency to take if several fit.

    Raises:
        UserError: as `read`.
    """
    file = RawFile(path, reading, where)
    long = _long(file, _columns(open_table(file), file))
    regular = make_regular(long, reading, file.key, expected, long.attrs["counting"])
    return regular.table, regular.coming


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
    wanted = [Column(name, "timestamp") for name in reading.time_columns]
    wanted += [Column(name, "covariates") for name in reading.covariates]
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
    stamps = _stamps(frame, reading)
    groups = frame[reading.series] if reading.series is not None else pd.Series("", frame.index)
    if pd.api.types.is_datetime64_any_dtype(stamps):  # times by type, of whatever format: they need no parsing
        reading = reading.model_copy(update={"time_format": None})
    times = parse_times(file.path, stamps, groups, reading)
    shared = {"file": file.path.name, "row": np.arange(1, len(frame) + 1), "timestamp": times}
    covariates = {f"{COVARIATE}{name}": frame[name].to_numpy() for name in reading.covariates}
    used = {*reading.time_columns, reading.series, *reading.covariates}
    parts = []
    for name in (name for name in frame if name not in used):
        series = groups.astype(str) if reading.series is not None else name
        columns = {"series": series, "value": frame[name].to_numpy(), "filled": False}
        parts.append(pd.DataFrame(shared | columns | covariates))
    long = pd.concat(parts, ignore_index=True)
    long.attrs["counting"] = counts_steps(stamps, reading.time_format)
    if reading.time_zone and reading.repeated_hour != "in_order":  # equal times stood side by side
        long = long.sort_values(["series", "timestamp"], kind="stable", ignore_index=True)
    return long


def _stamps(frame: pd.DataFrame, reading: Reading) -> pd.Series:
    """Return a file's times, those of several columns joined: numbers as year, month, day, …; else with a space."""
    if len(reading.time_columns) == 1:
        return frame[reading.time_columns[0]]
    texts = frame[list(reading.time_columns)].astype(str).apply(lambda column: column.str.strip())
    name = " and ".join(reading.time_columns)
    if not texts.apply(lambda column: column.str.fullmatch(r"\d+(?:\.0)?").all()).all():
        return texts.agg(" ".join, axis=1).rename(name)
    numbers = texts.astype(float).astype(int).astype(str).apply(lambda column: column.str.zfill(2))
    date = numbers.iloc[:, :3].agg("-".join, axis=1)
    clock = numbers.iloc[:, 3:].assign(**{"": "00"}) if numbers.shape[1] == 4 else numbers.iloc[:, 3:]
    return (date if clock.empty else date + " " + clock.agg(":".join, axis=1)).rename(name)


def _joined(tables: dict[Path, pd.DataFrame], reading: Reading, key: Callable[[str], str]) -> pd.DataFrame:
    """Return the values of all files; either all of them tell their offset from UTC, or none."""
    zoned = [path for path, table in tables.items() if table["timestamp"].dt.tz is not None]
    if 0 < len(zoned) < len(tables):
        other = next(path for path in tables if path not in zoned)
        raise UserError(f"the times of {zoned[0]} have an offset, those of {other} have none: set {key('time_zone')}")
    if reading.files == "series":
        tables = {path: _named_after(path, table, reading) for path, table in tables.items()}
    elif reading.files is None and reading.series is None:
        _refuse_a_shared_name(tables, key)
    return pd.concat(tables.values(), ignore_index=True)


def _named_after(path: Path, table: pd.DataFrame, reading: Reading) -> pd.DataFrame:
    """Return a file's series named after it, and after the column if it has several."""
    stem = path.name.partition(".")[0]
    several = reading.series is not None or table["series"].nunique() > 1
    return table.assign(series=f"{stem}." + table["series"] if several else stem)


def _refuse_a_shared_name(tables: dict[Path, pd.DataFrame], key: Callable[[str], str]) -> None:
    """Refuse files with a column of one name: whether a series goes on there or is another one is not to be guessed.

    Raises:
        UserError: names two of them.
    """
    first: dict[str, Path] = {}
    for path, table in tables.items():
        for name in table["series"].unique():
            if name in first:
                raise UserError(
                    f"{first[name]} and {path} both have the column '{name}': set {key('files')} to series if each "
                    "file holds a series of its own, or to join if one series goes on from file to file"
                )
            first[name] = path
