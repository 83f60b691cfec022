"""Recurrent forecasters of any cell. B windows, L values read, H values forecast, C covariates."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from stages.nn.recurrent import Cell
from stages.tasks.forecasting.modeling.contract import RecurrentParameters, Shape

if TYPE_CHECKING:
    import keras

    from stages.tasks.forecasting.modeling.layers import ExogenousInputs


def recurrent_model(cell: Cell) -> Callable[[RecurrentParameters, Shape], "keras.Model"]:
    """Return the function `build` of a recurrent model's file: the last state forecasts all steps at once."""

    def build(parameters: RecurrentParameters, shape: Shape) -> "keras.Model":
        """Return the model from [past (B, L), covariates, …] to forecasts (B, H, levels)."""
        from stages.tasks.forecasting.modeling.layers import forecast_head, forecast_model  # imports Keras

        def forecast(steps: "keras.KerasTensor", exogenous: "ExogenousInputs") -> "keras.KerasTensor":
            for number in range(parameters.layers):
                last = number == parameters.layers - 1
                steps = cell.layer(parameters.units, return_sequences=not last)(steps)
            return forecast_head(steps, exogenous, parameters, shape)

        return forecast_model(parameters, shape, forecast)

    return build
