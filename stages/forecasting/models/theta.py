"""The theta method (Assimakopoulos & Nikolopoulos 2000): the season removed, half a line's slope, half smoothing.

As in Hyndman & Billah (2003), a forecast is simple exponential smoothing with half of train's slope as its drift. The
slope, the season and the smoothing are fitted on train once; then the level goes on through the series. How far it lags
behind a line depends on how many values it has seen: (1 - (1 - smoothing)^n) / smoothing of them, n if nothing is
smoothed.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from stages.files import read_json, write_json
from stages.schema import Frozen

if TYPE_CHECKING:
    from stages.forecasting.data import Prepared, Windows

CONTEXT = "all values before a window, smoothed; parameters from train"


class Parameters(Frozen):
    """How much is fitted to."""

    longest: int = Field(default=2000, ge=20, description="of train at most so many of the last values are fitted to")


class Model:
    """Of each series {smoothing, slope, season}: the season by the place on the time grid, modulo its length."""

    def __init__(self, found: list[dict]) -> None:
        """Keep what was fitted."""
        self.found = found

    @classmethod
    def fit(cls, parameters: Parameters, data: "Prepared") -> "Model":
        """Return the model, fitted on train."""
        from statsmodels.tsa.forecasting.theta import ThetaModel  # slow to import

        found, season, panel = [], data.fitted.season, data.train.panel
        ends = [data.train.origins[data.train.series == number].max() for number in range(len(data.fitted.series))]
        for begin, end in zip(panel.bounds[:-1], ends, strict=True):
            stop = end + data.fitted.horizon
            start = max(begin, stop - parameters.longest)
            values = np.asarray(panel.values[start:stop], float)
            seasonal = _season(values, season)
            places = np.arange(len(values)) % season
            fitted = ThetaModel(values - seasonal[places], deseasonalize=False).fit()
            turned = np.roll(seasonal, panel.steps[start] % season)  # by the place on the time grid
            own = {"smoothing": float(fitted.params["alpha"]), "slope": float(fitted.params["b0"])}
            found.append(own | {"season": turned.tolist()})
        return cls(found)

    def forecast(self, windows: "Windows") -> np.ndarray:
        """Return the forecasts, (windows, H); the level begins with each series."""
        from scipy.signal import lfilter  # slow to import

        forecasts, steps = np.empty((len(windows), windows.horizon)), np.arange(windows.horizon)
        for number in np.unique(windows.series):
            own, rows = self.found[number], np.flatnonzero(windows.series == number)
            begin, origins = windows.panel.bounds[number], windows.origins[rows]
            seasonal, smoothing = np.array(own["season"]), own["smoothing"]
            places = windows.panel.steps[begin : origins.max()] % len(seasonal)
            plain = np.asarray(windows.panel.values[begin : origins.max()], float) - seasonal[places]
            level, _ = lfilter([smoothing], [1, smoothing - 1], plain, zi=[(1 - smoothing) * plain[0]])
            coming = (windows.panel.steps[origins - 1][:, None] + 1 + steps) % len(seasonal)
            count = origins - begin
            lag = (1 - (1 - smoothing) ** count) / smoothing if smoothing > 1e-9 else count
            drift = own["slope"] / 2 * (steps + np.reshape(lag, (-1, 1)))
            forecasts[rows] = level[origins - begin - 1][:, None] + drift + seasonal[coming]
        return forecasts

    def size(self) -> int:
        """Return the number of fitted values."""
        return sum(2 + len(own["season"]) for own in self.found)

    def save(self, folder: Path) -> None:
        """Write what was fitted."""
        write_json(folder / "theta.json", {"found": self.found}, digits=None)

    @classmethod
    def load(cls, folder: Path) -> "Model":
        """Read what `save` wrote."""
        return cls(**read_json(folder / "theta.json"))


def _season(values: np.ndarray, season: int) -> np.ndarray:
    """Return what each place of the season adds, (season,), by classical decomposition; nothing where there is none."""
    from statsmodels.tsa.seasonal import seasonal_decompose

    if season < 2 or len(values) < 2 * season:
        return np.zeros(season)
    return seasonal_decompose(values, period=season).seasonal[:season]
