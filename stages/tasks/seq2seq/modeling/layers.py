"""The parts that the encoders and decoders are built from. B pairs, S and T tokens, E, M, U features, V tokens.

A decoder reads any number of tokens at once: all of a target when it is trained, one at a time when it writes, its
states handed on. What it knows of the source comes as `memory`, made once by the encoder.
"""

import keras
from keras import KerasTensor, layers, ops

from stages.nn.initializers import RandomNormal
from stages.nn.recurrent import last_steps, reverse
from stages.tasks.seq2seq.modeling.contract import AttentiveParameters, EncoderParameters, NeuralParameters
from stages.tasks.seq2seq.modeling.inputs import Embedded, Encoded, Shape, Source

MASK_VALUE = -1e9  # the score of what is not to be attended to


def target_table(parameters: NeuralParameters, shape: Shape) -> layers.Layer:
    """Return the table of the target's tokens."""
    options = {"tie_weights": True, "embeddings_initializer": RandomNormal(stddev=0.1)}
    return layers.ReversibleEmbedding(shape.target, parameters.embedding, **options)


def recurrent(parameters: EncoderParameters, units: int) -> layers.Layer:
    """Return a recurrent layer that gives all its states."""
    return parameters.cell.layer(units, return_sequences=True, return_state=True)


def encode(parameters: EncoderParameters, source: Source, table: layers.Layer | None = None) -> Encoded:
    """Return what an encoder makes of sources. `table`: of the target's tokens, which the source's may share."""
    embedded = source.embed(parameters, table)
    return embedded if isinstance(embedded, Encoded) else read_both_ways(parameters, embedded)


def read_both_ways(parameters: EncoderParameters, source: Embedded) -> Encoded:
    """Return what recurrent layers in both directions, on top of each other, make of sources.

    Padding stands after the source, where it has no effect on the states before it when read from left to right.
    From right to left it would: there each source is read reversed in place.
    """
    inputs, vectors, mask = source
    vectors = layers.Dropout(parameters.dropout)(vectors)
    last = last_steps(mask)  # (B,); a source has at least one step
    steps = vectors
    for _ in range(parameters.layers):
        forward = recurrent(parameters, parameters.units // 2)(steps)[0]
        backward = reverse(recurrent(parameters, parameters.units // 2)(reverse(steps, last))[0], last)
        steps = ops.concatenate([forward, backward], axis=-1)
    at_end = ops.take_along_axis(forward, ops.reshape(last, (-1, 1, 1)), axis=1)[:, 0]
    return Encoded(inputs, vectors, steps, mask, ops.concatenate([at_end, backward[:, 0]], axis=-1))


def init_decoder_states(parameters: NeuralParameters, summary: KerasTensor) -> list[KerasTensor]:
    """Return what the decoder's layers start from, made of the source's summary (B, U)."""
    count = parameters.layers * parameters.cell.num_states
    return [layers.Dense(parameters.units, activation="tanh")(summary) for _ in range(count)]


def inputs_like(tensors: list[KerasTensor]) -> list[KerasTensor]:
    """Return a model's inputs for what another model gives."""
    return [keras.Input(tensor.shape[1:], dtype=tensor.dtype) for tensor in tensors]


def run_decoder(
    parameters: NeuralParameters, steps: KerasTensor, states: list[KerasTensor]
) -> tuple[KerasTensor, list[KerasTensor]]:
    """Return the outputs (B, T, U) of the decoder's recurrent layers on top of each other, and their states after."""
    ends: list[KerasTensor] = []
    each = parameters.cell.num_states
    for number in range(parameters.layers):
        initial = states[number * each : (number + 1) * each]
        steps, *after = recurrent(parameters, parameters.units)(steps, initial_state=initial)
        ends += after
    return steps, ends


def output_logits(parameters: NeuralParameters, table: layers.Layer, size: int, features: KerasTensor) -> KerasTensor:
    """Return the logits (B, T, V) of features, which are as wide as a token's vector if the output is tied."""
    features = layers.Dropout(parameters.dropout)(features)
    return table(features, reverse=True) if parameters.tied else layers.Dense(size)(features)


def attend(queries: KerasTensor, keys: KerasTensor, mask: KerasTensor) -> KerasTensor:
    """Return the weights (B, T, S) of products of queries (B, T, U) with keys (B, S, U) (Luong et al. 2015, eq. 8)."""
    scores = ops.einsum("btu,bsu->bts", queries, keys)
    return ops.softmax(ops.where(ops.expand_dims(mask, 1), scores, MASK_VALUE), axis=-1)


def attentive_logits(
    parameters: AttentiveParameters,
    table: layers.Layer,
    size: int,
    features: KerasTensor,
    weights: KerasTensor,
    vectors: KerasTensor,
) -> KerasTensor:
    """Return the logits (B, T, V) of features and, with `lexical_attention`, of attended steps' vectors (B, S, E).

    Nguyen & Chiang 2018, equations 5 to 7: a rare word's translation need not be remembered by the states. Where
    the output is tied, the vectors are added to the features before it.
    """
    if not parameters.lexical_attention:
        return output_logits(parameters, table, size, features)
    lexical = ops.tanh(ops.einsum("bts,bse->bte", weights, vectors))
    lexical = lexical + layers.Dense(parameters.embedding, activation="tanh")(lexical)
    if parameters.tied:
        return output_logits(parameters, table, size, features + lexical)
    return output_logits(parameters, table, size, features) + layers.Dense(size, use_bias=False)(lexical)
