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

import lzma
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import pandas as pd
import pyarrow as pa

from stages.console import Problem, nearest, progress
from stages.forecasting.data import COVARIATE
from stages.forecasting.params import Reading
from stages.forecasting.timing import daylight_steps, frequency_of, parse_times

FORMATS = {".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".parquet": "parquet"}
COMPRESSIONS = (".gz", ".bz2", ".zip", ".xz")
SHOWN = 3  # rows that a message lists
SPARSE = 10  # steps for each value of a series: where there are more, a time is mistaken
LARGEST = 1e150
MISSING = ("", "nan", "na", "null", "none", "<na>", "nat")  # how an empty cell is written, in lower case


@dataclass(frozen=True)
class Table:
    """The tidy table, and an account of where its rows come from and which were dropped."""

    rows: pa.Table
    files: list[dict]  # name, bytes, encoding, rows
    rows_read: int  # values
    rows_dropped: dict[str, int]  # reason → count; rows_read - their sum + records that were missing = rows
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
    long = _joined({path: _long(path, frame, reading) for path, frame in read_files.items()})
    count = len(long)
    series, filled, dropped = [], {}, Counter()
    for name, rows in progress(long.groupby("series", sort=False), desc="check", unit="series"):
        kept = rows if reading.rows is None else rows[: reading.rows]
        known = _known(str(name), kept)
        dropped["beyond reading.rows"] += len(rows) - len(kept)
        dropped["before a series' first value"] += known.start
        dropped["after a series' last value"] += len(kept) - known.stop
        regular = _regular(str(name), kept[known], reading)
        filled[str(name)] = int(regular["filled"].sum())
        series.append(regular)
    table = pd.concat(series, ignore_index=True)
    names = [{"name": path.name, "bytes": path.stat().st_size, "rows": len(read_files[path])} for path in paths]
    about = {
        "frequency": _common_step(series, reading),
        "series": {name: int(size) for name, size in table["series"].value_counts(sort=False).items()},
        "filled": filled,
        "daylight_saving_steps": daylight_steps(series[0], reading.time_zone),
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
        known = _known(str(name), rows)
        _refuse_disorder(str(name), rows, reading)
        histories.append(_regular(str(name), rows[known], reading))
        coming.append(rows[known.stop :])
    return pd.concat(histories, ignore_index=True), pd.concat(coming, ignore_index=True)


def _joined(tables: dict[Path, pd.DataFrame]) -> pd.DataFrame:
    """Return the values of all files; either all of them tell their offset from UTC, or none."""
    zoned = [path for path, table in tables.items() if table["timestamp"].dt.tz is not None]
    if 0 < len(zoned) < len(tables):
        other = next(path for path in tables if path not in zoned)
        raise Problem(f"the times of {zoned[0]} have an offset, those of {other} have none: set reading.time_zone")
    return pd.concat(tables.values(), ignore_index=True)


def _known(name: str, rows: pd.DataFrame) -> slice:
    """Return from where to where a series has values; what lies between may be missing.

    Raises:
        Problem: it has none.
    """
    known = np.flatnonzero(rows["value"].notna())
    if not len(known):
        raise Problem(f"series '{name}' has no value (the first of its rows: {_places(rows.head(1))}): leave it out")
    return slice(int(known[0]), int(known[-1]) + 1)


def _common_step(series: list[pd.DataFrame], reading: Reading) -> str:
    """Return how often all series come; refuse one that comes otherwise: horizons and seasons count steps."""
    steps = [(own["series"].iloc[0], frequency_of(own["timestamp"], reading.frequency)) for own in series]
    for name, step in steps:
        if step != steps[0][1]:
            raise Problem(
                f"series '{name}' comes every {step}, but series '{steps[0][0]}' every {steps[0][1]}: give each "
                "frequency a dataset of its own, or set reading.frequency"
            )
    return steps[0][1]


def _columns(path: Path, reading: Reading) -> pd.DataFrame:
    """Return one file's columns as they stand, texts as texts."""
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() not in COMPRESSIONS]
    kind = reading.format or FORMATS.get(suffixes[-1] if suffixes else "")
    if kind is None:
        raise Problem(f"{path}: the ending tells no format: set the dataset's reading.format (csv, …)")
    try:
        if kind == "parquet":
            return pd.read_parquet(path)
        separator = reading.delimiter or ("," if kind == "csv" else "\t")
        texts = {"sep": separator, "dtype": str, "keep_default_na": False, "encoding": reading.encoding}
        texts["engine"] = "c" if len(separator.encode()) == 1 else "python"
        frame, header = pd.read_csv(path, **texts), pd.read_csv(path, **texts, header=None, nrows=1)
    except pd.errors.EmptyDataError:
        raise Problem(f"{path} is empty: remove it, or put data into it") from None
    except (UnicodeDecodeError, LookupError) as error:
        raise Problem(f"{path} is not {reading.encoding} ({error}): set reading.encoding, or mend the file") from None
    except (pd.errors.ParserError, pa.ArrowInvalid, OSError, EOFError, BadZipFile, lzma.LZMAError, ValueError) as error:
        raise Problem(f"{path} cannot be read as {kind}: {str(error).strip()}") from None
    _refuse_header(path, [str(name).strip() for name in header.iloc[0]], frame)
    return frame


def _refuse_header(path: Path, names: list[str], frame: pd.DataFrame) -> None:
    """Refuse a header in which a column has no name, or another's, or that is shorter than the rows below."""
    if not isinstance(frame.index, pd.RangeIndex):
        raise Problem(
            f"{path}: rows have more fields than the header: numbers with a decimal comma, or separators at the end?"
        )
    if "" in names:
        raise Problem(f"{path}: column {names.index('') + 1} has no name: name it, or remove it")
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise Problem(f"{path}: the header has the column '{twice[0]}' twice: rename one")


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
    groups = frame[reading.series] if reading.series else pd.Series("", frame.index)
    _refuse(path, groups, groups.isna(), "names no series: name it, or remove the row")
    stamps, rows = parse_times(path, frame[reading.timestamp], groups, reading), np.arange(1, len(frame) + 1)
    shared = {"file": path.name, "row": rows, "timestamp": stamps}
    covariates = {f"{COVARIATE}{name}": _numbers(path, frame[name], flags=True) for name in reading.covariates}
    parts = []
    for name in values:
        series = groups.astype(str) if reading.series else name
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
    missing = column.isna() | texts.str.lower().isin(MISSING)
    _refuse(path, column, numbers.isna() & ~missing, "is no number: mend it, or leave the column out")
    _refuse(path, column, np.isinf(numbers), "is not finite: mend it, or leave the cell empty and set reading.gaps")
    _refuse(path, column, numbers.abs() > LARGEST, "is too large to be squared: mend it, or divide the column")
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
    _refuse_a_far_time(name, rows)
    grid = pd.date_range(rows["timestamp"].iloc[0], rows["timestamp"].iloc[-1], freq=alias)
    astray = rows[~rows["timestamp"].isin(grid)]
    if len(astray):
        raise Problem(_astray_message(name, rows, astray, alias, reading))
    table = rows.set_index("timestamp").reindex(grid)
    numbers = ["value", *(column for column in table if column.startswith(COVARIATE))]
    missing = table[numbers].isna().any(axis=1)
    if missing.any() and reading.gaps == "forbid":
        raise Problem(_gap_message(name, table.index[missing], reading))
    table[numbers] = table[numbers].ffill() if reading.gaps == "forward" else table[numbers].interpolate()
    if table[numbers].isna().to_numpy().any():
        raise Problem(f"series '{name}' begins with missing covariates: nothing stands before them; remove those rows")
    table = table.assign(series=name, filled=missing.to_numpy(), row=table["row"].fillna(0).astype("int64"))
    table = table.rename_axis("timestamp").reset_index()
    return table[["file", "row", "series", "timestamp", "value", "filled", *numbers[1:]]]


def _refuse_disorder(name: str, rows: pd.DataFrame, reading: Reading) -> None:
    back = rows[rows["timestamp"].diff() < pd.Timedelta(0)]
    twice = rows[rows["timestamp"].duplicated()]
    if len(twice):
        hint = _daylight_hint(reading, rows)
        raise Problem(f"series '{name}': {_places(twice)} stand(s) twice: keep one{hint}")
    if len(back):
        raise Problem(
            f"series '{name}': {_places(back)} come(s) before the row above: sort the file by time; several files are "
            "read in the order of their names"
        )


def _refuse_a_far_time(name: str, rows: pd.DataFrame) -> None:
    """Refuse a time so far from the others that hardly a step between would have a value."""
    steps = rows["timestamp"].diff()
    if len(rows) > 2 and steps.sum() > SPARSE * len(rows) * steps.median():
        raise Problem(
            f"series '{name}': {_places(rows.loc[[steps.idxmax()]])} lie(s) {steps.max()} after the row above, where "
            f"most steps are {steps.median()}: mend the time, or begin the series there"
        )


def _astray_message(name: str, rows: pd.DataFrame, astray: pd.DataFrame, alias: str, reading: Reading) -> str:
    days = rows["timestamp"].diff().median() >= pd.Timedelta(hours=23)
    if days and reading.time_zone and rows["timestamp"].dt.tz is not None:
        hint = "days of a local clock are not all as long: give dates without offset, and no reading.time_zone"
    elif reading.frequency:
        hint = f"mend them, or reading.frequency, which is {reading.frequency}"
    else:
        hint = "set reading.frequency, or give each frequency a dataset of its own"
    steps = f"{'its steps are to be' if reading.frequency else 'most steps are'} {alias}"
    between = f"{steps}, but {_places(astray)} stand(s) between"
    return f"series '{name}' has mixed frequencies: {between}: {hint}"


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
