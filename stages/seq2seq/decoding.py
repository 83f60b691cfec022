"""How a network writes: greedy and beam search, compiled, many sources at a time, the decoder's state carried.

B sources, K hypotheses of each, V tokens, L tokens at most.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import keras

from stages.compiling import Compiled
from stages.seq2seq.data import BEGIN, END, PADDING, UNKNOWN
from stages.seq2seq.layers import Pair

NEVER = jnp.array([PADDING, UNKNOWN, BEGIN])  # tokens that are not written


class Found(NamedTuple):
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


def search(pair: Pair, whole: keras.Model, width: int, limit: int, length_penalty: float, best: int = 1) -> Callable:
    """Return a compiled function of (trainable weights of the whole, ids (B, S)) → Found.

    A row of the batch is done when its `best` best hypotheses have ended, and then stays as it is: what it gets does
    not depend on the others. With a width of 1 the search is greedy.
    """

    places = {variable.path: place for place, variable in enumerate(whole.trainable_variables)}

    @Compiled
    def run(weights: list, ids: jax.Array) -> Found:
        own = [[weights[places[variable.path]] for variable in model.trainable_variables] for model in pair[:2]]
        told = _call(pair.encoder, own[0], ids)
        told = [jnp.repeat(part, width, axis=0) for part in told]
        memory, states = told[: len(told) - pair.states], told[len(told) - pair.states :]

        def going_on(beam: Beam) -> jax.Array:
            return (beam.step < limit) & ~beam.ended[:, :best].all()

        def advance(beam: Beam) -> Beam:
            outputs = _call(pair.decoder, own[1], [beam.last.reshape(-1, 1), *memory, *beam.states])
            after = _next(beam, outputs[0][:, 0], outputs[1 : 1 + pair.states], length_penalty)
            return _stopped(beam, after, beam.ended[:, :best].all(axis=1))

        end = jax.lax.while_loop(going_on, advance, _start(len(ids), width, limit, states))
        return Found(end.tokens, end.sums / _penalty(end.lengths, length_penalty), end.ended)

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
    kept = {
        name: jnp.where(done.reshape(-1, *[1] * (old.ndim - 1)), old, new)
        for name, old, new in zip(Beam._fields, before, after, strict=True)
        if name not in ("step", "states")
    }
    return after._replace(**kept)


def _penalty(lengths: jax.Array, power: float) -> jax.Array:
    return jnp.maximum(lengths, 1).astype("float32") ** power


def _call(model, weights: list, inputs) -> list[jax.Array]:
    """Return a Keras model's outputs under given weights."""
    fixed = [variable.value for variable in model.non_trainable_variables]
    return model.stateless_call(weights, fixed, inputs, training=False)[0]
