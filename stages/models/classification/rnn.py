"""Simple recurrence (Elman 1990): the state is a squashed sum of the input and the state before, without gates."""

from stages.nn.recurrent import Cell
from stages.tasks.classification.modeling.contract import RecurrentParameters
from stages.tasks.classification.modeling.recurrent import recurrent_model


class Parameters(RecurrentParameters):
    """Simple recurrent layers over the steps, pooled to one vector for each sequence."""


build = recurrent_model(Cell.SIMPLE)
