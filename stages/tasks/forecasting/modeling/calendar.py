"""The time grid of all series, and the calendar's features."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from stages.tasks.forecasting.modeling.frequency import time_grid

PHASES: dict[str, Callable[[pd.DatetimeIndex], np.ndarray]] = {  # how far a time is on its way round, 0 to 1
    "hour": lambda local: np.asarray((local.hour + local.minute / 60) / 24, float),
    "weekday": lambda local: np.asarray(local.day_of_week / 7, float),
    "month": lambda local: np.asarray((local.month - 1) / 12, float),
}


def grid_steps(stamps: pd.DatetimeIndex, begin: pd.Timestamp, frequency: str) -> np.ndarray:
    """Return how many steps of a frequency each time lies after `begin`, (times,) int64; negative before it."""
    if not len(stamps):
        return np.zeros(0, np.int64)
    grid = time_grid(min(begin, stamps.min()), frequency, max(begin, stamps.max()))
    return np.asarray(grid.searchsorted(stamps) - grid.searchsorted(begin)).astype(np.int64)


def calendar_features(stamps: pd.DatetimeIndex, names: Sequence[str], time_zone: str | None) -> np.ndarray:
    """Return sine and cosine of each phase of the calendar, (times, 2 × names) float32.

    Args:
        stamps: the times.
        names: of `PHASES`.
        time_zone: whose clock is read, for times that have an offset; None: as they are.
    """
    local = stamps.tz_convert(time_zone) if time_zone and stamps.tz is not None else stamps
    angles = [2 * np.pi * PHASES[name](local) for name in names]
    columns = [wave(angle) for angle in angles for wave in (np.sin, np.cos)]
    return np.stack(columns, axis=1).astype(np.float32) if columns else np.zeros((len(stamps), 0), np.float32)
