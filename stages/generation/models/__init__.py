"""One model a file: `Parameters`, its typed parameters, and what makes it.

A network has `build(parameters, vocabulary)`, which returns a Keras model from [ids (B, T) int32, states …] to
[logits (B, T, vocabulary), states …]; the logits at a position depend on the ids up to it alone, and a text read in
pieces, the states handed on, gives what it gives at once. Any other model has a class `Model` of the same methods
as `stages.generation.neural.NeuralModel`.
"""

from pydantic import Field

from stages.schema import Neural


class NeuralParameters(Neural):
    """What every network has."""

    epochs: int = Field(default=10, ge=1, description="looks at validation, training.epoch_steps steps apart; at most")
    embedding: int = Field(default=64, ge=1, description="width of a token's vector")
    dropout: float = Field(default=0.0, ge=0, lt=1, description="share dropped between layers")
    learning_rate: float = Field(default=0.003, gt=0, description="the highest; it falls to a tenth along a cosine")
    weight_decay: float = Field(
        default=0.0, ge=0, description="of Adam with decoupled decay (Loshchilov & Hutter 2019)"
    )


class RecurrentParameters(NeuralParameters):
    """What the recurrent networks have."""

    units: int = Field(default=256, ge=1)
    layers: int = Field(default=1, ge=1, le=8)
    tied: bool = Field(default=False, description="the output layer has the tokens' vectors; needs embedding = units")
