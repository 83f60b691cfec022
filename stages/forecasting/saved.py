"""A trained forecaster; beside the replicas lies its scaler, scaler.json."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from stages.forecasting.data import Fitted
from stages.forecasting.intervals import OFFSETS, Forecaster
from stages.saved import SavedModel


class Saved(SavedModel):
    """A forecaster that `train` wrote."""

    task = "forecasting"
    code = ("data.py", "intervals.py", "layers.py", "neural.py", "timing.py", "models/__init__.py")
    keys = frozenset({"window"})  # scaler.json of the data

    @cached_property
    def fitted(self) -> Fitted:
        """The scaler, and what windows are like."""
        return Fitted.read(self.folder / "scaler.json")

    def replicas(self, seeds: Sequence[int] | None = None) -> Iterator[tuple[int, Forecaster]]:
        """Yield (seed, the model with its intervals)."""
        for seed, model in super().replicas(seeds):
            yield seed, Forecaster(model, np.load(self.folder / f"seed-{seed}" / OFFSETS))

    def build_network(self) -> Any:
        """Return the network, with the weights of no replica."""
        from stages.forecasting.neural import build  # imports Keras

        return build(self.module, self.parameters, self.fitted)
