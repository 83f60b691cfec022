"""A convolution and pooling that feed an LSTM (Zhou et al. 2015, with pooling): fewer, richer steps to remember."""

from typing import TYPE_CHECKING

from pydantic import Field

from stages.nn.recurrent import Cell
from stages.tasks.classification.modeling.contract import RecurrentParameters, Shape

if TYPE_CHECKING:
    import keras


class Parameters(RecurrentParameters):
    """One convolution, its maximum over neighbouring steps, and LSTM layers over those."""

    filters: int = Field(default=128, ge=1)
    window: int = Field(default=3, ge=1, description="steps that a filter sees")
    pool: int = Field(default=2, ge=1, description="neighbouring steps of which the maximum goes on")


def build(parameters: Parameters, shape: Shape) -> "keras.Model":
    """Return the model from the shape's input to logits (B, classes)."""
    from keras import layers, ops

    from stages.tasks.classification.modeling.layers import classify, encode, pool

    inputs, vectors, mask = shape.input.embed(parameters)
    vectors = vectors * ops.cast(mask, vectors.dtype)  # padding looks like the zeros beyond the edge
    steps = layers.Conv1D(parameters.filters, parameters.window, padding="same", activation="relu")(vectors)
    # A filter's bias must not speak for padding; responses are never below 0.
    steps = steps * ops.cast(mask, steps.dtype)
    # Filled up at the end alone: "same" would also fill the beginning, and by how much would depend on the padding.
    fill = layers.ZeroPadding1D((0, parameters.pool - 1))
    merge = layers.MaxPooling1D(parameters.pool)
    steps, mask = merge(fill(steps)), ops.cast(merge(fill(ops.cast(mask, steps.dtype))), "bool")  # (B, T / pool, …)
    states = encode(Cell.LSTM, parameters, steps, mask)
    return classify(inputs, pool(states, mask, parameters.pooling), parameters.dropout, shape.classes)
