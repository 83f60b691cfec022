"""A trained forecaster; beside the replicas lies its scaler, scaler.json."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from stages.tasks.forecasting.modeling.conformal import OFFSETS, CalibratedForecaster
from stages.tasks.forecasting.modeling.contract import ForecasterParameters
from stages.tasks.forecasting.modeling.scaler import ScalerState
from stages.training.saved import SavedModel

if TYPE_CHECKING:
    from stages.tasks.forecasting.modeling.network import NeuralForecaster


class Saved(SavedModel[CalibratedForecaster]):
    """A forecaster that `train` wrote."""

    task = "forecasting"
    keys = frozenset({"window"})  # scaler.json of the data

    @cached_property
    def state(self) -> ScalerState:
        """The scaler, and what windows are like."""
        return ScalerState.load(self.folder / "scaler.json")

    @property
    def context(self) -> str:
        """What a forecast rests on, in words."""
        assert isinstance(self.parameters, ForecasterParameters)
        return self.parameters.context(self.state)

    def build_network(self) -> "NeuralForecaster":
        """Return the network, with the weights of no replica."""
        from stages.tasks.forecasting.modeling.network import build_network  # imports Keras

        return build_network(self.metadata["model"], self.parameters, self.state)

    def replicas(self, seeds: Sequence[int] | None = None) -> Iterator[tuple[int, CalibratedForecaster]]:
        """Yield (seed, the model with its intervals) for some seeds, or for all; a network is the same object."""
        for seed, model in self.load_replicas(seeds):
            yield seed, CalibratedForecaster(model, np.load(self.folder / f"seed-{seed}" / OFFSETS), self.state)
