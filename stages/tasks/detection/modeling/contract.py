"""What a model that finds objects owes the task, and the parameters that networks share.

A model's file under stages/models/detection/ holds its typed `Parameters`, and either

- `build(parameters, shape)`, which returns an untrained Keras model: what `layers.detector` makes of the function that
  classifies a row of regions, or
- a class `Model`, which is a `Baseline`.
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from pydantic import Field

from stages.config.schema import NeuralConfig
from stages.nn.model import TrainedModel
from stages.tasks.detection.modeling.statistics import Detection

if TYPE_CHECKING:
    from stages.tasks.detection.modeling.data import PreparedRegions, RegionPreprocessor


@dataclass(frozen=True)
class Shape:
    """What a network has to know of the data."""

    size: tuple[int, int]  # H, W of the pictures
    mean: tuple[float, ...]  # of each channel over train
    deviation: tuple[float, ...]
    filters: tuple[int, ...]
    regions: int  # that are proposed
    classes: int


class Detector(TrainedModel):
    """A model that finds objects in pictures."""

    @abstractmethod
    def detect(self, pictures: Sequence[np.ndarray]) -> list[Detection]:
        """Return what is in each picture, (H, W, C) bytes as networks read it."""


class Baseline(Detector):
    """A detector that is no network."""

    @classmethod
    @abstractmethod
    def fit(cls, parameters: Any, data: "PreparedRegions") -> Self:
        """Return a model fitted on train. `parameters`: of the type that its file holds."""

    @classmethod
    @abstractmethod
    def load(cls, folder: Path, preprocessor: "RegionPreprocessor") -> Self:
        """Return the model that `save` wrote. `preprocessor`: what was fitted on train."""


class DetectorParameters(NeuralConfig):
    """What every network has: a map of the picture, of which the likeliest places are proposed as regions."""

    embedding: int = Field(default=96, ge=1, description="features of a place of the map")
    units: int = Field(default=128, ge=2, multiple_of=2, description="of what classifies the regions")
    dropout: float = Field(default=0.1, ge=0, lt=1, description="share of a region's features that is dropped")
    epochs: int = Field(default=8, ge=1, description="at most")
    learning_rate: float = Field(default=0.003, gt=0, description="the highest; it falls to a tenth along a cosine")
