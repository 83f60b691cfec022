"""How a network writes: greedy and beam search, compiled, many sources at a time, the decoder's state carried.

B sources, K hypotheses of each, V tokens, L tokens at most.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import keras
import numpy as np

from stages.nn.network import Weights
from stages.runtime.compilation import Compiled
from stages.tasks.seq2seq.modeling.data import BEGIN, END, UNKNOWN
from stages.tasks.seq2seq.modeling.inputs import PADDING

if TYPE_CHECKING:
    from stages.tasks.seq2seq.modeling.writer import EncoderDecoder

UNWRITTEN = np.array([PADDING, UNKNOWN, BEGIN], np.int32)  # tokens that are not written


class SearchResult(NamedTuple):
    """The hypotheses of some sources, the best first."""

    tokens: jax.Array  # (B, K, L) int32, padded with 0
    scores: jax.Array  # (B, K) log-probability, divided by the length to a power; −inf where there is none
    ended: jax.Array  # (B, K) whether the end was written


class Beam(NamedTuple):
    """The state of a search between two steps: hypotheses that go on, and apart from them the best that have ended.

    What has ended is displaced by better ends alone, and not by a beginning whose score is better so far.
    """

    last: jax.Array  # (B, K) tokens written last
    tokens: jax.Array  # (B, K, L)
    sums: jax.Array  # (B, K) log-probabilities, the best first; −inf where there is none
    ended_tokens: jax.Array  # (B, K, L)
    ended_scores: jax.Array  # (B, K) as in `SearchResult`
    done: jax.Array  # (B,)
    states: list[jax.Array]  # (B K, …) of the decoder


def search(
    encoder_decoder: "EncoderDecoder", width: int, limit: int, length_penalty: float, best: int = 1
) -> Callable[[Weights, Any], SearchResult]:
    """Return a compiled function of (trainable weights of both joined, sources (B, S)) → SearchResult.

    A row of the batch is done when nothing that goes on has a better score so far than its `best` best ends, and then
    stays as it is: what it gets does not depend on the others. With a width of 1 the search is greedy.
    """
    encoder, decoder, num_states = encoder_decoder.encoder, encoder_decoder.decoder, encoder_decoder.num_states
    places = {variable.path: place for place, variable in enumerate(encoder_decoder.model.trainable_variables)}

    def weights_of(model: keras.Model, weights: Weights) -> Weights:
        return [weights[places[variable.path]] for variable in model.trainable_variables]

    @Compiled
    def run(weights: Weights, sources: jax.Array) -> SearchResult:
        encoded = _call(encoder, weights_of(encoder, weights), sources)
        encoded = [jnp.repeat(tensor, width, axis=0) for tensor in encoded]
        memory, states = encoded[: len(encoded) - num_states], encoded[len(encoded) - num_states :]
        decoder_weights = weights_of(decoder, weights)

        def unfinished(state: tuple[jax.Array, Beam]) -> jax.Array:
            step, beam = state
            return (step < limit) & ~beam.done.all()

        def advance(state: tuple[jax.Array, Beam]) -> tuple[jax.Array, Beam]:
            step, beam = state
            outputs = _call(decoder, decoder_weights, [beam.last.reshape(-1, 1), *memory, *beam.states])
            penalty = (step + 1.0) ** length_penalty
            after = _next(step, beam, outputs[0][:, 0], outputs[1 : 1 + num_states], penalty)
            done = after.ended_scores[:, best - 1] >= after.sums[:, 0] / penalty
            return step + 1, _unless_done(beam, after._replace(done=done))

        step, end = jax.lax.while_loop(unfinished, advance, (jnp.array(0), _start(len(sources), width, limit, states)))
        return _result(end, step**length_penalty)

    return run


def _start(rows: int, width: int, limit: int, states: list[jax.Array]) -> Beam:
    never = jnp.full((rows, width), -jnp.inf)
    sums = never.at[:, 0].set(0.0)  # at first all hypotheses are alike: one counts
    tokens = jnp.zeros((rows, width, limit), "int32")
    return Beam(jnp.full((rows, width), BEGIN), tokens, sums, tokens, never, jnp.zeros(rows, bool), states)


def _next(step: jax.Array, beam: Beam, logits: jax.Array, states: list[jax.Array], penalty: jax.Array) -> Beam:
    """Return the best continuations, given the logits (B K, V) of every hypothesis's next token.

    Of the 2 K best, at most K end; so K are left that go on. Of a beam of one an end counts if it is the best.
    """
    rows, width = beam.sums.shape
    gains = jax.nn.log_softmax(logits).at[:, UNWRITTEN].set(-jnp.inf).reshape(rows, width, -1)
    few = min(2 * width, gains.shape[-1])
    sums, tokens = jax.lax.top_k(beam.sums[..., None] + gains, few)  # of each: no more can be among the best of all
    sums, chosen = jax.lax.top_k(sums.reshape(rows, -1), 2 * width)  # (B, 2 K)
    parent = chosen // few
    token = jnp.take_along_axis(tokens.reshape(rows, -1), chosen, axis=1)
    written = jnp.take_along_axis(beam.tokens, parent[..., None], axis=1).at[:, :, step].set(token)
    ends = token == END

    scores = jnp.where(ends, sums / penalty, -jnp.inf)[:, : 2 * width - 1]
    ended_scores, kept = jax.lax.top_k(jnp.concatenate([beam.ended_scores, scores], axis=1), width)
    ended_tokens = _take(jnp.concatenate([beam.ended_tokens, written[:, : 2 * width - 1]], axis=1), kept)

    sums, going = jax.lax.top_k(jnp.where(ends, -jnp.inf, sums), width)
    flat = (jnp.arange(rows)[:, None] * width + _take(parent, going)).ravel()
    last, states = _take(token, going), [state[flat] for state in states]
    return Beam(last, _take(written, going), sums, ended_tokens, ended_scores, beam.done, states)


def _unless_done(before: Beam, after: Beam) -> Beam:
    """Return the state after a step, but that of before for rows that were done: others may go on beside them."""

    def kept(old: jax.Array, new: jax.Array) -> jax.Array:
        return jnp.where(before.done.reshape(-1, *[1] * (old.ndim - 1)), old, new)

    return Beam(
        kept(before.last, after.last),
        kept(before.tokens, after.tokens),
        kept(before.sums, after.sums),
        kept(before.ended_tokens, after.ended_tokens),
        kept(before.ended_scores, after.ended_scores),
        kept(before.done, after.done),
        after.states,
    )


def _result(beam: Beam, penalty: jax.Array) -> SearchResult:
    """Return the hypotheses that have ended, and after them, where they are too few, those that were cut off."""
    width = beam.sums.shape[1]
    cut_off = jnp.where(beam.done[:, None], -jnp.inf, beam.sums / penalty)
    scores = jnp.concatenate([beam.ended_scores, cut_off], axis=1)
    ended = jnp.isfinite(beam.ended_scores)
    rank = jnp.concatenate([jnp.where(ended, 0, 2), jnp.ones_like(ended, int)], axis=1)
    chosen = jnp.argsort(rank, axis=1, stable=True)[:, :width]
    tokens = _take(jnp.concatenate([beam.ended_tokens, beam.tokens], axis=1), chosen)
    return SearchResult(tokens, _take(scores, chosen), _take(rank == 0, chosen))


def _take(table: jax.Array, chosen: jax.Array) -> jax.Array:
    """Return the chosen hypotheses' values: (B, H, …) and (B, K) → (B, K, …)."""
    return jnp.take_along_axis(table, chosen.reshape(*chosen.shape, *[1] * (table.ndim - 2)), axis=1)


def _call(model: keras.Model, weights: Weights, inputs: Any) -> list[jax.Array]:
    """Return a Keras model's outputs under given weights."""
    fixed = [variable.value for variable in model.non_trainable_variables]
    outputs: list[jax.Array] = model.stateless_call(weights, fixed, inputs, training=False)[0]
    return outputs
