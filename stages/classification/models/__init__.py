"""One model a file: `Parameters`, its typed parameters, and what makes it.

A neural model has `build(parameters, vocabulary, classes)`, which returns a Keras model from ids (B, T) int32,
padded at the end with 0, to logits (B, classes); padding must not change them. A baseline has a class
`Model` with the class methods `fit(parameters, train, validation, classes)`, where the parts are `Texts`, and
`load(folder)`, and the methods `predict(texts)` and `save(folder)`.
"""

from typing import Literal, NamedTuple

import numpy as np
from pydantic import Field

from stages.schema import Neural


class Texts(NamedTuple):
    """A part, for a baseline."""

    texts: list[str]
    labels: np.ndarray  # (texts,) int, the classes
    weights: np.ndarray  # (texts,), how much they count in training, 1 in the mean


class NeuralParameters(Neural):
    """What every neural classifier has."""

    embedding: int = Field(default=100, ge=1, description="width of a token's vector")
    vectors: Literal["prepared", "random"] = Field(
        default="prepared", description="what tokens start from: the vectors that the dataset prepares, or chance"
    )
    frozen: bool = Field(default=False, description="tokens keep the vectors that they start from")
    embedding_dropout: float = Field(
        default=0.5, ge=0, lt=1, description="share of the vectors' features dropped, for a whole text at a time"
    )
    dropout: float = Field(default=0.5, ge=0, lt=1, description="share dropped before the output layer")
    learning_rate: float = Field(default=0.001, gt=0, description="the highest; it falls to a tenth along a cosine")
    weight_decay: float = Field(
        default=0.0, ge=0, description="of Adam with decoupled decay (Loshchilov & Hutter 2019)"
    )


class RecurrentParameters(NeuralParameters):
    """What the classifiers with plain recurrent layers have."""

    units: int = Field(default=128, ge=1)
    layers: int = Field(default=1, ge=1, le=8)
    recurrent_dropout: float = Field(default=0.0, ge=0, lt=1, description="of the state, from step to step")
    pooling: Literal["last", "mean", "max"] = Field(default="max", description="over the states of all tokens")
