"""The theta method (Assimakopoulos & Nikolopoulos 2000): the season removed, half a line's slope, half smoothing.

As in Hyndman & Billah (2003), a forecast is simple exponential smoothing with half of train's slope as its drift. The
slope, the season and the smoothing are fitted on train once; then the level goes on through the series. How far it lags
behind a line depends on how many values it has seen: (1 - (1 - smoothing)^n) / smoothing of them, n if nothing is
smoothed.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from stages.runtime.files import read_json, write_json
from stages.tasks.forecasting.modeling.contract import Baseline, ForecasterParameters

if TYPE_CHECKING:
    from stages.tasks.forecasting.modeling.data import Prepared, Windows


class Parameters(ForecasterParameters):
    """How much is fitted to."""

    CONTEXT: ClassVar[str | None] = "all values before a window, smoothed; parameters from train"

    longest: int = Field(default=2000, ge=20, description="of train at most so many of the last values are fitted to")


@dataclass(frozen=True)
class SeriesFit:
    """What was fitted to one series."""

    smoothing: float
    slope: float
    season: list[float]  # what is added, by the place on the time grid modulo its length


class Model(Baseline):
    """A fit for each series."""

    def __init__(self, series: list[SeriesFit]) -> None:
        """Keep the fits."""
        self.series = series

    @classmethod
    def fit(cls, parameters: Parameters, data: "Prepared") -> "Model":
        """Return the model, fitted on train."""
        panel, fits = data.train.panel, []
        for number, begin in enumerate(panel.bounds[:-1]):
            stop = data.train.origins[data.train.series == number].max() + data.state.horizon
            start = max(begin, stop - parameters.longest)
            values = np.asarray(panel.values[start:stop], float)
            fits.append(_fit_series(values, data.state.season, panel.steps[start]))
        return cls(fits)

    def forecast(self, windows: "Windows") -> np.ndarray:
        """Return the forecasts, (windows, H); the level begins with each series."""
        from scipy.signal import lfilter  # slow to import

        forecasts, steps = np.empty((len(windows), windows.horizon)), np.arange(windows.horizon)
        for number in np.unique(windows.series):
            fit, rows = self.series[number], np.flatnonzero(windows.series == number)
            begin, origins = windows.panel.bounds[number], windows.origins[rows]
            seasonal, smoothing = np.array(fit.season), fit.smoothing
            places = windows.panel.steps[begin : origins.max()] % len(seasonal)
            plain = np.asarray(windows.panel.values[begin : origins.max()], float) - seasonal[places]
            level, _ = lfilter([smoothing], [1, smoothing - 1], plain, zi=[(1 - smoothing) * plain[0]])
            future = (windows.panel.steps[origins - 1][:, None] + 1 + steps) % len(seasonal)
            count = origins - begin
            lag = (1 - (1 - smoothing) ** count) / smoothing if smoothing > 1e-9 else count
            drift = fit.slope / 2 * (steps + np.reshape(lag, (-1, 1)))
            forecasts[rows] = level[origins - begin - 1][:, None] + drift + seasonal[future]
        return forecasts

    def num_params(self) -> int:
        """Return the number of fitted values."""
        return sum(2 + len(fit.season) for fit in self.series)

    def save(self, folder: Path) -> None:
        """Write the fits."""
        write_json(folder / "theta.json", {"series": [asdict(fit) for fit in self.series]}, digits=None)

    @classmethod
    def load(cls, folder: Path) -> "Model":
        """Read what `save` wrote."""
        return cls([SeriesFit(**fit) for fit in read_json(folder / "theta.json")["series"]])


def _fit_series(values: np.ndarray, season: int, first_step: int) -> SeriesFit:
    """Return the fit to the last values of a series; `first_step`: where they begin on the time grid."""
    from statsmodels.tsa.forecasting.theta import ThetaModel  # slow to import

    seasonal = _seasonal_component(values, season)
    fitted = ThetaModel(values - seasonal[np.arange(len(values)) % season], deseasonalize=False).fit()
    by_place = np.roll(seasonal, first_step % season)
    return SeriesFit(float(fitted.params["alpha"]), float(fitted.params["b0"]), by_place.tolist())


def _seasonal_component(values: np.ndarray, season: int) -> np.ndarray:
    """Return what each place of the season adds, (season,), by classical decomposition; zeros where there is none."""
    from statsmodels.tsa.seasonal import seasonal_decompose

    if season < 2 or len(values) < 2 * season:
        return np.zeros(season)
    return np.asarray(seasonal_decompose(values, period=season).seasonal[:season])
