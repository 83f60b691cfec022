"""How a network writes: greedy and beam search, compiled, many sources at a time, the decoder's state carried.

B sources, K hypotheses of each, V tokens, L tokens at most.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import keras

from stages.nn.network import Weights
from stages.runtime.compilation import Compiled
from stages.tasks.seq2seq.modeling.data import BEGIN, END, PADDING, UNKNOWN
from stages.tasks.seq2seq.modeling.layers import EncoderDecoder

NEVER = jnp.array([PADDING, UNKNOWN, BEGIN])  # tokens that are not written


class SearchResult(NamedTuple):
    """The hypotheses of some sources, the best first."""

    tokens: jax.Array  # (B, K, L) int32, padded with 0
    scores: jax.Array  # (B, K) log-probability, divided by the length to a power; −inf where there is none
    ended: jax.Array  # (B, K) whether the end was written


class Beam(NamedTuple):
    """The state of a search between two steps."""

    step: jax.Array  # ()
    last: jax.Array  # (B, K) tokens written last
    tokens: jax.Array  # (B, K, L)
    sums: jax.Array  # (B, K) log-probabilities
    lengths: jax.Array  # (B, K) tokens written
    ended: jax.Array  # (B, K)
    states: list[jax.Array]  # (B K, …) of the decoder


def search(
    encoder_decoder: EncoderDecoder, joined: keras.Model, width: int, limit: int, length_penalty: float, best: int = 1
) -> Callable[[Weights, Any], SearchResult]:
    """Return a compiled function of (trainable weights of both joined, ids (B, S)) → SearchResult.

    A row of the batch is done when its `best` best hypotheses have ended, and then stays as it is: what it gets does
    not depend on the others. With a width of 1 the search is greedy.
    """
    encoder, decoder, num_states, _ = encoder_decoder
    places = {variable.path: place for place, variable in enumerate(joined.trainable_variables)}

    def weights_of(model: keras.Model, weights: Weights) -> Weights:
        return [weights[places[variable.path]] for variable in model.trainable_variables]

    @Compiled
    def run(weights: Weights, ids: jax.Array) -> SearchResult:
        encoded = _call(encoder, weights_of(encoder, weights), ids)
        encoded = [jnp.repeat(tensor, width, axis=0) for tensor in encoded]
        memory, states = encoded[: len(encoded) - num_states], encoded[len(encoded) - num_states :]
        decoder_weights = weights_of(decoder, weights)

        def unfinished(beam: Beam) -> jax.Array:
            return (beam.step < limit) & ~beam.ended[:, :best].all()

        def advance(beam: Beam) -> Beam:
            outputs = _call(decoder, decoder_weights, [beam.last.reshape(-1, 1), *memory, *beam.states])
            after = _next(beam, outputs[0][:, 0], outputs[1 : 1 + num_states], length_penalty)
            return _stopped(beam, after, beam.ended[:, :best].all(axis=1))

        end = jax.lax.while_loop(unfinished, advance, _start(len(ids), width, limit, states))
        return SearchResult(end.tokens, end.sums / _penalty(end.lengths, length_penalty), end.ended)

    return run


def _start(rows: int, width: int, limit: int, states: list[jax.Array]) -> Beam:
    sums = jnp.full((rows, width), -jnp.inf).at[:, 0].set(0.0)  # at first all hypotheses are alike: one counts
    none = jnp.zeros((rows, width), "int32")
    tokens = jnp.zeros((rows, width, limit), "int32")
    return Beam(jnp.array(0), jnp.full_like(none, BEGIN), tokens, sums, none, none.astype(bool), states)


def _next(beam: Beam, logits: jax.Array, states: list[jax.Array], length_penalty: float) -> Beam:
    """Return the best continuations, given the logits (B K, V) of every hypothesis's next token."""
    rows, width = beam.sums.shape
    gains = jax.nn.log_softmax(logits).at[:, NEVER].set(-jnp.inf).reshape(rows, width, -1)
    stays = jnp.full(gains.shape[-1], -jnp.inf).at[PADDING].set(0.0)  # what has ended costs no more
    gains = jnp.where(beam.ended[..., None], stays, gains)
    lengths = beam.lengths + ~beam.ended
    ranked = (beam.sums[..., None] + gains) / _penalty(lengths, length_penalty)[..., None]  # (B, K, V)
    few = min(width, gains.shape[-1])
    scores, tokens = jax.lax.top_k(ranked, few)  # of each hypothesis: no more can be among the best of all
    _, chosen = jax.lax.top_k(scores.reshape(rows, -1), width)  # (B, K)
    parent = chosen // few
    token = jnp.take_along_axis(tokens.reshape(rows, -1), chosen, axis=1)
    sums = (beam.sums[..., None] + gains)[jnp.arange(rows)[:, None], parent, token]
    kept = jnp.take_along_axis(beam.tokens, parent[..., None], axis=1).at[:, :, beam.step].set(token)
    flat = (jnp.arange(rows)[:, None] * width + parent).ravel()
    ended = jnp.take_along_axis(beam.ended, parent, axis=1) | (token == END)
    lengths = jnp.take_along_axis(lengths, parent, axis=1)
    return Beam(beam.step + 1, token, kept, sums, lengths, ended, [state[flat] for state in states])


def _stopped(before: Beam, after: Beam, done: jax.Array) -> Beam:
    """Return the state after a step, but that of before for rows (B,) that were done: others may go on beside them."""

    def kept(old: jax.Array, new: jax.Array) -> jax.Array:
        return jnp.where(done.reshape(-1, *[1] * (old.ndim - 1)), old, new)

    return Beam(
        after.step,
        kept(before.last, after.last),
        kept(before.tokens, after.tokens),
        kept(before.sums, after.sums),
        kept(before.lengths, after.lengths),
        kept(before.ended, after.ended),
        after.states,
    )


def _penalty(lengths: jax.Array, power: float) -> jax.Array:
    return jnp.maximum(lengths, 1).astype("float32") ** power


def _call(model: keras.Model, weights: Weights, inputs: Any) -> list[jax.Array]:
    """Return a Keras model's outputs under given weights."""
    fixed = [variable.value for variable in model.non_trainable_variables]
    outputs: list[jax.Array] = model.stateless_call(weights, fixed, inputs, training=False)[0]
    return outputs
