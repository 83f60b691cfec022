"""The values of the last season, repeated."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from stages.runtime.errors import UserError
from stages.runtime.files import read_json, write_json
from stages.tasks.forecasting.modeling.contract import Baseline, ForecasterParameters

if TYPE_CHECKING:
    from stages.tasks.forecasting.modeling.data import Prepared, Windows


class Parameters(ForecasterParameters):
    """How long a season is."""

    season: int | None = Field(default=None, ge=1, description="steps; null: the dataset's window.season")


class Model(Baseline):
    """The last season."""

    def __init__(self, season: int) -> None:
        """Keep the season's length."""
        self.season = season

    @classmethod
    def fit(cls, parameters: Parameters, data: "Prepared") -> "Model":
        """Return the model.

        Raises:
            UserError: a window is shorter than a season.
        """
        season = parameters.season or data.state.season
        if season > data.state.look_back:
            raise UserError(
                f"seasonal_naive: a season of {season} is longer than what a window reads, {data.state.look_back}: "
                f"raise window.look_back, or lower the season"
            )
        return cls(season)

    def forecast(self, windows: "Windows") -> np.ndarray:
        """Return the values a season before, (windows, H)."""
        last, _ = windows.past(self.season)
        return np.tile(last, -(-windows.horizon // self.season))[:, : windows.horizon]

    def num_params(self) -> int:
        """Return the number of fitted values."""
        return 0

    def save(self, folder: Path) -> None:
        """Write the season."""
        write_json(folder / "season.json", {"season": self.season})

    @classmethod
    def load(cls, folder: Path) -> "Model":
        """Read what `save` wrote."""
        return cls(**read_json(folder / "season.json"))
