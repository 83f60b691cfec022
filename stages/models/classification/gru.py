"""Gated recurrent units (Cho et al. 2014), read from left to right."""

from stages.nn.recurrent import Cell
from stages.tasks.classification.modeling.contract import RecurrentParameters
from stages.tasks.classification.modeling.recurrent import recurrent_model


class Parameters(RecurrentParameters):
    """GRU layers over the steps, pooled to one vector for each sequence."""


build = recurrent_model(Cell.GRU)
