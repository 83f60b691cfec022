"""Exponential smoothing as a state space model (Hyndman et al. 2008): level, trend and season.

The smoothing parameters are fitted on train once, in every form (no trend or one that fades, an added season or one
that multiplies), and validation chooses the form; then the states go on through the series, so that every window is
forecast from all that came before it, and every origin costs one update. The first states come from as many values as a
look-back has (Hyndman et al. 2008, section 2.6.1), so that no forecast rests on a value after it; a season of which
these hold less than two is not tried.
"""

import warnings
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from stages.files import read_json, write_json
from stages.schema import Frozen

if TYPE_CHECKING:
    from stages.forecasting.data import Prepared, Windows

FEWEST = 10  # values that the first states are computed from; of fewer the first one is the level

CONTEXT = "all values before a window, smoothed; parameters from train, the form from validation"


class Parameters(Frozen):
    """How much is fitted to."""

    longest: int = Field(default=1000, ge=20, description="of train at most so many of the last values are fitted to")


class Model:
    """Of each series {center, scale, season, look_back, trend, seasonal, parameters}; smoothed unscaled."""

    def __init__(self, found: list[dict]) -> None:
        """Keep what was fitted."""
        self.found = found

    @classmethod
    def fit(cls, parameters: Parameters, data: "Prepared") -> "Model":
        """Return the model, each series' parameters fitted on train in every form; validation chooses the form."""
        fitted, panel, found = data.fitted, data.train.panel, []
        for number, begin in enumerate(panel.bounds[:-1]):
            end = data.train.origins[data.train.series == number].max() + fitted.horizon
            own = {"center": fitted.center[number], "scale": fitted.scale[number]}
            own |= {"season": fitted.short_season, "look_back": fitted.look_back}
            values = _unscaled(panel.values[begin:end], own)
            forms = [own | form for form in _forms(own, values.min() > 0 and not fitted.logarithm)]
            for form in forms:
                form["parameters"] = _parameters(values[-max(parameters.longest, fitted.look_back) :], form)
            looked_at = data.validation.some(data.validation.series == number)
            found.append(min(forms, key=lambda form: _error(cls([form] * len(fitted.series)), looked_at)))
        return cls(found)

    def forecast(self, windows: "Windows") -> np.ndarray:
        """Return the forecasts, (windows, H); states begin with each series."""
        forecasts, steps = np.empty((len(windows), windows.horizon)), np.arange(windows.horizon)
        for number in np.unique(windows.series):
            own, begin = self.found[number], windows.panel.bounds[number]
            rows = np.flatnonzero(windows.series == number)
            last = windows.origins[rows] - begin - 1  # the value before each forecast, in its series
            states = _states(_unscaled(windows.panel.values[begin : begin + last.max() + 1], own), own)
            found = np.repeat(states["level"][last][:, None], windows.horizon, axis=1)
            if own["trend"]:
                damping = own["parameters"].get("damping_trend", 1.0)
                found += states["trend"][last][:, None] * np.cumsum(damping ** (steps + 1))
            if own["seasonal"]:
                season = states["seasonal"][last[:, None] - own["season"] + 1 + steps % own["season"]]
                found = found + season if own["seasonal"] == "add" else found * season
            forecasts[rows] = (found - own["center"]) / own["scale"]
        return forecasts

    def size(self) -> int:
        """Return the number of fitted values."""
        return sum(len(own["parameters"]) for own in self.found)

    def save(self, folder: Path) -> None:
        """Write what was fitted."""
        write_json(folder / "ets.json", vars(self), digits=None)

    @classmethod
    def load(cls, folder: Path) -> "Model":
        """Read what `save` wrote."""
        return cls(**read_json(folder / "ets.json"))


def _unscaled(values: np.ndarray, own: dict) -> np.ndarray:
    return np.asarray(values, float) * own["scale"] + own["center"]


def _forms(own: dict, positive: bool) -> list[dict]:
    """Return the forms to try: with a season if there is one that first states can be had of; it multiplies only what
    is positive.
    """
    season = own["season"]
    seen = 2 <= season and own["look_back"] >= max(2 * season, FEWEST + 2 * (season // 2))
    seasonal = [None] if not seen else ["add", "mul"] if positive else ["add"]
    return [{"trend": trend, "seasonal": kind} for trend, kind in product([None, "add"], seasonal)]


def _parameters(values: np.ndarray, form: dict) -> dict[str, float]:
    """Return the smoothing parameters of the largest likelihood, or those that the search for it ends with."""
    model = _smoother(values, form)
    with warnings.catch_warnings(action="ignore"):  # validation judges what it found
        found = model.fit(disp=False).params
    named = zip(model.param_names, found, strict=True)
    return {name: float(value) for name, value in named if not name.startswith("initial")}


def _error(model: Model, windows: "Windows") -> float:
    """Return the mean absolute error, infinite where the states ran away."""
    error = float(np.abs(model.forecast(windows) - windows.targets()).mean())
    return error if np.isfinite(error) else np.inf


def _states(values: np.ndarray, own: dict) -> dict[str, np.ndarray]:
    """Return the states after each value of a series, (values,) each; nothing is fitted."""
    smoother = _smoother(values, own)
    known = dict(zip(smoother.param_names, smoother.start_params, strict=True)) | own["parameters"]
    result = smoother.smooth([known[name] for name in smoother.param_names])
    states = {"level": result.level}
    states |= {"trend": result.slope} if own["trend"] else {}
    states |= {"seasonal": result.season} if own["seasonal"] else {}
    return {name: np.asarray(state) for name, state in states.items()}


def _smoother(values: np.ndarray, form: dict):
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel  # slow to import

    kind = {"error": "add", "trend": form["trend"], "damped_trend": form["trend"] is not None}
    kind |= {"seasonal": form["seasonal"], "seasonal_periods": form["season"] if form["seasonal"] else None}
    first, states = values[: form["look_back"]], {"initial_level": values[0], "initial_trend": 0.0}
    if len(first) >= FEWEST:
        found = ETSModel(first, **kind, initialization_method="heuristic")
        states = {name: getattr(found, name) for name in ("initial_level", "initial_trend", "initial_seasonal")}
    return ETSModel(values, **kind, initialization_method="known", **states)
