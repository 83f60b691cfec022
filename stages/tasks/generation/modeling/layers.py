"""Recurrent language models of any cell. B texts, T tokens, V words of the vocabulary."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from stages.nn.recurrent import Cell
from stages.runtime.errors import UserError
from stages.tasks.generation.modeling.contract import RecurrentParameters, Shape

if TYPE_CHECKING:
    import keras

    from stages.tasks.generation.modeling.network import StatefulNetwork


def recurrent_model(cell: Cell) -> Callable[[RecurrentParameters, Shape], "StatefulNetwork"]:
    """Return the function `build` of a recurrent model's file."""

    def build(parameters: RecurrentParameters, shape: Shape) -> "StatefulNetwork":
        """Return an untrained network.

        Raises:
            UserError: the output shall have the tokens' vectors, but these are of another width than the states.
        """
        from stages.tasks.generation.modeling.network import StatefulNetwork  # imports Keras

        if parameters.tied and parameters.embedding != parameters.units:
            raise UserError(
                f"tied: true needs embedding = units, but they are {parameters.embedding} and {parameters.units}"
            )
        return StatefulNetwork(_recurrent_core(cell, parameters, shape.vocabulary), shape.newline)

    return build


def _recurrent_core(cell: Cell, parameters: RecurrentParameters, vocabulary: int) -> "keras.Model":
    """Return recurrent layers on top of each other, [ids (B, T), states …] → [logits (B, T, V), states …].

    Every layer reads the tokens' vectors, not the first alone, and the output reads every layer (Graves 2013), as sums,
    which cost next to nothing. Tied, the logits are the products with the vectors (Press & Wolf 2017). Dropout takes
    the same features from all of a window's tokens (Gal & Ghahramani 2016): to draw anew for each of them would take a
    sixth of a step's time.
    """
    import keras
    from keras import layers

    units = parameters.units
    ids = keras.Input((None,), dtype="int32")
    # Vectors as wide as the states' scale: from Keras's own, a twentieth of that, a network needs twice the time to
    # the same cost. Tied, they are the output's weights as well, and those start small.
    initializer = "uniform" if parameters.tied else keras.initializers.RandomNormal(stddev=1.0)
    table = layers.ReversibleEmbedding(
        vocabulary, parameters.embedding, tie_weights=True, embeddings_initializer=initializer
    )
    vectors, states, end_states = table(ids), [], []
    outputs: list[keras.KerasTensor] = []
    for _ in range(parameters.layers):
        layer = cell.layer(units, return_sequences=True, return_state=True)
        layer_states = [keras.Input((units,)) for _ in range(cell.num_states)]
        below = vectors
        if outputs:
            below = layers.Add()([outputs[-1], layers.Dense(units, use_bias=False)(vectors)])
        steps, *after = layer(below, initial_state=layer_states)
        outputs.append(layers.Dropout(parameters.dropout, noise_shape=(None, 1, units))(steps))
        states += layer_states
        end_states += after
    features = layers.Add()(outputs) if len(outputs) > 1 else outputs[0]
    logits = table(features, reverse=True) if parameters.tied else layers.Dense(vocabulary)(features)
    return keras.Model([ids, *states], [logits, *end_states])
