"""Long short-term memory (Hochreiter & Schmidhuber 1997), read from left to right."""

from stages.nn.recurrent import Cell
from stages.tasks.classification.modeling.contract import RecurrentParameters
from stages.tasks.classification.modeling.recurrent import recurrent_model


class Parameters(RecurrentParameters):
    """LSTM layers over the steps, pooled to one vector for each sequence."""


build = recurrent_model(Cell.LSTM)
