"""Exponential smoothing as a state space model (Hyndman et al. 2008): level, trend and season.

The smoothing parameters are fitted on train once, in every form (no trend or one that fades, an added season or one
that multiplies), and validation chooses the form; then the states go on through the series, so that every window is
forecast from all that came before it, and every origin costs one update. The first states come from as many values as a
look-back has (Hyndman et al. 2008, section 2.6.1), so that no forecast uses a value after it. If these hold fewer than
two seasons, no season is tried.
"""

import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from stages.runtime.files import read_json, write_json
from stages.tasks.forecasting.modeling.contract import Baseline, ForecasterParameters

if TYPE_CHECKING:
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    from stages.tasks.forecasting.modeling.data import Prepared, Windows

SMALLEST = 1e-9  # value that a season can multiply
MIN_INITIAL = 10  # values that the first states are computed from; of fewer the first one is the level


class Parameters(ForecasterParameters):
    """How much is fitted to."""

    CONTEXT: ClassVar[str | None] = (
        "all values before a window, smoothed; parameters from train, the form from validation"
    )

    longest: int = Field(default=1000, ge=20, description="of train at most so many of the last values are fitted to")


@dataclass(frozen=True)
class SeriesFit:
    """The form and the parameters for one series; its values are smoothed unscaled."""

    center: float
    scale: float
    season: int
    look_back: int
    trend: Literal["add"] | None
    seasonal: Literal["add", "mul"] | None
    parameters: dict[str, float]  # of the smoothing, by statsmodels' names

    def unscale(self, values: np.ndarray) -> np.ndarray:
        """Return values in the scaler's units as they were before."""
        return np.asarray(values, float) * self.scale + self.center

    def smoother(self, values: np.ndarray) -> "ETSModel":
        """Return statsmodels' model of unscaled values, its first states known."""
        from statsmodels.tsa.exponential_smoothing.ets import ETSModel  # slow to import

        form: dict[str, Any] = {"error": "add", "trend": self.trend, "damped_trend": self.trend is not None}
        form |= {"seasonal": self.seasonal, "seasonal_periods": self.season if self.seasonal else None}
        if self.seasonal == "mul":  # train's values are positive, later ones need not be
            values = np.maximum(values, SMALLEST)
        first, states = values[: self.look_back], {"initial_level": values[0], "initial_trend": 0.0}
        if len(first) >= MIN_INITIAL:
            heuristic = ETSModel(first, **form, initialization_method="heuristic")
            states = {
                "initial_level": heuristic.initial_level,
                "initial_trend": heuristic.initial_trend,
                "initial_seasonal": heuristic.initial_seasonal,
            }
        return ETSModel(values, **form, initialization_method="known", **states)


class Model(Baseline):
    """A fit for each series."""

    def __init__(self, series: list[SeriesFit]) -> None:
        """Keep the fits."""
        self.series = series

    @classmethod
    def fit(cls, parameters: Parameters, data: "Prepared") -> "Model":
        """Return the model, each series' parameters fitted on train in every form; validation chooses the form."""
        panel, fits = data.train.panel, []
        longest, num_series = max(parameters.longest, data.state.look_back), len(data.state.series)
        for number, begin in enumerate(panel.bounds[:-1]):
            end = data.train.origins[data.train.series == number].max() + data.state.horizon
            validation = data.validation.take(data.validation.series == number)
            candidates = _fits_of(panel.values[begin:end], number, data, longest)
            fits.append(min(candidates, key=lambda fit: _error(cls([fit] * num_series), validation)))
        return cls(fits)

    def forecast(self, windows: "Windows") -> np.ndarray:
        """Return the forecasts, (windows, H); states begin with each series."""
        forecasts, steps = np.empty((len(windows), windows.horizon)), np.arange(windows.horizon)
        for number in np.unique(windows.series):
            fit, begin = self.series[number], windows.panel.bounds[number]
            rows = np.flatnonzero(windows.series == number)
            last = windows.origins[rows] - begin - 1  # the value before each forecast, in its series
            states = _states(fit.unscale(windows.panel.values[begin : begin + last.max() + 1]), fit)
            values = np.repeat(states["level"][last][:, None], windows.horizon, axis=1)
            if fit.trend:
                damping = fit.parameters.get("damping_trend", 1.0)
                values += states["trend"][last][:, None] * np.cumsum(damping ** (steps + 1))
            if fit.seasonal:
                season = states["seasonal"][last[:, None] - fit.season + 1 + steps % fit.season]
                values = values + season if fit.seasonal == "add" else values * season
            forecasts[rows] = (values - fit.center) / fit.scale
        return forecasts

    def num_params(self) -> int:
        """Return the number of fitted values."""
        return sum(len(fit.parameters) for fit in self.series)

    def save(self, folder: Path) -> None:
        """Write the fits."""
        write_json(folder / "ets.json", {"series": [asdict(fit) for fit in self.series]}, digits=None)

    @classmethod
    def load(cls, folder: Path) -> "Model":
        """Read what `save` wrote."""
        return cls([SeriesFit(**fit) for fit in read_json(folder / "ets.json")["series"]])


def _fits_of(scaled: np.ndarray, number: int, data: "Prepared", longest: int) -> list[SeriesFit]:
    """Return a series' fits in every form: to at most the `longest` last of its values in train, `scaled` (n,)."""
    state, fits = data.state, []
    form = SeriesFit(
        state.center[number], state.scale[number], state.ets_season, state.look_back, None, None, parameters={}
    )
    values = form.unscale(scaled)
    for trend, seasonal in _forms(form, bool(values.min() > 0) and not state.logarithm):
        form = replace(form, trend=trend, seasonal=seasonal)
        fits.append(replace(form, parameters=_smoothing_parameters(values[-longest:], form)))
    return fits


def _forms(fit: SeriesFit, positive: bool) -> Iterator[tuple[Literal["add"] | None, Literal["add", "mul"] | None]]:
    """Return the trends and seasons to try.

    There is a season if the look-back is long enough for its first states; it multiplies only what is positive.
    """
    has_season = fit.season >= 2 and fit.look_back >= max(2 * fit.season, MIN_INITIAL + 2 * (fit.season // 2))
    trends: tuple[Literal["add"] | None, ...] = (None, "add")
    seasons: tuple[Literal["add", "mul"] | None, ...] = ("add", "mul") if positive else ("add",)
    return product(trends, seasons if has_season else (None,))


def _smoothing_parameters(values: np.ndarray, fit: SeriesFit) -> dict[str, float]:
    """Return the smoothing parameters of the largest likelihood, or those that the search for it ends with."""
    model = fit.smoother(values)
    with warnings.catch_warnings(action="ignore"):  # validation judges the result
        fitted = model.fit(disp=False).params
    named = zip(model.param_names, fitted, strict=True)
    return {name: float(value) for name, value in named if not name.startswith("initial")}


def _error(model: Model, windows: "Windows") -> float:
    """Return the mean absolute error, infinite where the states diverged."""
    error = float(np.abs(model.forecast(windows) - windows.targets()).mean())
    return error if np.isfinite(error) else np.inf


def _states(values: np.ndarray, fit: SeriesFit) -> dict[str, np.ndarray]:
    """Return the states after each value of a series, (values,) each; nothing is fitted."""
    smoother = fit.smoother(values)
    named = dict(zip(smoother.param_names, smoother.start_params, strict=True)) | fit.parameters
    result = smoother.smooth([named[name] for name in smoother.param_names])
    states = {"level": result.level}
    states |= {"trend": result.slope} if fit.trend else {}
    states |= {"seasonal": result.season} if fit.seasonal else {}
    return {name: np.asarray(state) for name, state in states.items()}
