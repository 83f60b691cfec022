"""Gated recurrent units (Cho et al. 2014) as a forecaster."""

from typing import TYPE_CHECKING

from stages.forecasting.models import RecurrentParameters, Shape

if TYPE_CHECKING:
    import keras


class Parameters(RecurrentParameters):
    """Recurrent layers over the past; the last state tells all steps to come."""


def build(parameters: Parameters, shape: Shape) -> "keras.Model":
    """Return the model from [past (B, L), covariates, …] to forecasts (B, H, levels)."""
    from keras.layers import GRU

    from stages.forecasting.layers import recurrent

    return recurrent(GRU, parameters, shape, reset_after=False)
