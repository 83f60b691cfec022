"""Each proposed region is classified by itself: what the recurrence over regions has to beat."""

from typing import TYPE_CHECKING

from stages.tasks.detection.modeling.contract import DetectorParameters

if TYPE_CHECKING:
    from keras import KerasTensor, Model

    from stages.tasks.detection.modeling.contract import Shape


class Parameters(DetectorParameters):
    """Two layers for each region."""


def build(parameters: Parameters, shape: "Shape") -> "Model":
    """Return the network."""
    from keras import layers

    from stages.tasks.detection.modeling.layers import detector

    def classify(regions: "KerasTensor") -> "KerasTensor":
        hidden = layers.Dense(parameters.units, activation="relu")(regions)
        return layers.Dense(parameters.units, activation="relu")(hidden)

    return detector(parameters, shape, classify)
