"""Recurrent classifiers of any cell."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from stages.nn.recurrent import Cell
from stages.tasks.classification.modeling.contract import RecurrentParameters, Shape

if TYPE_CHECKING:
    import keras


def recurrent_model(cell: Cell, both_directions: bool = False) -> Callable[[RecurrentParameters, Shape], "keras.Model"]:
    """Return the function `build` of a recurrent model's file."""

    def build(parameters: RecurrentParameters, shape: Shape) -> "keras.Model":
        """Return recurrent layers over the steps, pooled to one vector for each sequence: inputs → (B, classes)."""
        from keras import ops

        from stages.tasks.classification.modeling.layers import classify, encode, pool

        inputs, vectors, mask = shape.input.embed(parameters)
        states, units = encode(cell, parameters, vectors, mask, both_directions), parameters.units
        features = pool(states, mask, parameters.pooling)
        if both_directions and parameters.pooling == "last":  # from right to left it stands at the first step
            features = ops.concatenate([features[:, :units], states[:, 0, units:]], axis=-1)
        return classify(inputs, features, parameters.dropout, shape.classes)

    return build
