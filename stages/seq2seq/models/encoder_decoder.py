"""An encoder that squeezes the source into one vector, and a decoder that writes from it (Cho et al. 2014).

The decoder sees the vector at every step, beside the token before.
"""

from typing import TYPE_CHECKING

from stages.seq2seq.models import NeuralParameters

if TYPE_CHECKING:
    from stages.seq2seq.data import Sizes
    from stages.seq2seq.layers import Pair


class Parameters(NeuralParameters):
    """A recurrent encoder in both directions and a decoder with a fixed context vector."""


def build(parameters: Parameters, sizes: "Sizes") -> "Pair":
    """Return the encoder and the decoder."""
    import keras
    from keras import layers, ops

    from stages.seq2seq import layers as parts

    table = parts.tables(parameters, sizes)
    ids, _, _, summary = parts.encode(parameters, table.source)
    told = [summary, *parts.first_states(parameters, summary)]

    before, (context, *states) = keras.Input((None,), dtype="int32"), parts.inputs_like(told)
    vectors = layers.Dropout(parameters.dropout)(table.target(before))
    contexts = ops.expand_dims(context, 1) + ops.zeros_like(vectors[:, :, :1])  # (B, T, U)
    steps, ends = parts.run_over(parameters, ops.concatenate([vectors, contexts], axis=-1), states)
    width = parameters.embedding if parameters.tied else parameters.units
    features = layers.Dense(width, activation="tanh")(ops.concatenate([steps, contexts, vectors], axis=-1))
    logits = parts.predict(parameters, table.target, sizes.target, features)
    decoder = keras.Model([before, context, *states], [logits, *ends])
    return parts.Pair(keras.Model(ids, told), decoder, len(states), attends=False)
