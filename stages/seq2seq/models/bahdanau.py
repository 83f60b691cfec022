"""Additive attention over the source's states (Bahdanau, Cho & Bengio 2015): the decoder looks before each step."""

from typing import TYPE_CHECKING

from pydantic import Field

from stages.seq2seq.models import AttentiveParameters

if TYPE_CHECKING:
    from stages.seq2seq.data import Sizes
    from stages.seq2seq.layers import Pair


class Parameters(AttentiveParameters):
    """A decoder whose steps read, beside the token before, what the state before attends to."""

    width: int = Field(default=128, ge=1, description="of the hidden layer that scores a source's state")


def build(parameters: Parameters, sizes: "Sizes") -> "Pair":
    """Return the encoder and the decoder."""
    import keras
    from keras import layers, ops

    from stages.seq2seq import layers as parts
    from stages.seq2seq.attention import AdditiveDecoder

    table = parts.tables(parameters, sizes)
    ids, words, steps, summary = parts.encode(parameters, table.source)
    keys, mask = layers.Dense(parameters.width)(steps), ops.not_equal(ids, parts.PADDING)
    told = [steps, words, keys, mask, *parts.first_states(parameters, summary)]

    before, (states, words, keys, mask, *own) = keras.Input((None,), dtype="int32"), parts.inputs_like(told)
    vectors = layers.Dropout(parameters.dropout)(table.target(before))
    width = parameters.embedding if parameters.tied else parameters.units
    features, *ends, weights = AdditiveDecoder(parameters, width)(vectors, states, keys, mask, own)
    logits = parts.predict_attentive(parameters, table.target, sizes.target, features, weights, words)
    decoder = keras.Model([before, states, words, keys, mask, *own], [logits, *ends, weights])
    return parts.Pair(keras.Model(ids, told), decoder, len(own), attends=True)
