"""What a text classifier owes the task, and the parameters that networks share.

A model's file under stages/models/classification/ holds its typed `Parameters`, and either

- `build(parameters, shape)`, which returns an untrained Keras model from ids (B, T) int32, padded at the end with 0, to
  logits (B, classes); padding must not change them, or
- a class `Model`, which is a `Baseline`.
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self

import numpy as np
from pydantic import Field

from stages.config.schema import NeuralConfig
from stages.nn.model import TrainedModel

if TYPE_CHECKING:
    from stages.tasks.classification.modeling.data import Prepared


class Texts(NamedTuple):
    """A part, for a baseline."""

    texts: list[str]
    labels: np.ndarray  # (texts,) int, the classes
    weights: np.ndarray  # (texts,), how much they count in training, 1 in the mean


@dataclass(frozen=True)
class Shape:
    """What a network has to know of the data."""

    vocabulary: int  # tokens, [PAD] and [UNK] included
    classes: int


class NeuralParameters(NeuralConfig):
    """What every network has."""

    embedding: int = Field(default=100, ge=1, description="width of a token's vector")
    vectors: Literal["prepared", "random"] = Field(
        default="prepared", description="what tokens start from: the vectors that the dataset prepares, or random ones"
    )
    frozen: bool = Field(default=False, description="tokens keep the vectors that they start from")
    embedding_dropout: float = Field(
        default=0.5, ge=0, lt=1, description="share of the vectors' features dropped, for a whole text at a time"
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

    pooling: Literal["last", "mean", "max"] = Field(default="max", description="over the states of all tokens")


class Classifier(TrainedModel):
    """A model that gives texts probabilities of their labels."""

    @abstractmethod
    def predict(self, texts: Sequence[str]) -> np.ndarray:
        """Return probabilities (texts, classes)."""


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
