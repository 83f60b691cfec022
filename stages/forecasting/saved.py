"""A trained forecaster; beside the replicas lies its scaler, scaler.json."""

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np

from stages.forecasting.data import Fitted
from stages.forecasting.intervals import OFFSETS, Forecaster
from stages.saved import SavedModel
from stages.schema import Neural


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
        """Yield (seed, forecaster); a network is the same object each time, compiled once, with other weights."""
        for seed in self.about["seeds"] if seeds is None else seeds:
            folder = self.folder / f"seed-{seed}"
            if isinstance(self.parameters, Neural):
                model = self._neural
                model.load_replica(folder)
            else:
                model = self.module.Model.load(folder)
            yield seed, Forecaster(model, np.load(folder / OFFSETS))

    @cached_property
    def _neural(self):
        from stages.forecasting.neural import build  # imports Keras

        return build(self.module, self.parameters, self.fitted)
