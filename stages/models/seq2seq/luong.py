"""Multiplicative attention over the source's states (Luong, Pham & Manning 2015).

Without input feeding the attention of all target tokens is computed at once, after the recurrence.
"""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from stages.tasks.seq2seq.modeling.contract import AttentiveParameters

if TYPE_CHECKING:
    from stages.tasks.seq2seq.modeling.inputs import Shape
    from stages.tasks.seq2seq.modeling.writer import EncoderDecoder


class Parameters(AttentiveParameters):
    """A decoder that looks back at the source after each step."""

    score: Literal["general", "dot"] = Field(default="general", description="general: with a matrix between the states")
    input_feeding: bool = Field(
        default=False, description="each step also reads what the last one made of its attention: slower to train"
    )


def build(parameters: Parameters, shape: "Shape") -> "EncoderDecoder":
    """Return the encoder and the decoder."""
    import keras
    from keras import layers, ops

    from stages.tasks.seq2seq.modeling import layers as parts
    from stages.tasks.seq2seq.modeling.attention import FeedingDecoder
    from stages.tasks.seq2seq.modeling.writer import EncoderDecoder

    table = parts.target_table(parameters, shape)
    source = parts.encode(parameters, shape.source, table)
    steps = source.steps
    keys = layers.Dense(parameters.units, use_bias=False)(steps) if parameters.score == "general" else steps
    memory = [steps, source.vectors, keys, source.mask, *parts.init_decoder_states(parameters, source.summary)]
    width = parameters.embedding if parameters.tied else parameters.units
    if parameters.input_feeding:  # what the first step reads of a step before
        memory.append(ops.zeros_like(source.summary[:, :1]) * ops.ones((width,)))

    before, inputs = keras.Input((None,), dtype="int32"), parts.inputs_like(memory)
    steps, vectors, keys, mask, *states = inputs
    targets = layers.Dropout(parameters.dropout)(table(before))
    if parameters.input_feeding:
        features, *ends, weights = FeedingDecoder(parameters, width)(targets, steps, keys, mask, states)
    else:
        queries, ends = parts.run_decoder(parameters, targets, states)
        weights = parts.attend(queries, keys, mask)  # (B, T, S)
        contexts = ops.einsum("bts,bsu->btu", weights, steps)
        features = layers.Dense(width, activation="tanh")(ops.concatenate([queries, contexts], axis=-1))
    logits = parts.attentive_logits(parameters, table, shape.target, features, weights, vectors)
    decoder = keras.Model([before, *inputs], [logits, *ends, weights])
    return EncoderDecoder(keras.Model(source.inputs, memory), decoder, len(states), attends=True)
