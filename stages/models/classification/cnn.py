"""Parallel convolutions of several widths with the maximum over time (Kim 2014)."""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from stages.tasks.classification.modeling.contract import NeuralParameters, Shape

if TYPE_CHECKING:
    import keras


class Parameters(NeuralParameters):
    """Convolutions over the steps, each filter's strongest response kept."""

    filters: int = Field(default=100, ge=1, description="of each width")
    widths: tuple[Annotated[int, Field(ge=1)], ...] = Field(default=(3, 4, 5), min_length=1, description="in steps")


def build(parameters: Parameters, shape: Shape) -> "keras.Model":
    """Return the model from the shape's input to logits (B, classes)."""
    from keras import layers, ops

    from stages.tasks.classification.modeling.layers import classify, pool

    inputs, vectors, mask = shape.input.embed(parameters)
    vectors = vectors * ops.cast(mask, vectors.dtype)  # padding looks like the zeros beyond the edge
    strongest = []
    for width in parameters.widths:
        responses = layers.Conv1D(parameters.filters, width, padding="same", activation="relu")(vectors)  # (B, T, F)
        strongest.append(pool(responses, mask, "max"))
    features = layers.Concatenate()(strongest) if len(strongest) > 1 else strongest[0]
    return classify(inputs, features, parameters.dropout, shape.classes)
