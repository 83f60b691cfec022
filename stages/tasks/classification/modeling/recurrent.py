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
        """Return recurrent layers over the tokens, pooled to one vector for each text, ids (B, T) → (B, classes)."""
        from keras import ops

        from stages.tasks.classification.modeling.layers import classify, embed, encode, pool

        ids, vectors, mask = embed(parameters, shape.vocabulary)
        states, units = encode(cell, parameters, vectors, mask, both_directions), parameters.units
        features = pool(states, mask, parameters.pooling)
        if both_directions and parameters.pooling == "last":  # from right to left it stands at the first token
            features = ops.concatenate([features[:, :units], states[:, 0, units:]], axis=-1)
        return classify(ids, features, parameters.dropout, shape.classes)

    return build
