"""The row of proposed regions is read in both directions: each region is classified in view of its neighbours."""

from typing import TYPE_CHECKING

from stages.nn.recurrent import Cell
from stages.tasks.detection.modeling.contract import DetectorParameters

if TYPE_CHECKING:
    from keras import KerasTensor, Model

    from stages.tasks.detection.modeling.contract import Shape


class Parameters(DetectorParameters):
    """A recurrence in both directions over the regions, from left to right."""


def build(parameters: Parameters, shape: "Shape") -> "Model":
    """Return the network."""
    from keras import layers

    from stages.tasks.detection.modeling.layers import detector

    def classify(regions: "KerasTensor") -> "KerasTensor":
        cell = Cell.GRU.layer(parameters.units // 2, return_sequences=True)
        return layers.Bidirectional(cell)(layers.Dense(parameters.units, activation="relu")(regions))

    return detector(parameters, shape, classify)
