"""From tables of series to a panel, and where its windows start."""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stages.config.schema import PARTS, Part
from stages.runtime.errors import UserError
from stages.tasks.forecasting.modeling.calendar import calendar_features, grid_steps
from stages.tasks.forecasting.modeling.data import Panel, Windows
from stages.tasks.forecasting.modeling.scaler import COVARIATE, ScalerState

if TYPE_CHECKING:
    from stages.tasks.forecasting.config import WindowConfig


def to_panel(table: pd.DataFrame, state: ScalerState) -> Panel:
    """Return a table's series, scaled and in the scaler's order.

    Raises:
        UserError: the table has a series that the scaler does not know.
    """
    if unknown := sorted(set(table["series"]) - set(state.series)):
        raise UserError(f"series '{unknown[0]}' was not in train: known are {', '.join(state.series)}")
    numbers = {name: number for number, name in enumerate(state.series)}
    series = table["series"].map(numbers).to_numpy(int)
    order = np.lexsort((table["timestamp"].dt.tz_localize(None).to_numpy(), series))
    table, series = table.iloc[order], series[order]
    values = state.transform(table["value"].to_numpy(float), series)
    covariates = table[[COVARIATE + name for name in state.covariates]].to_numpy(float)
    covariates = ((covariates - state.covariate_center) / state.covariate_scale).astype(np.float32)
    stamps = pd.DatetimeIndex(table["timestamp"])
    return Panel(
        values=values,
        covariates=np.concatenate([covariates, calendar_features(stamps, state.calendar, state.time_zone)], axis=1),
        steps=grid_steps(stamps, pd.Timestamp(state.begin), state.frequency),
        filled=table["filled"].to_numpy(bool),
        bounds=np.searchsorted(series, np.arange(len(state.series) + 1)).astype(np.int64),
    )


def part_ends(panel: Panel, parts: Iterable[pd.DataFrame], state: ScalerState) -> np.ndarray:
    """Return where the parts that a panel begins with end in each of its series, (parts, series)."""
    lengths = [part["series"].value_counts().reindex(state.series, fill_value=0).to_numpy() for part in parts]
    return np.asarray(panel.bounds[:-1] + np.cumsum(lengths, axis=0))


def window_starts(
    state: ScalerState, panel: Panel, first: np.ndarray, last: np.ndarray, stride: int, part: Part
) -> np.ndarray:
    """Return the starts of all windows whose targets lie in a part, (windows,) int64.

    Args:
        state: names the series and has the windows' sizes.
        panel: all values, those before the part included: a window may look back into them.
        first, last: where the part begins and ends in each series, (series,).
        stride: steps between windows.
        part: its name, for messages.

    Raises:
        UserError: a series is too short for a single window.
    """
    starts = []
    for name, begin, start, end in zip(state.series, panel.bounds[:-1], first, last, strict=True):
        origins = np.arange(max(start, begin + state.look_back), end - state.horizon + 1, stride)
        if not len(origins):
            raise UserError(too_short(name, end - begin, end - start, state, part))
        starts.append(origins - state.look_back)
    return np.concatenate(starts).astype(np.int64)


def later_windows(parts: Mapping[Part, pd.DataFrame], state: ScalerState) -> list[Windows]:
    """Return every window whose targets lie in validation, and in test; it may look back into the parts before."""
    panel = to_panel(pd.concat(parts.values()), state)
    ends = part_ends(panel, (parts[part] for part in PARTS), state)
    return [
        Windows(panel, window_starts(state, panel, first, last, 1, part), state.look_back, state.horizon)
        for part, (first, last) in zip(PARTS[1:], pairwise(ends), strict=True)
    ]


def too_short(name: str, before: int, length: int, window: "ScalerState | WindowConfig", part: Part) -> str:
    """Say by how much a series is too short, and what would fit.

    Args:
        name: of the series.
        before: its steps up to the part's end.
        length: its steps in the part.
        window: has the windows' sizes.
        part: the part's name.
    """
    if length < window.horizon:
        lacking = window.horizon - length
        fits = f"a window.horizon of at most {length}, or a longer {part} (split.{part})"
        return (
            f"series '{name}' has {length} steps in {part}, {lacking} fewer than the horizon {window.horizon}: {fits}"
        )
    need = window.look_back + window.horizon
    return (
        f"series '{name}' has {before} steps up to the end of {part}, {need - before} fewer than look_back "
        f"{window.look_back} and horizon {window.horizon} need: a window.look_back of at most "
        f"{max(before - window.horizon, 0)} would fit"
    )
