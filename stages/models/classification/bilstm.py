"""LSTM in both directions (Graves & Schmidhuber 2005): every state has seen what comes before and after it."""

from stages.nn.recurrent import Cell
from stages.tasks.classification.modeling.contract import RecurrentParameters
from stages.tasks.classification.modeling.recurrent import recurrent_model


class Parameters(RecurrentParameters):
    """LSTM layers in both directions, `units` in each, pooled to one vector for each sequence."""


build = recurrent_model(Cell.LSTM, both_directions=True)
