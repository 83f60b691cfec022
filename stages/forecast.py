"""A trained forecaster tells what comes next: the horizon after the last value, with intervals and times."""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from stages.console import Problem, run
from stages.files import write_text
from stages.forecasting.data import COVARIATE, Fitted, Panel, Windows, arrange
from stages.forecasting.intervals import ENOUGH
from stages.forecasting.reading import read_history
from stages.forecasting.saved import Saved
from stages.forecasting.timing import places
from stages.params import load
from stages.predict import find
from stages.replicas import prepare_jax

COLUMNS = ("low_95", "low_80", "median", "high_80", "high_95")  # of the levels of `stages.forecasting.data`
FORMATS = {
    "table": lambda table: table.to_string(index=False) + "\n",
    "csv": lambda table: table.to_csv(index=False),
    "jsonl": lambda table: table.astype({"timestamp": str}).to_json(orient="records", lines=True, force_ascii=False),
}


def forecast(dataset: str, model: str, source: Path | None, form: str, output: Path | None) -> None:
    """Forecast what comes after the dataset's last values, or after those of a file.

    Raises:
        Problem: no such model, a series that it does not know or that is too short, or covariates that are missing.
    """
    if output is not None and (not output.name or output.is_dir()):
        raise Problem(f"--output {output} is a folder: name a file")
    prepare_jax()
    saved = Saved(find(dataset, model))
    if source is None:
        history, coming = pd.read_parquet(Path("data/prepared", dataset, "table.parquet")), None
    else:
        history, coming = read_history(source, load().dataset(dataset).reading)
    told = FORMATS[form](coming_values(saved, history, coming))
    if output is None:
        sys.stdout.write(told)
    else:
        write_text(output, told)


def coming_values(saved: Saved, history: pd.DataFrame, coming: pd.DataFrame | None) -> pd.DataFrame:
    """Return the forecasts of all series, a row a step: series, timestamp and COLUMNS, the mean over seeds.

    Args:
        saved: the trained model.
        history: the tidy table up to the last values.
        coming: rows of times to come with their covariates; None where nothing is known of them.
    """
    fitted = saved.fitted
    if (history["timestamp"].dt.tz is None) != (pd.Timestamp(fitted.begin).tz is None):
        told = ("no offset from UTC", "one") if history["timestamp"].dt.tz is None else ("an offset from UTC", "none")
        raise Problem(f"the times have {told[0]}, but those that the model was fitted on have {told[1]}")
    tables, steps = [], []
    for name, rows in history.groupby("series", sort=False):
        if len(rows) < fitted.look_back:
            raise Problem(
                f"series '{name}' has {len(rows)} values, but a window reads {fitted.look_back}: give at least "
                f"{fitted.look_back - len(rows)} more before them"
            )
        _refuse_other_steps(str(name), rows["timestamp"], fitted)
        last = rows["timestamp"].iloc[-1]
        stamps = pd.date_range(last, periods=fitted.horizon + 1, freq=fitted.frequency)[1:]
        ahead = pd.DataFrame({"series": name, "timestamp": stamps, "value": np.nan, "filled": False})
        tables += [rows, ahead.assign(**_covariates(str(name), stamps, coming, fitted))]
        steps.append(ahead[["series", "timestamp"]])
    table = pd.concat(tables, ignore_index=True)
    panel = arrange(table, fitted)
    present = [number for number, name in enumerate(fitted.series) if name in set(history["series"])]
    starts = panel.bounds[1:][present] - fitted.horizon - fitted.look_back
    windows = Windows(panel, starts, fitted.look_back, fitted.horizon)
    lately = _known_windows(panel, fitted)
    found = np.mean([model.recalibrate(lately).forecast(windows) for _, model in saved.replicas()], axis=0)
    values = dict(zip([fitted.series[number] for number in present], fitted.restored(found, present), strict=True))
    rows = [own.assign(**dict(zip(COLUMNS, values[own["series"].iloc[0]].T, strict=True))) for own in steps]
    told = pd.concat(rows, ignore_index=True)
    if fitted.time_zone:
        told["timestamp"] = told["timestamp"].dt.tz_convert(fitted.time_zone)
    return told


def _refuse_other_steps(name: str, stamps: pd.Series, fitted: Fitted) -> None:
    """Refuse times that do not come as those did that the model was fitted on."""
    grid = pd.date_range(stamps.iloc[0], periods=len(stamps), freq=fitted.frequency)
    astray = np.flatnonzero(stamps.to_numpy() != grid.to_numpy())
    if len(astray):
        raise Problem(
            f"series '{name}': the model was fitted on values that come every {fitted.frequency}, but here one stands "
            f"at {stamps.iloc[astray[0]]}, where {grid[astray[0]]} was to come"
        )


def _known_windows(panel: Panel, fitted: Fitted) -> Windows:
    """Return the latest windows of each series whose targets are known and that the models were not fitted on.

    They are at most as many as validation had steps, or ENOUGH. The panel's last steps, a horizon, are those to come.
    """
    last = panel.bounds[1:] - 2 * fitted.horizon
    fitted_until = places(pd.DatetimeIndex([fitted.end]), pd.Timestamp(fitted.begin), fitted.frequency)[0]
    first = np.maximum(panel.bounds[:-1] + fitted.look_back, last + 1 - max(fitted.validation_steps, ENOUGH))
    origins = np.concatenate([np.arange(*pair) for pair in zip(first, last + 1, strict=True)])
    origins = origins[panel.steps[origins] > fitted_until]
    return Windows(panel, origins - fitted.look_back, fitted.look_back, fitted.horizon)


def _covariates(name: str, stamps: pd.DatetimeIndex, coming: pd.DataFrame | None, fitted: Fitted) -> dict:
    """Return the covariates of the steps to come, by column.

    Raises:
        Problem: one is missing; names the first step.
    """
    if not fitted.covariates:
        return {}
    columns = [COVARIATE + covariate for covariate in fitted.covariates]
    if coming is None:
        raise Problem(
            f"the forecast needs {', '.join(fitted.covariates)} for the next {fitted.horizon} steps: give --from FILE "
            f"with rows for {stamps[0]} to {stamps[-1]} in which the values are empty"
        )
    ahead = coming[coming["series"] == name].set_index("timestamp")[columns].reindex(stamps)
    missing = np.argwhere(ahead.isna().to_numpy())
    if len(missing):
        step, column = missing[0]
        raise Problem(
            f"series '{name}': {fitted.covariates[column]} is missing for {stamps[step]}, step {step + 1} of "
            f"{fitted.horizon}: it must be known ahead"
        )
    return {column: ahead[column].to_numpy() for column in columns}


def command_line() -> argparse.ArgumentParser:
    """Return the parser of the command's words."""
    parser = argparse.ArgumentParser(prog="python -m stages.forecast", description=forecast.__doc__.partition("\n")[0])
    parser.add_argument("dataset")
    parser.add_argument("model")
    parser.add_argument(
        "--from",
        dest="source",
        type=Path,
        metavar="FILE",
        help="forecast after this file's last values; where there are covariates, rows to come hold them",
    )
    parser.add_argument("--format", dest="form", choices=FORMATS, default="table")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write there instead of printing")
    return parser


if __name__ == "__main__":
    run(forecast, command_line())
