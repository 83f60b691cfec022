"""Data of forecasting: scaled series in one array, windows as views, and batches of them."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view

from stages.console import Problem
from stages.files import read_json
from stages.forecasting.timing import cycles, places

if TYPE_CHECKING:
    from stages.forecasting.params import Window

LEVELS = (0.025, 0.1, 0.5, 0.9, 0.975)  # quantiles of a forecast: the median, and the ends of 80 and 95 % intervals
MEDIAN = LEVELS.index(0.5)
COVARIATE = "covariate."
BATCH = 128  # windows that are forecast at a time: more take memory, and no less time


@dataclass(frozen=True)
class Fitted:
    """What was fitted on train, and what windows are like; JSON as scaler.json."""

    series: list[str]
    center: list[float]  # of each series, in the data's units or, if so chosen, of their logarithms
    scale: list[float]
    naive_error: list[float]  # mean absolute error on train of the value a season ago, in the data's units; observed
    covariates: list[str]
    covariate_center: list[float]
    covariate_scale: list[float]
    look_back: int
    horizon: int
    season: int
    short_season: int
    scaler: str
    logarithm: bool
    calendar: list[str]
    time_zone: str | None
    frequency: str
    begin: str  # the time from which steps are counted: train's first
    end: str  # train's last
    validation_steps: int  # after it, that models were chosen by

    @classmethod
    def read(cls, path: Path) -> "Fitted":
        """Read scaler.json."""
        return cls(**read_json(path))

    def about(self) -> dict:
        """Return the content of scaler.json."""
        return asdict(self)

    def scaled(self, values: np.ndarray, number: np.ndarray) -> np.ndarray:
        """Return values (n, …) of the series `number` (n,) in the scaler's units.

        Raises:
            Problem: a value has no logarithm; names its series.
        """
        if self.logarithm and (values <= 0).any():
            place = np.flatnonzero(values <= 0)[0]
            raise Problem(_no_logarithm(self.series[number[place]], values[place]))
        center, scale = self._scaler_of(values, number)
        return ((np.log(values) if self.logarithm else values) - center) / scale

    def restored(self, values: np.ndarray, number: np.ndarray) -> np.ndarray:
        """Return values (n, …) in the scaler's units, of the series `number` (n,), in the data's units."""
        center, scale = self._scaler_of(values, number)
        found = values * scale + center
        return np.exp(found) if self.logarithm else found

    def _scaler_of(self, values: np.ndarray, number: np.ndarray) -> list[np.ndarray]:
        shape = (-1, *[1] * (values.ndim - 1))
        return [np.array(own)[number].reshape(shape) for own in (self.center, self.scale)]

    @property
    def features(self) -> int:
        """The number of covariates, the calendar's cycles included."""
        return len(self.covariates) + 2 * len(self.calendar)


def fit(
    train: pd.DataFrame, validation: pd.DataFrame, choices: "Window", frequency: str, time_zone: str | None
) -> Fitted:
    """Return the scaler of each series, fitted on train alone; of validation it is told how long it is.

    Raises:
        Problem: a series is constant, or no longer than its season; names it.
    """
    rows = [
        (str(name), *_fit_series(str(name), own["value"].to_numpy(float), own["filled"].to_numpy(bool), choices))
        for name, own in train.groupby("series", sort=False)
    ]
    names, centers, scales, naives = (list(column) for column in zip(*rows, strict=True))
    covariates = [name for name in train if name.startswith(COVARIATE)]
    numbers = train[covariates].to_numpy(float)
    moved = np.ptp(numbers, axis=0) > 0  # one that is constant in train tells nothing
    return Fitted(
        series=names,
        center=centers,
        scale=scales,
        naive_error=naives,
        covariates=[name.removeprefix(COVARIATE) for name in covariates],
        covariate_center=numbers.mean(axis=0).tolist(),
        covariate_scale=np.where(moved, numbers.std(axis=0), 1.0).tolist(),
        look_back=choices.look_back,
        horizon=choices.horizon,
        season=choices.season,
        short_season=choices.short_season or choices.season,
        scaler=choices.scaler,
        logarithm=choices.logarithm,
        calendar=list(choices.calendar),
        time_zone=time_zone,
        frequency=frequency,
        begin=train["timestamp"].min().isoformat(),
        end=train["timestamp"].max().isoformat(),
        validation_steps=validation["timestamp"].nunique(),
    )


def _fit_series(name: str, values: np.ndarray, filled: np.ndarray, choices: "Window") -> tuple[float, float, float]:
    """Return a series' centre, its scale and the mean absolute error of its value a season ago, both observed."""
    if len(values) <= choices.season:
        raise Problem(
            f"series '{name}' has {len(values)} steps in train, window.season is {choices.season}: a season must "
            f"come again, so lower it to at most {len(values) - 1}"
        )
    observed = ~(filled[choices.season :] | filled[: -choices.season])
    naive = float(np.abs(values[choices.season :] - values[: -choices.season])[observed].sum() / max(observed.sum(), 1))
    if choices.logarithm and values.min() <= 0:
        raise Problem(_no_logarithm(name, values.min()))
    center, scale = _center_and_scale(np.log(values) if choices.logarithm else values, choices.scaler)
    if scale <= 0 or naive <= 0:
        what = "constant" if np.ptp(values) == 0 else "the same in every season, or hardly ever moves,"
        raise Problem(
            f"series '{name}' is {what} in train, so that nothing can be scaled or learned: leave it out "
            "(reading.values)" + ("" if naive <= 0 else ", or set window.scaler to standard")
        )
    return center, scale, naive


def _no_logarithm(name: str, value: float) -> str:
    return (
        f"series '{name}' has the value {value:g}, which has no logarithm: set window.logarithm to false, or leave the "
        "series out (reading.values)"
    )


def _center_and_scale(values: np.ndarray, scaler: str) -> tuple[float, float]:
    if scaler == "none":
        return 0.0, 1.0
    if scaler == "robust":
        low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
        return float(middle), float(high - low)
    return float(values.mean()), float(values.std())


@dataclass(frozen=True)
class Panel:
    """All series one after the other, scaled. n values, C covariates, S series."""

    values: np.ndarray  # (n,) float32
    covariates: np.ndarray  # (n, C) float32
    steps: np.ndarray  # (n,) int64: places on the time grid of all series, counted from train's begin
    filled: np.ndarray  # (n,) bool: made by reading.gaps, not observed
    bounds: np.ndarray  # (S + 1,) int64

    FILES = ("values", "covariates", "steps", "filled", "bounds")

    @classmethod
    def open(cls, folder: Path) -> "Panel":
        """Open the arrays that `window` wrote; they stay on disk until they are used."""
        return cls(*(np.load(folder / f"{name}.npy", mmap_mode="r") for name in cls.FILES))

    def save(self, folder: Path) -> None:
        """Write the arrays."""
        for name in self.FILES:
            np.save(folder / f"{name}.npy", getattr(self, name))


def arrange(table: pd.DataFrame, fitted: Fitted) -> Panel:
    """Return a table's series, scaled and in the scaler's order.

    Raises:
        Problem: the table has a series that the scaler does not know.
    """
    unknown = sorted(set(table["series"]) - set(fitted.series))
    if unknown:
        raise Problem(f"series '{unknown[0]}' was not in train: known are {', '.join(fitted.series)}")
    number = table["series"].map({name: place for place, name in enumerate(fitted.series)}).to_numpy(int)
    order = np.lexsort((table["timestamp"].dt.tz_localize(None).to_numpy(), number))
    table, number = table.iloc[order], number[order]
    values = fitted.scaled(table["value"].to_numpy(float), number)
    known = table[[COVARIATE + name for name in fitted.covariates]].to_numpy(float)
    known = ((known - fitted.covariate_center) / fitted.covariate_scale).astype(np.float32)
    stamps = pd.DatetimeIndex(table["timestamp"])
    return Panel(
        values.astype(np.float32),
        np.concatenate([known, cycles(stamps, tuple(fitted.calendar), fitted.time_zone)], axis=1),
        places(stamps, pd.Timestamp(fitted.begin), fitted.frequency),
        table["filled"].to_numpy(bool),
        np.searchsorted(number, np.arange(len(fitted.series) + 1)).astype(np.int64),
    )


@dataclass(frozen=True)
class Windows:
    """Windows over a panel: look_back values are read (a view until they are), the next horizon values forecast."""

    panel: Panel
    starts: np.ndarray  # (windows,) int64
    look_back: int
    horizon: int

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def origins(self) -> np.ndarray:
        """Where each window's first target stands, (windows,)."""
        return self.starts + self.look_back

    @property
    def steps(self) -> np.ndarray:
        """The time of each window's first target, in steps of the panel's grid, (windows,)."""
        return self.panel.steps[self.origins]

    @property
    def series(self) -> np.ndarray:
        """Each window's series, (windows,) int32."""
        return (np.searchsorted(self.panel.bounds, self.starts, side="right") - 1).astype(np.int32)

    def some(self, chosen: np.ndarray | slice) -> "Windows":
        """Return some of the windows."""
        return Windows(self.panel, self.starts[chosen], self.look_back, self.horizon)

    def spread(self, count: int) -> "Windows":
        """Return at most so many windows, evenly spread."""
        return self.some(np.unique(np.linspace(0, len(self) - 1, min(count, len(self))).astype(int)))

    def past(self, length: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the last values before each origin, (windows, length), and their covariates (windows, length, C)."""
        return self._cut(self.origins - length, length)

    def targets(self) -> np.ndarray:
        """Return the values to forecast, (windows, horizon)."""
        return sliding_window_view(self.panel.values, self.horizon)[self.origins]

    def counted(self) -> np.ndarray:
        """Return which targets tell how good a forecast is, (windows, horizon) bool: those that were observed.

        None of a window whose last value was filled: where gaps are interpolated, that value knows the next one.
        """
        filled = self.panel.filled
        return ~(sliding_window_view(filled, self.horizon)[self.origins] | filled[self.origins - 1][:, None])

    def future(self) -> np.ndarray:
        """Return the covariates of the values to forecast, (windows, horizon, C)."""
        return self._cut(self.origins, self.horizon)[1]

    def _cut(self, starts: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
        values = sliding_window_view(self.panel.values, length)[starts]
        covariates = sliding_window_view(self.panel.covariates, length, axis=0)[starts]  # (windows, C, length)
        return values, covariates.transpose(0, 2, 1)

    def batches(self, size: int = BATCH) -> Iterator["Windows"]:
        """Yield all windows in order, so many at a time."""
        for start in range(0, len(self), size):
            yield self.some(slice(start, start + size))


def part_ends(panel: Panel, parts: Iterable[pd.DataFrame], fitted: Fitted) -> np.ndarray:
    """Return where the parts that a panel begins with end in each of its series, (parts, series)."""
    lengths = [part["series"].value_counts().reindex(fitted.series, fill_value=0).to_numpy() for part in parts]
    return panel.bounds[:-1] + np.cumsum(lengths, axis=0)


def starts_within(
    fitted: Fitted, panel: Panel, first: np.ndarray, last: np.ndarray, stride: int, part: str
) -> np.ndarray:
    """Return the starts of all windows whose targets lie in a part.

    Args:
        fitted: names the series and tells the windows' sizes.
        panel: all values, those before the part included: a window may look back into them.
        first, last: where the part begins and ends in each series, (series,).
        stride: steps between windows.
        part: its name, for messages.

    Raises:
        Problem: a series is too short for a single window.
    """
    found = []
    for name, begin, start, end in zip(fitted.series, panel.bounds[:-1], first, last, strict=True):
        origins = np.arange(max(start, begin + fitted.look_back), end - fitted.horizon + 1, stride)
        if not len(origins):
            raise Problem(_too_short(name, end - begin, end - start, fitted, part))
        found.append(origins - fitted.look_back)
    return np.concatenate(found).astype(np.int64)


def _too_short(name: str, before: int, own: int, fitted: Fitted, part: str) -> str:
    """Say by how much a series is too short, and what would fit."""
    if own < fitted.horizon:
        lacking, fits = fitted.horizon - own, f"a window.horizon of at most {own}, or a longer {part} (split.{part})"
        return f"series '{name}' has {own} steps in {part}, {lacking} fewer than the horizon {fitted.horizon}: {fits}"
    need = fitted.look_back + fitted.horizon
    return (
        f"series '{name}' has {before} steps up to the end of {part}, {need - before} fewer than look_back "
        f"{fitted.look_back} and horizon {fitted.horizon} need: a window.look_back of at most "
        f"{max(before - fitted.horizon, 0)} would fit"
    )


@dataclass(frozen=True)
class Prepared:
    """What `window` wrote for one dataset."""

    fitted: Fitted
    train: Windows
    validation: Windows

    @classmethod
    def open(cls, folder: Path) -> "Prepared":
        """Open the folder that `window` wrote."""
        fitted, panel = Fitted.read(folder / "scaler.json"), Panel.open(folder)
        parts = (
            Windows(panel, np.load(folder / f"{part}.starts.npy"), fitted.look_back, fitted.horizon)
            for part in ("train", "validation")
        )
        return cls(fitted, *parts)
