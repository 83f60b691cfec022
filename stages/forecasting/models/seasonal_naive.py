"""The values of the last season, repeated."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from stages.console import Problem
from stages.files import read_json, write_json
from stages.schema import Frozen

if TYPE_CHECKING:
    from stages.forecasting.data import Prepared, Windows


class Parameters(Frozen):
    """How long a season is."""

    season: int | None = Field(default=None, ge=1, description="steps; null: the dataset's window.season")


class Model:
    """The last season."""

    def __init__(self, season: int) -> None:
        """Keep the season's length."""
        self.season = season

    @classmethod
    def fit(cls, parameters: Parameters, data: "Prepared") -> "Model":
        """Return the model.

        Raises:
            Problem: a window is shorter than a season.
        """
        season = parameters.season or data.fitted.season
        if season > data.fitted.look_back:
            raise Problem(
                f"seasonal_naive: a season of {season} is longer than what a window reads, {data.fitted.look_back}: "
                f"raise window.look_back, or lower the season"
            )
        return cls(season)

    def forecast(self, windows: "Windows") -> np.ndarray:
        """Return the values a season before, (windows, H)."""
        last, _ = windows.past(self.season)
        return np.tile(last, -(-windows.horizon // self.season))[:, : windows.horizon]

    def size(self) -> int:
        """Return the number of fitted values."""
        return 0

    def save(self, folder: Path) -> None:
        """Write the season."""
        write_json(folder / "season.json", {"season": self.season})

    @classmethod
    def load(cls, folder: Path) -> "Model":
        """Read what `save` wrote."""
        return cls(**read_json(folder / "season.json"))
