"""An encoder that squeezes the source into one vector, and a decoder that writes from it (Cho et al. 2014).

The decoder sees the vector at every step, beside the token before.
"""

from typing import TYPE_CHECKING

from stages.tasks.seq2seq.modeling.contract import NeuralParameters

if TYPE_CHECKING:
    from stages.tasks.seq2seq.modeling.data import Sizes
    from stages.tasks.seq2seq.modeling.layers import EncoderDecoder


class Parameters(NeuralParameters):
    """A recurrent encoder in both directions and a decoder with a fixed context vector."""


def build(parameters: Parameters, sizes: "Sizes") -> "EncoderDecoder":
    """Return the encoder and the decoder."""
    import keras
    from keras import layers, ops

    from stages.tasks.seq2seq.modeling import layers as parts

    tables = parts.embeddings(parameters, sizes)
    ids, _, _, summary = parts.encode(parameters, tables.source)
    memory = [summary, *parts.init_decoder_states(parameters, summary)]

    before, (context, *states) = keras.Input((None,), dtype="int32"), parts.inputs_like(memory)
    vectors = layers.Dropout(parameters.dropout)(tables.target(before))
    contexts = ops.expand_dims(context, 1) + ops.zeros_like(vectors[:, :, :1])  # (B, T, U)
    steps, ends = parts.run_decoder(parameters, ops.concatenate([vectors, contexts], axis=-1), states)
    width = parameters.embedding if parameters.tied else parameters.units
    features = layers.Dense(width, activation="tanh")(ops.concatenate([steps, contexts, vectors], axis=-1))
    logits = parts.output_logits(parameters, tables.target, sizes.target, features)
    decoder = keras.Model([before, context, *states], [logits, *ends])
    return parts.EncoderDecoder(keras.Model(ids, memory), decoder, len(states), attends=False)
