"""The scaler: what is fitted on train alone, and what windows are like."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stages.runtime.errors import UserError
from stages.runtime.files import read_json

if TYPE_CHECKING:
    import pandas as pd

    from stages.tasks.forecasting.config import WindowConfig

VISIBLE = 10 * float(np.finfo(np.float32).eps)  # the least move, as a share of the distance from the centre
COVARIATE = "covariate."  # before the name of a column that is known ahead


@dataclass(frozen=True)
class ScalerState:
    """What was fitted on train, and what windows are like; as JSON it is scaler.json."""

    series: list[str]
    center: list[float]  # of each series, in the data's units or, if `logarithm`, of their logarithms
    scale: list[float]
    naive_error: list[float]  # mean absolute error on train of the value a season before, in the data's units
    covariates: list[str]
    covariate_center: list[float]
    covariate_scale: list[float]
    look_back: int
    horizon: int
    season: int
    ets_season: int
    scaler: str
    logarithm: bool
    minimum: float | None  # of forecasts, in the data's units
    maximum: float | None
    calendar: list[str]
    time_zone: str | None
    frequency: str
    begin: str  # the time from which steps are counted: train's first
    end: str  # train's last
    validation_steps: int  # after it, that models were chosen by

    @classmethod
    def load(cls, path: Path) -> "ScalerState":
        """Read scaler.json."""
        return cls(**read_json(path))

    def to_json(self) -> dict[str, Any]:
        """Return the content of scaler.json."""
        return asdict(self)

    def transform(self, values: np.ndarray, series: np.ndarray) -> np.ndarray:
        """Return values (n, …) of the series with the numbers `series` (n,) in the scaler's units.

        Raises:
            UserError: a value has no logarithm; names its series.
        """
        if self.logarithm and (values <= 0).any():
            place = np.flatnonzero(values <= 0)[0]
            raise UserError(_no_logarithm(self.series[series[place]], values[place]))
        center, scale = self._center_and_scale(values, series)
        return np.asarray(((np.log(values) if self.logarithm else values) - center) / scale)

    def inverse_transform(self, values: np.ndarray, series: np.ndarray) -> np.ndarray:
        """Return values (n, …) in the scaler's units, of the series with the numbers `series` (n,), in the data's."""
        center, scale = self._center_and_scale(values, series)
        unscaled = values * scale + center
        return np.asarray(np.exp(unscaled) if self.logarithm else unscaled)

    def clip(self, values: np.ndarray, series: np.ndarray) -> np.ndarray:
        """Return forecasts (n, …) in the scaler's units, of the series numbered `series` (n,), within the bounds."""
        if self.minimum is None and self.maximum is None:
            return values
        with np.errstate(divide="ignore", invalid="ignore"):  # the logarithm of a bound of 0 or below bounds nothing
            ends = [-np.inf if self.minimum is None else self.minimum, np.inf if self.maximum is None else self.maximum]
            ends = [np.nan_to_num(np.log(end), nan=-np.inf) if self.logarithm else end for end in ends]
            center, scale = self._center_and_scale(values, series)
            low, high = ((end - center) / scale for end in ends)
        return np.clip(values, low, high)

    def _center_and_scale(self, values: np.ndarray, series: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        shape = (-1, *[1] * (values.ndim - 1))
        return np.array(self.center)[series].reshape(shape), np.array(self.scale)[series].reshape(shape)

    @property
    def features(self) -> int:
        """The number of covariates, the calendar's features included."""
        return len(self.covariates) + 2 * len(self.calendar)


def fit_scaler(
    train: "pd.DataFrame", validation: "pd.DataFrame", config: "WindowConfig", frequency: str, time_zone: str | None
) -> ScalerState:
    """Return the scaler of each series, fitted on train alone; of validation only its length is used.

    Raises:
        UserError: a series is constant, or no longer than its season; names it.
    """
    rows = [
        (str(name), *fit_series(str(name), rows["value"].to_numpy(float), rows["filled"].to_numpy(bool), config))
        for name, rows in train.groupby("series", sort=False)
    ]
    names, centers, scales, naive_errors = (list(column) for column in zip(*rows, strict=True))
    columns = [str(name) for name in train if str(name).startswith(COVARIATE)]
    numbers = train[columns].to_numpy(float)
    varies = np.ptp(numbers, axis=0) > 0  # one that is constant in train has no deviation to divide by
    return ScalerState(
        series=names,
        center=centers,
        scale=scales,
        naive_error=naive_errors,
        covariates=[name.removeprefix(COVARIATE) for name in columns],
        covariate_center=numbers.mean(axis=0).tolist(),
        covariate_scale=np.where(varies, numbers.std(axis=0), 1.0).tolist(),
        look_back=config.look_back,
        horizon=config.horizon,
        season=config.season,
        ets_season=config.ets_season or config.season,
        scaler=config.scaler,
        logarithm=config.logarithm,
        minimum=config.minimum,
        maximum=config.maximum,
        calendar=list(config.calendar),
        time_zone=time_zone,
        frequency=frequency,
        begin=train["timestamp"].min().isoformat(),
        end=train["timestamp"].max().isoformat(),
        validation_steps=validation["timestamp"].nunique(),
    )


def fit_series(name: str, values: np.ndarray, filled: np.ndarray, config: "WindowConfig") -> tuple[float, float, float]:
    """Return a series' centre, its scale, and its naive error, all on train's values (n,).

    The naive error is the mean absolute error of the value a season before, where both were observed.

    Raises:
        UserError: it is no longer than its season, constant, or has a value without a logarithm.
    """
    season = config.season
    if len(values) <= season:
        raise UserError(
            f"series '{name}' has {len(values)} steps in train, window.season is {season}: a season must come again, "
            f"so lower it to at most {len(values) - 1}"
        )
    observed = ~(filled[season:] | filled[:-season])
    naive_error = float(np.abs(values[season:] - values[:-season])[observed].sum() / max(observed.sum(), 1))
    if config.logarithm and values.min() <= 0:
        raise UserError(_no_logarithm(name, values.min()))
    transformed = np.log(values) if config.logarithm else values
    center, scale = _location_and_scale(transformed, config.scaler)
    if scale <= 0 < naive_error and config.scaler == "standard":
        raise UserError(
            f"series '{name}' has values so small (at most {np.abs(values).max():g}) that their squares vanish: "
            "multiply the column by a power of ten"
        )
    if scale <= 0 or naive_error <= 0:
        what = "constant" if np.ptp(values) == 0 else "the same in every season, or hardly ever moves,"
        raise UserError(
            f"series '{name}' is {what} in train, so that nothing can be scaled or learned: leave it out "
            "(reading.values)" + ("" if naive_error <= 0 else ", or set window.scaler to standard")
        )
    _refuse_invisible_moves(name, transformed, observed, center, config)
    return center, scale, naive_error


def _refuse_invisible_moves(
    name: str, values: np.ndarray, observed: np.ndarray, center: float, config: "WindowConfig"
) -> None:
    """Refuse a series whose moves are lost in single precision, in which networks compute."""
    moves = np.abs(values[config.season :] - values[: -config.season])[observed]
    usual, far = np.median(moves[moves > 0]), np.abs(values - center).max()  # where most stand still, others count
    if usual < VISIBLE * far:
        hint = (
            "set window.scaler to standard"
            if config.scaler == "none"
            else "begin the series after its jump, or forecast its differences"
        )
        raise UserError(
            f"series '{name}' moves by {usual:.3g} in a season, but lies up to {far:.3g} away from its centre: single "
            f"precision, in which networks compute, does not see that: {hint}"
        )


def _no_logarithm(name: str, value: float) -> str:
    return (
        f"series '{name}' has the value {value:g}, which has no logarithm: set window.logarithm to false, or leave the "
        "series out (reading.values)"
    )


def _location_and_scale(values: np.ndarray, scaler: str) -> tuple[float, float]:
    if scaler == "none":
        return 0.0, 1.0
    if scaler == "robust":
        low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
        return float(middle), float(high - low)
    return float(values.mean()), float(values.std())
