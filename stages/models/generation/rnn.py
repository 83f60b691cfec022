"""Plain recurrence (Elman 1990) as a language model."""

from stages.nn.recurrent import Cell
from stages.tasks.generation.modeling.contract import RecurrentParameters
from stages.tasks.generation.modeling.layers import recurrent_model


class Parameters(RecurrentParameters):
    """Recurrent layers over the tokens so far."""


build = recurrent_model(Cell.SIMPLE)
