"""Long short-term memory (Hochreiter & Schmidhuber 1997) as a forecaster."""

from stages.nn.recurrent import Cell
from stages.tasks.forecasting.modeling.contract import RecurrentParameters
from stages.tasks.forecasting.modeling.recurrent import recurrent_model


class Parameters(RecurrentParameters):
    """Recurrent layers over the past; the last state forecasts all steps to come."""


build = recurrent_model(Cell.LSTM)
