"""Raw files → one tidy table of time series, a row a value.

| column | type | meaning |
|---|---|---|
| file | string | the raw file's name; null where a gap was filled |
| row | int64 | the record in that file, counted from 1 after the header; 0 where a gap was filled |
| series | string | the column of the values, or what the column `reading.series` says |
| timestamp | timestamp | in UTC where the times have an offset or `reading.time_zone` is set, else as they stand |
| value | float64 | finite |
| filled | bool | whether `reading.gaps` made the value |
| covariate.<name> | float64 | known ahead |

Series stand one below the other, each in the order of time and without gaps.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from stages.console import Problem, nearest, progress
from stages.forecasting.data import COVARIATE
from stages.forecasting.params import Reading
from stages.forecasting.timing import daylight_steps, frequency_of, parse_times

FORMATS = {".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".parquet": "parquet"}
COMPRESSIONS = (".gz", ".bz2", ".zip", ".xz", ".zst")
SHOWN = 3  # rows that a message lists


@dataclass(frozen=True)
class Table:
    """The tidy table, and an account of where its rows come from and which were dropped."""

    rows: pa.Table
    files: list[dict]  # name, bytes, encoding, rows
    rows_read: int  # values
    rows_dropped: dict[str, int]  # reason → count; rows_read - their sum + the filled ones = rows
    about: dict = field(default_factory=dict)  # frequency, series, filled by series, daylight_saving_steps


def read(folder: Path, reading: Reading) -> Table:
    """Read a dataset's raw files.

    Raises:
        Problem: a file cannot be read as `reading` says, or a series is not regular; names file, series and rows.
    """
    paths = sorted(path for path in folder.iterdir() if not path.name.startswith(".")) if folder.is_dir() else []
    if not paths:
        raise Problem(f"{folder} holds no file: look at datasets.{folder.name}.source in params.yaml")
    read_files = {path: _columns(path, reading) for path in progress(paths, desc="read", unit="file")}
    long = pd.concat([_long(path, frame, reading) for path, frame in read_files.items()], ignore_index=True)
    count = len(long)
    series, filled, dropped = [], {}, Counter()
    for name, rows in progress(long.groupby("series", sort=False), desc="check", unit="series"):
        kept = rows if reading.rows is None else rows[: reading.rows]
        dropped["beyond reading.rows"] += len(rows) - len(kept)
        regular = _regular(str(name), kept, reading)
        filled[str(name)] = int(regular["filled"].sum())
        series.append(regular)
    table = pd.concat(series, ignore_index=True)
    names = [{"name": path.name, "bytes": path.stat().st_size, "rows": len(read_files[path])} for path in paths]
    first = table[table["series"] == table["series"].iloc[0]]
    about = {
        "frequency": frequency_of(first["timestamp"], reading.frequency),
        "series": {name: int(size) for name, size in table["series"].value_counts(sort=False).items()},
        "filled": filled,
        "daylight_saving_steps": daylight_steps(first, reading.time_zone),
    }
    return Table(
        pa.Table.from_pandas(table, preserve_index=False),
        [file | {"encoding": reading.encoding} for file in names],
        count,
        {reason: number for reason, number in dropped.items() if number},
        about,
    )


def read_history(path: Path, reading: Reading) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one file's series up to their last values, and the rows after those, whose covariates are known ahead.

    Raises:
        Problem: as `read`; or a series has no value at all.
    """
    long = _long(path, _columns(path, reading), reading)
    histories, coming = [], []
    for name, rows in long.groupby("series", sort=False):
        known = np.flatnonzero(rows["value"].notna())
        if not len(known):
            raise Problem(f"{path}: series '{name}' has no value")
        histories.append(_regular(str(name), rows[: known[-1] + 1], reading))
        coming.append(rows[known[-1] + 1 :])
    return pd.concat(histories, ignore_index=True), pd.concat(coming, ignore_index=True)


def _columns(path: Path, reading: Reading) -> pd.DataFrame:
    """Return one file's columns as they stand, texts as texts."""
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() not in COMPRESSIONS]
    kind = reading.format or FORMATS.get(suffixes[-1] if suffixes else "")
    if kind is None:
        raise Problem(f"{path}: the ending tells no format: set datasets.{path.parent.name}.reading.format (csv, …)")
    try:
        if kind == "parquet":
            return pd.read_parquet(path)
        separator = reading.delimiter or ("," if kind == "csv" else "\t")
        return pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False, encoding=reading.encoding)
    except pd.errors.EmptyDataError:
        raise Problem(f"{path} is empty: remove it, or put data into it") from None
    except (UnicodeDecodeError, LookupError) as error:
        raise Problem(f"{path} is not {reading.encoding} ({error}): set reading.encoding, or mend the file") from None
    except (pd.errors.ParserError, pa.ArrowInvalid, OSError) as error:
        raise Problem(f"{path} cannot be read as {kind}: {str(error).strip()}") from None


def _long(path: Path, frame: pd.DataFrame, reading: Reading) -> pd.DataFrame:
    """Return one file's values, a row each; what is missing is NaN."""
    wanted = [reading.timestamp, *reading.covariates, *filter(None, [reading.series])]
    values = reading.values or tuple(name for name in frame if name not in wanted)
    for name in (*wanted, *values):
        if name not in frame:
            raise Problem(f"{path} has no column '{name}': {nearest(name, frame.columns)}")
    if not values or (reading.series and len(values) > 1):
        many = f"are {', '.join(values)}" if values else "are none"
        raise Problem(
            f"{path}: the columns of values {many}: name {'one' if reading.series else 'some'} in reading.values"
        )
    if frame.empty:
        raise Problem(f"{path} holds no rows: remove it, or put data into it")
    stamps, rows = parse_times(path, frame[reading.timestamp], reading), np.arange(1, len(frame) + 1)
    shared = {"file": path.name, "row": rows, "timestamp": stamps}
    covariates = {f"{COVARIATE}{name}": _numbers(path, frame[name], flags=True) for name in reading.covariates}
    parts = []
    for name in values:
        series = frame[reading.series].astype(str) if reading.series else name
        own = {"series": series, "value": _numbers(path, frame[name]), "filled": False}
        parts.append(pd.DataFrame(shared | own | covariates))
    return pd.concat(parts, ignore_index=True)


def _numbers(path: Path, column: pd.Series, flags: bool = False) -> np.ndarray:
    """Return a column's numbers, NaN where a cell is empty; as a flag, true is 1 and false is 0."""
    texts = column.astype(str).str.strip()
    if flags:
        lower = texts.str.lower()
        texts = texts.mask(lower == "true", "1").mask(lower == "false", "0")
    numbers = pd.to_numeric(texts, errors="coerce").astype(float)
    missing = texts.str.lower().isin(["", "nan", "na", "null", "none", "<na>"])
    _refuse(path, column, numbers.isna() & ~missing, "is no number: mend it, or leave the column out")
    _refuse(path, column, np.isinf(numbers), "is not finite: mend it, or leave the cell empty and set reading.gaps")
    return numbers.to_numpy()


def _refuse(path: Path, column: pd.Series, bad: pd.Series, why: str) -> None:
    rows = np.flatnonzero(bad)
    if len(rows):
        told = ", ".join(f"row {row + 1} ({str(column.iloc[row])!r})" for row in rows[:SHOWN])
        more = f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
        raise Problem(f"{path}: column '{column.name}', {told}{more}: {why}")


def _regular(name: str, rows: pd.DataFrame, reading: Reading) -> pd.DataFrame:
    """Return one series on its regular time grid, gaps filled by the rule, or refused.

    Raises:
        Problem: times are not in order or stand twice, steps differ, or a value is missing and may not be.
    """
    _refuse_disorder(name, rows, reading)
    alias = frequency_of(rows["timestamp"], reading.frequency)
    if alias is None:
        raise Problem(f"series '{name}': the steps between its times tell no frequency: set reading.frequency")
    grid = pd.date_range(rows["timestamp"].iloc[0], rows["timestamp"].iloc[-1], freq=alias)
    astray = rows[~rows["timestamp"].isin(grid)]
    if len(astray):
        raise Problem(
            f"series '{name}' has mixed frequencies: most steps are {alias}, but {_places(astray)} stand(s) between: "
            "set reading.frequency, or give each frequency a dataset of its own"
        )
    table = rows.set_index("timestamp").reindex(grid)
    numbers = ["value", *(column for column in table if column.startswith(COVARIATE))]
    missing = table[numbers].isna().any(axis=1)
    if missing.any() and reading.gaps == "forbid":
        raise Problem(_gap_message(name, table.index[missing], reading))
    table[numbers] = table[numbers].ffill() if reading.gaps == "forward" else table[numbers].interpolate()
    if table[numbers].isna().to_numpy().any():
        raise Problem(f"series '{name}' begins with missing values: nothing stands before them; remove those rows")
    table = table.assign(series=name, filled=missing.to_numpy(), row=table["row"].fillna(0).astype("int64"))
    table = table.rename_axis("timestamp").reset_index()
    return table[["file", "row", "series", "timestamp", "value", "filled", *numbers[1:]]]


def _refuse_disorder(name: str, rows: pd.DataFrame, reading: Reading) -> None:
    later = rows["timestamp"].diff().iloc[1:]
    back, same = rows.iloc[1:][later < pd.Timedelta(0)], rows.iloc[1:][later == pd.Timedelta(0)]
    twice = rows[rows["timestamp"].duplicated()]
    if len(twice):
        hint = _daylight_hint(reading, rows)
        raise Problem(f"series '{name}': {_places(twice)} stand(s) twice: keep one{hint}")
    if len(back) or len(same):
        raise Problem(f"series '{name}': {_places(back)} come(s) before the row above: sort the file by time")


def _gap_message(name: str, stamps: pd.DatetimeIndex, reading: Reading) -> str:
    told = ", ".join(str(stamp) for stamp in stamps[:SHOWN]) + (" …" if len(stamps) > SHOWN else "")
    spring = " (in spring a clock skips an hour: set reading.time_zone if these times are local)"
    hint = spring if reading.time_zone is None and stamps.tz is None and len(stamps) <= 64 else ""
    return (
        f"series '{name}': {len(stamps)} value(s) missing, at {told}: mend the data, or set reading.gaps to forward or "
        f"interpolate{hint}"
    )


def _daylight_hint(reading: Reading, rows: pd.DataFrame) -> str:
    local = reading.time_zone is None and rows["timestamp"].dt.tz is None
    return "; if a clock was put back in autumn, set reading.time_zone" if local else ""


def _places(rows: pd.DataFrame) -> str:
    told = ", ".join(f"{row.file} row {row.row} ({row.timestamp})" for row in rows.head(SHOWN).itertuples())
    return told + (f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else "")
