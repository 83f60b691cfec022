"""A trained forecaster → the horizon after the last known values, with intervals and times."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from stages.app.common import TableFormat, find_model, write_output
from stages.config.dataset import Dataset
from stages.config.paths import Paths
from stages.runtime.errors import ConfigError, UserError, nearest
from stages.runtime.files import write_text
from stages.runtime.jax_setup import prepare_jax
from stages.tasks.discovery import load_params
from stages.tasks.forecasting.config import Reading, Section
from stages.tasks.forecasting.evaluation import INTERVAL_ENDS
from stages.tasks.forecasting.loader import read_history
from stages.tasks.forecasting.modeling.calendar import grid_steps
from stages.tasks.forecasting.modeling.conformal import MIN_CALIBRATION
from stages.tasks.forecasting.modeling.data import Panel, Windows
from stages.tasks.forecasting.modeling.frequency import EPOCH, STEP, time_grid
from stages.tasks.forecasting.modeling.saved import Saved
from stages.tasks.forecasting.modeling.scaler import COVARIATE, ScalerState
from stages.tasks.forecasting.modeling.tables import to_panel

TASK = "forecasting"
FORMATTERS: dict[TableFormat, Callable[[pd.DataFrame], str]] = {
    TableFormat.TABLE: lambda table: table.to_string(index=False) + "\n",
    TableFormat.CSV: lambda table: table.to_csv(index=False),
    TableFormat.JSONL: lambda table: table.astype({"timestamp": str}).to_json(
        orient="records", lines=True, force_ascii=False
    ),
}


def forecast(
    paths: Paths,
    dataset: str,
    model: str,
    source: Path | None = None,
    output_format: TableFormat = TableFormat.TABLE,
    output: Path | None = None,
) -> None:
    """Forecast what comes after a dataset's last values, or after those of a file.

    Args:
        paths: of the project.
        dataset, model: the model is in models/<dataset>/<model>.
        source: a raw file of the dataset's kind; None: the dataset's own values.
        output_format: how the forecasts are written.
        output: a file; None: standard output.

    Raises:
        UserError: no such model, a series that it does not know or that is too short, or covariates that are missing.
    """
    if output is not None and (not output.name or output.is_dir()):
        raise UserError(f"--output {output} is a folder: name a file")
    prepare_jax()
    saved = Saved(find_model(paths, dataset, model))
    if source is None:
        forecasts = forecast_series(saved, pd.read_parquet(Dataset(paths, TASK, dataset).table), None)
    else:
        reading = read_section(paths, dataset).datasets[dataset].reading
        try:
            history, coming = read_history(source, reading, f"{TASK}.datasets.{dataset}.reading", saved.state.frequency)
            forecasts = forecast_series(saved, history, coming)
        except UserError as error:
            raise UserError(f"{error}\n{_needed(source, saved.state, reading)}") from None
    text = FORMATTERS[output_format](forecasts)
    if output is None:
        write_output([text])
    else:
        write_text(output, text)


def _needed(source: Path, state: ScalerState, reading: Reading) -> str:
    """Say what the rows of a file must be to be forecast from."""
    values = reading.values or ([] if reading.series is not None else state.series)
    named = [*reading.time_columns, *([reading.series] if reading.series is not None else []), *values]
    history = (
        f"{source} must hold a history, at least {state.look_back} rows of each series, one every {state.frequency}, "
        f"with the columns {', '.join([*named, *state.covariates])}"
    )
    if not state.covariates:
        return f"{history}; what comes after it is forecast, {state.horizon} steps"
    return (
        f"{history}; and after it {state.horizon} rows to come, in which the values are empty and "
        f"{' and '.join(state.covariates)} are known"
    )


def read_section(paths: Paths, dataset: str) -> Section:
    """Return the section of params.yaml that has a dataset.

    Raises:
        ConfigError: params.yaml is not well-formed, or forecasting has no such dataset.
    """
    section = load_params(paths).sections()[TASK]
    assert isinstance(section, Section)
    if dataset not in section.datasets:
        hint = nearest(dataset, section.datasets)
        raise ConfigError(f"{paths.params}: {TASK}.datasets has no dataset '{dataset}': {hint}")
    return section


def forecast_series(saved: Saved, history: pd.DataFrame, coming: pd.DataFrame | None) -> pd.DataFrame:
    """Return the forecasts of all series, a row for each step: series, timestamp and quantiles, the mean over runs.

    Args:
        saved: the trained model.
        history: the tidy table up to the last values.
        coming: rows of times to come with their covariates; None where nothing is known of them.

    Raises:
        UserError: a series is too short or not known, its times are other than the model's, or a covariate is missing.
    """
    state = saved.state
    _refuse_other_offset(history, state)
    tables: list[pd.DataFrame] = []
    steps: dict[str, pd.DataFrame] = {}
    problems: list[str] = []
    for name, rows in history.groupby("series", sort=False):
        try:
            steps[str(name)] = ahead = _steps_ahead(str(name), rows, state)
            covariates = _covariates(str(name), pd.DatetimeIndex(ahead["timestamp"]), coming, state)
            tables += [rows, ahead.assign(value=np.nan, filled=False, **covariates)]
        except UserError as error:
            problems.append(str(error))
    if problems:
        raise UserError("\n".join(dict.fromkeys(problems)))  # one that is not about a series comes up for each
    quantiles = _quantiles(saved, to_panel(pd.concat(tables, ignore_index=True), state), list(steps))
    forecasts = pd.concat(
        [ahead.assign(**dict(zip(INTERVAL_ENDS, quantiles[name].T, strict=True))) for name, ahead in steps.items()],
        ignore_index=True,
    )
    if state.time_zone:
        forecasts["timestamp"] = forecasts["timestamp"].dt.tz_convert(state.time_zone)
    elif state.frequency == STEP:
        forecasts["timestamp"] = (forecasts["timestamp"] - EPOCH).dt.days
    return forecasts


def _refuse_other_offset(history: pd.DataFrame, state: ScalerState) -> None:
    """Refuse times with an offset from UTC where the model was fitted on times without one, and the reverse."""
    without = history["timestamp"].dt.tz is None
    if without != (pd.Timestamp(state.begin).tz is None):
        here, fitted = ("no offset from UTC", "one") if without else ("an offset from UTC", "none")
        raise UserError(f"the times have {here}, but those that the model was fitted on have {fitted}")


def _steps_ahead(name: str, rows: pd.DataFrame, state: ScalerState) -> pd.DataFrame:
    """Return a row for each step that is forecast: series and timestamp.

    Raises:
        UserError: the series is shorter than a window, or its times do not come as those that the model was fitted on.
    """
    if len(rows) < state.look_back:
        raise UserError(
            f"series '{name}' has {len(rows)} values, but a window reads {state.look_back}: give at least "
            f"{state.look_back - len(rows)} more before them"
        )
    stamps = rows["timestamp"]
    grid = time_grid(stamps.iloc[0], state.frequency, periods=len(stamps))
    astray = np.flatnonzero(stamps.to_numpy() != grid.to_numpy())
    if len(astray):
        raise UserError(
            f"series '{name}': the model was fitted on values that come every {state.frequency}, but here one stands "
            f"at {stamps.iloc[astray[0]]}, where {grid[astray[0]]} was to come"
        )
    ahead = time_grid(stamps.iloc[-1], state.frequency, periods=state.horizon + 1)[1:]
    return pd.DataFrame({"series": name, "timestamp": ahead})


def _covariates(
    name: str, stamps: pd.DatetimeIndex, coming: pd.DataFrame | None, state: ScalerState
) -> dict[str, np.ndarray]:
    """Return the covariates of the steps to come, by column.

    Raises:
        UserError: one is missing; names the first step.
    """
    if not state.covariates:
        return {}
    columns = [COVARIATE + covariate for covariate in state.covariates]
    if coming is None:
        raise UserError(
            f"the forecast needs {', '.join(state.covariates)} for the next {state.horizon} steps: give --from FILE "
            f"with rows for {stamps[0]} to {stamps[-1]} in which the values are empty"
        )
    ahead = coming[coming["series"] == name].set_index("timestamp")[columns].reindex(stamps)
    missing = np.argwhere(ahead.isna().to_numpy())
    if len(missing):
        step, column = missing[0]
        raise UserError(
            f"series '{name}': {state.covariates[column]} is missing for {stamps[step]}, step {step + 1} of "
            f"{state.horizon}: it must be known ahead"
        )
    return {column: ahead[column].to_numpy() for column in columns}


def _quantiles(saved: Saved, panel: Panel, names: list[str]) -> dict[str, np.ndarray]:
    """Return each series' quantiles in the data's units, (H, levels).

    Args:
        saved: the trained model.
        panel: ends, in each of the series, with the steps to come.
        names: of the series that the panel has; the model may know more.
    """
    state = saved.state
    numbers = np.array([number for number, name in enumerate(state.series) if name in names])
    starts = panel.bounds[1:][numbers] - state.horizon - state.look_back
    windows = Windows(panel, starts, state.look_back, state.horizon)
    calibration = _calibration_windows(panel, state)
    forecasts = [model.recalibrate(calibration).forecast(windows) for _, model in saved.replicas()]
    quantiles = state.inverse_transform(np.mean(forecasts, axis=0), numbers)
    return {state.series[number]: of_series for number, of_series in zip(numbers, quantiles, strict=True)}


def _calibration_windows(panel: Panel, state: ScalerState) -> Windows:
    """Return the latest windows of each series whose targets are known and that the model was not fitted on.

    They are at most as many as validation had steps, or MIN_CALIBRATION. The panel's last steps, a horizon, are those
    to come.
    """
    last = panel.bounds[1:] - 2 * state.horizon
    end_of_train: Any = grid_steps(pd.DatetimeIndex([state.end]), pd.Timestamp(state.begin), state.frequency)[0]
    most = max(state.validation_steps, MIN_CALIBRATION)
    first = np.maximum(panel.bounds[:-1] + state.look_back, last + 1 - most)
    origins = np.concatenate([np.arange(*pair) for pair in zip(first, last + 1, strict=True)])
    origins = origins[panel.steps[origins] > end_of_train]
    return Windows(panel, origins - state.look_back, state.look_back, state.horizon)
