"""What a classifier of sequences owes the tasks, and the parameters that networks share.

A model's file under stages/models/classification/ holds its typed `Parameters`, and either

- `build(parameters, shape)`, which returns an untrained Keras model from a batch of `shape.input`, padded at the end,
  to logits (B, classes); padding must not change them, or
- a class `Model`, which is a `Baseline`.

A network reads any kind of input. A baseline that reads one kind alone says so: `INPUT` of its parameters.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self

import numpy as np
from pydantic import Field

from stages.config.schema import NeuralConfig
from stages.nn.inputs import Input
from stages.nn.model import TrainedModel

if TYPE_CHECKING:
    from stages.tasks.classification.modeling.data import Prepared


class Examples(NamedTuple):
    """A part, for a baseline."""

    inputs: Sequence[Any]  # texts, or signals (T, F) float32
    labels: np.ndarray  # (examples,) int, the classes
    weights: np.ndarray  # (examples,), how much they count in training, 1 in the mean


class Preprocessor(ABC):
    """What was fitted on train to turn an example into steps: a vocabulary, or a scaler."""

    @classmethod
    @abstractmethod
    def load(cls, path: Path) -> Self:
        """Read the file that the stage before training wrote."""

    @property
    @abstractmethod
    def input(self) -> Input:
        """What a network reads."""

    @abstractmethod
    def encode(self, inputs: Sequence[Any]) -> list[np.ndarray]:
        """Return each example's steps, uncut: ids (T,) int32, or frames (T, F) float32."""


@dataclass(frozen=True)
class Shape:
    """What a network has to know of the data."""

    input: Input
    classes: int


class NeuralParameters(NeuralConfig):
    """What every network has."""

    embedding: int = Field(default=100, ge=1, description="width of a step's vector")
    vectors: Literal["prepared", "random"] = Field(
        default="prepared", description="what tokens start from: the vectors that the dataset prepares, or random ones"
    )
    frozen: bool = Field(default=False, description="tokens keep the vectors that they start from")
    embedding_dropout: float = Field(
        default=0.5, ge=0, lt=1, description="share of the vectors' features dropped, for a whole sequence at a time"
    )
    dropout: float = Field(default=0.5, ge=0, lt=1, description="share dropped before the output layer")
    learning_rate: float = Field(default=0.001, gt=0, description="the highest; it falls to a tenth along a cosine")


class EncoderParameters(NeuralParameters):
    """What the networks with recurrent layers have."""

    units: int = Field(default=128, ge=1)
    layers: int = Field(default=1, ge=1, le=8)
    recurrent_dropout: float = Field(default=0.0, ge=0, lt=1, description="of the state, from step to step")


class RecurrentParameters(EncoderParameters):
    """What the networks have whose recurrent states are pooled."""

    pooling: Literal["last", "mean", "max"] = Field(default="max", description="over the states of all steps")


class Classifier(TrainedModel):
    """A model that gives examples probabilities of their labels."""

    @abstractmethod
    def predict(self, inputs: Sequence[Any]) -> np.ndarray:
        """Return probabilities (examples, classes). `inputs`: texts, or signals (T, F) float32."""


class Baseline(Classifier):
    """A classifier that is no network."""

    @classmethod
    @abstractmethod
    def fit(cls, parameters: Any, data: "Prepared") -> Self:
        """Return a model fitted on train; validation may choose. `parameters`: of the type that its file holds."""

    @classmethod
    @abstractmethod
    def load(cls, folder: Path) -> Self:
        """Return the model that `save` wrote."""
