"""The parts that several language models are built from. B texts, T tokens, U features."""

import keras
from keras import layers

from stages.console import Problem
from stages.generation.models import RecurrentParameters


def recurrent(layer: type[layers.Layer], parameters: RecurrentParameters, vocabulary: int, **options) -> keras.Model:
    """Return a model of recurrent layers on top of each other, whose states go in and come out.

    Every layer reads the tokens' vectors, not the first alone, and the output reads every layer (Graves 2013), as sums,
    which cost next to nothing. Tied, the logits are the products with the vectors (Press & Wolf 2017). Dropout takes
    the same features from all of a window's tokens (Gal & Ghahramani 2016): chance for each of them would be a sixth of
    a step's time.

    Raises:
        Problem: the output shall have the tokens' vectors, but these are of another width than the states.
    """
    if parameters.tied and parameters.embedding != parameters.units:
        raise Problem(f"tied: true needs embedding = units, but they are {parameters.embedding} and {parameters.units}")
    ids = keras.Input((None,), dtype="int32")
    # Vectors as wide as the states' scale: from Keras's own, a twentieth of that, a network needs twice the time to
    # the same cost. Tied, they are the output's weights as well, and those start small.
    start = "uniform" if parameters.tied else keras.initializers.RandomNormal(stddev=1.0)
    table = layers.ReversibleEmbedding(vocabulary, parameters.embedding, tie_weights=True, embeddings_initializer=start)
    vectors, states, outputs, ends = table(ids), [], [], []
    for _ in range(parameters.layers):
        cell = layer(parameters.units, return_sequences=True, return_state=True, **options)
        own = [keras.Input((parameters.units,)) for _ in range(2 if layer is layers.LSTM else 1)]
        below = vectors
        if outputs:
            below = layers.Add()([outputs[-1], layers.Dense(parameters.units, use_bias=False)(vectors)])
        steps, *after = cell(below, initial_state=own)
        outputs.append(layers.Dropout(parameters.dropout, noise_shape=(None, 1, parameters.units))(steps))
        states += own
        ends += after
    found = layers.Add()(outputs) if len(outputs) > 1 else outputs[0]
    logits = table(found, reverse=True) if parameters.tied else layers.Dense(vocabulary)(found)
    return keras.Model([ids, *states], [logits, *ends])
