"""One model a file: `Parameters`, its typed parameters, and what makes it.

A neural model has `build(parameters, vocabulary, classes)`, which returns a Keras model from ids (B, T) int32,
padded at the end with 0, to logits (B, classes); padding must not change them. A baseline has a class
`Classifier` with the class methods `fit(parameters, train, validation, classes)` and `load(folder)`, and the
methods `predict(texts)` and `save(folder)`.
"""

from pydantic import Field

from stages.schema import Frozen


class NeuralParameters(Frozen):
    """What every neural classifier has."""

    embedding: int = Field(default=100, ge=1, description="width of a token's vector")
    embedding_dropout: float = Field(
        default=0.5, ge=0, lt=1, description="share of the vectors' features dropped, for a whole text at a time"
    )
    dropout: float = Field(default=0.5, ge=0, lt=1, description="share dropped before the output layer")
    learning_rate: float = Field(default=0.001, gt=0)
    weight_decay: float = Field(
        default=0.0, ge=0, description="of Adam with decoupled decay (Loshchilov & Hutter 2019)"
    )
