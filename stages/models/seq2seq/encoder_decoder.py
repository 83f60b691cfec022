"""An encoder that squeezes the source into one vector, and a decoder that writes from it (Cho et al. 2014).

The decoder sees the vector at every step, beside the token before.
"""

from typing import TYPE_CHECKING

from stages.tasks.seq2seq.modeling.contract import NeuralParameters

if TYPE_CHECKING:
    from stages.tasks.seq2seq.modeling.inputs import Shape
    from stages.tasks.seq2seq.modeling.writer import EncoderDecoder


class Parameters(NeuralParameters):
    """A recurrent encoder in both directions and a decoder with a fixed context vector."""


def build(parameters: Parameters, shape: "Shape") -> "EncoderDecoder":
    """Return the encoder and the decoder."""
    import keras
    from keras import layers, ops

    from stages.tasks.seq2seq.modeling import layers as parts
    from stages.tasks.seq2seq.modeling.writer import EncoderDecoder

    table = parts.target_table(parameters, shape)
    source = parts.encode(parameters, shape.source, table)
    memory = [source.summary, *parts.init_decoder_states(parameters, source.summary)]

    before, (context, *states) = keras.Input((None,), dtype="int32"), parts.inputs_like(memory)
    vectors = layers.Dropout(parameters.dropout)(table(before))
    contexts = ops.expand_dims(context, 1) + ops.zeros_like(vectors[:, :, :1])  # (B, T, U)
    steps, ends = parts.run_decoder(parameters, ops.concatenate([vectors, contexts], axis=-1), states)
    width = parameters.embedding if parameters.tied else parameters.units
    features = layers.Dense(width, activation="tanh")(ops.concatenate([steps, contexts, vectors], axis=-1))
    logits = parts.output_logits(parameters, table, shape.target, features)
    decoder = keras.Model([before, context, *states], [logits, *ends])
    return EncoderDecoder(keras.Model(source.inputs, memory), decoder, len(states), attends=False)
