"""Additive attention over the source's states (Bahdanau, Cho & Bengio 2015): the decoder looks before each step."""

from typing import TYPE_CHECKING

from pydantic import Field

from stages.tasks.seq2seq.modeling.contract import AttentiveParameters

if TYPE_CHECKING:
    from stages.tasks.seq2seq.modeling.inputs import Shape
    from stages.tasks.seq2seq.modeling.writer import EncoderDecoder


class Parameters(AttentiveParameters):
    """A decoder whose steps read, beside the token before, what the state before attends to."""

    width: int = Field(default=128, ge=1, description="of the hidden layer that scores a source's state")


def build(parameters: Parameters, shape: "Shape") -> "EncoderDecoder":
    """Return the encoder and the decoder."""
    import keras
    from keras import layers

    from stages.tasks.seq2seq.modeling import layers as parts
    from stages.tasks.seq2seq.modeling.attention import AdditiveDecoder
    from stages.tasks.seq2seq.modeling.writer import EncoderDecoder

    table = parts.target_table(parameters, shape)
    source = parts.encode(parameters, shape.source, table)
    keys = layers.Dense(parameters.width)(source.steps)
    memory = [source.steps, source.vectors, keys, source.mask, *parts.init_decoder_states(parameters, source.summary)]

    before, inputs = keras.Input((None,), dtype="int32"), parts.inputs_like(memory)
    steps, vectors, keys, mask, *states = inputs
    queries = layers.Dropout(parameters.dropout)(table(before))
    width = parameters.embedding if parameters.tied else parameters.units
    features, *ends, weights = AdditiveDecoder(parameters, width)(queries, steps, keys, mask, states)
    logits = parts.attentive_logits(parameters, table, shape.target, features, weights, vectors)
    decoder = keras.Model([before, *inputs], [logits, *ends, weights])
    return EncoderDecoder(keras.Model(source.inputs, memory), decoder, len(states), attends=True)
