"""Long short-term memory (Hochreiter & Schmidhuber 1997), read from left to right."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from stages.classification.models import NeuralParameters

if TYPE_CHECKING:
    import keras


class Parameters(NeuralParameters):
    """LSTM layers over the tokens, pooled to one vector a text."""

    units: int = Field(default=128, ge=1)
    layers: int = Field(default=1, ge=1, le=8)
    pooling: Literal["last", "mean", "max"] = Field(default="max", description="over the states of all tokens")


def build(parameters: Parameters, vocabulary: int, classes: int) -> "keras.Model":
    """Return the model from ids (B, T) to logits (B, classes)."""
    from keras.layers import LSTM

    from stages.classification.layers import classify, embed, pool

    ids, steps, mask = embed(parameters, vocabulary)
    for _ in range(parameters.layers):
        steps = LSTM(parameters.units, return_sequences=True)(steps)  # (B, T, U); padding comes after the text
    return classify(ids, pool(steps, mask, parameters.pooling), parameters.dropout, classes)
