"""Multiplicative attention over the source's states (Luong, Pham & Manning 2015).

Without input feeding the attention of all target tokens is computed at once, after the recurrence.
"""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from stages.seq2seq.models import AttentiveParameters

if TYPE_CHECKING:
    from stages.seq2seq.data import Sizes
    from stages.seq2seq.layers import Pair


class Parameters(AttentiveParameters):
    """A decoder that looks back at the source after each step."""

    score: Literal["general", "dot"] = Field(default="general", description="general: with a matrix between the states")
    input_feeding: bool = Field(
        default=False, description="each step also reads what the last one made of its attention: slower to train"
    )


def build(parameters: Parameters, sizes: "Sizes") -> "Pair":
    """Return the encoder and the decoder."""
    import keras
    from keras import layers, ops

    from stages.seq2seq import layers as parts
    from stages.seq2seq.attention import FeedingDecoder

    table = parts.tables(parameters, sizes)
    ids, words, steps, summary = parts.encode(parameters, table.source)
    keys = layers.Dense(parameters.units, use_bias=False)(steps) if parameters.score == "general" else steps
    mask = ops.not_equal(ids, parts.PADDING)
    told = [steps, words, keys, mask, *parts.first_states(parameters, summary)]
    width = parameters.embedding if parameters.tied else parameters.units
    if parameters.input_feeding:
        told.append(ops.zeros_like(summary[:, :1]) * ops.ones((width,)))  # what the first step reads of a step before

    before, (states, words, keys, mask, *own) = keras.Input((None,), dtype="int32"), parts.inputs_like(told)
    vectors = layers.Dropout(parameters.dropout)(table.target(before))
    if parameters.input_feeding:
        features, *ends, weights = FeedingDecoder(parameters, width)(vectors, states, keys, mask, own)
    else:
        queries, ends = parts.run_over(parameters, vectors, own)
        weights = parts.attend(queries, keys, mask)  # (B, T, S)
        contexts = ops.einsum("bts,bsu->btu", weights, states)
        features = layers.Dense(width, activation="tanh")(ops.concatenate([queries, contexts], axis=-1))
    logits = parts.predict_attentive(parameters, table.target, sizes.target, features, weights, words)
    decoder = keras.Model([before, states, words, keys, mask, *own], [logits, *ends, weights])
    return parts.Pair(keras.Model(ids, told), decoder, len(own), attends=True)
