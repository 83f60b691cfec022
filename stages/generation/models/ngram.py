"""N-grams with interpolated modified Kneser-Ney smoothing (Chen & Goodman 1999, section 4.3): the strong baseline.

An n-gram is one 64-bit number, its tokens' ids one after the other with `bits` bits each; the n-grams of an order
are a sorted array, so that those of one context stand together and are found by bisection, millions at a time.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import Field

from stages.console import Problem
from stages.files import write_text
from stages.schema import Frozen

CONTEXT = "the tokens before, as many as the order says less one"
ARRAYS = ("grams", "shares", "contexts", "backoffs")


class Parameters(Frozen):
    """How far back an n-gram reaches."""

    order: int = Field(default=6, ge=1, le=20, description="tokens of the longest n-gram")


@dataclass(frozen=True)
class Order:
    """What one order adds: P(w | c) = share(c w) + backoff(c) × P of the order below; backoff 1 for unseen contexts."""

    grams: np.ndarray  # (n,) int64, sorted
    shares: np.ndarray  # (n,) float32
    contexts: np.ndarray  # (m,) int64, sorted
    backoffs: np.ndarray  # (m,) float32

    @classmethod
    def fit(cls, grams: np.ndarray, counts: np.ndarray, bits: int) -> "Order":
        """Return an order's shares and back-off weights from its distinct n-grams and their counts."""
        discounts = _discounts(counts)
        contexts, first = np.unique(grams >> bits, return_index=True)
        totals = np.add.reduceat(counts, first)
        taken = discounts[np.minimum(counts, 3)]
        shares = (counts - taken) / np.repeat(totals, np.diff([*first, len(grams)]))
        return cls(
            grams,
            shares.astype(np.float32),
            contexts,
            (np.add.reduceat(taken, first) / totals).astype(np.float32),
        )

    def mix(self, below: np.ndarray, grams: np.ndarray, bits: int) -> np.ndarray:
        """Return the probabilities (tokens,) of n-grams, given those of the order below."""
        backoffs = _look_up(self.contexts, self.backoffs, grams >> bits, default=1.0)
        return _look_up(self.grams, self.shares, grams, default=0.0) + backoffs * below

    def spread(self, below: np.ndarray, context: int, bits: int) -> np.ndarray:
        """Return the probabilities (V,) of all tokens after one context, given those of the order below."""
        place = np.searchsorted(self.contexts, context)
        if place == len(self.contexts) or self.contexts[place] != context:
            return below
        start, end = np.searchsorted(self.grams, [context << bits, (context + 1) << bits])
        found = self.backoffs[place] * below
        found[self.grams[start:end] & ((1 << bits) - 1)] += self.shares[start:end]
        return found


class Model:
    """Fitted n-grams of every order from 1 up."""

    def __init__(self, orders: list[Order], vocabulary: int, newline: int) -> None:
        """Keep the orders, shortest first, and the id that stands before a text's first token."""
        self.orders, self.vocabulary, self.newline = orders, vocabulary, newline
        self.width = _bits(vocabulary)

    @classmethod
    def fit(cls, parameters: Parameters, ids: np.ndarray, vocabulary: int, newline: int) -> "Model":
        """Count a text's n-grams and smooth them.

        Raises:
            Problem: an n-gram of that order and vocabulary does not fit in 63 bits.
        """
        bits, highest = _bits(vocabulary), parameters.order
        if highest * bits > 63:
            raise Problem(f"order {highest} is too high for a vocabulary of {vocabulary}: at most {63 // bits}")
        grams, counts = np.unique(
            _pack(np.concatenate([[newline] * (highest - 1), ids]), highest, bits), return_counts=True
        )
        orders = [Order.fit(grams, counts, bits)]
        for order in range(highest - 1, 0, -1):
            # Of the lower orders it counts after how many different tokens an n-gram occurs, not how often.
            grams, counts = np.unique(grams & ((1 << order * bits) - 1), return_counts=True)
            orders.insert(0, Order.fit(grams, counts, bits))
        return cls(orders, vocabulary, newline)

    def bits(self, ids: np.ndarray) -> np.ndarray:
        """Return what each token costs, (tokens,) bits; the whole text before it counts as its context."""
        longest = len(self.orders)
        packed = _pack(np.concatenate([[self.newline] * (longest - 1), ids]), longest, self.width)
        found = np.full(len(ids), 1 / self.vocabulary)
        for length, order in enumerate(self.orders, start=1):
            found = order.mix(found, packed & ((1 << length * self.width) - 1), self.width)
        return -np.log2(found)

    def bits_from_nothing(self, rows: np.ndarray) -> np.ndarray:
        """Return what each token of some windows costs, (rows, T) bits, if nothing is known before a window."""
        return np.array([self.bits(row) for row in rows])

    def start(self, ids: np.ndarray, rows: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """Return the logits (rows, V) of what follows a text, and the states after it: the last tokens."""
        last = np.concatenate([[self.newline] * len(self.orders), ids])[len(ids) + 1 :].astype(np.int64)
        states = np.tile(last, (rows, 1))
        return self._logits(states), states

    def advance(self, states: np.ndarray, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Read one token more a row, ids (rows,); return the logits (rows, V) of the next, and the states."""
        states = np.concatenate([states, ids[:, None]], axis=1)[:, 1:]
        return self._logits(states), states

    def chosen(self, states: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return the states of some rows."""
        return states[rows]

    def _logits(self, states: np.ndarray) -> np.ndarray:
        found = np.array([self._spread(row.tolist()) for row in states])
        return np.log(
            found / found.sum(axis=1, keepdims=True)
        )  # single precision: the sums are 1 but for the last digits

    def _spread(self, last: list[int]) -> np.ndarray:
        found, context = np.full(self.vocabulary, 1 / self.vocabulary), 0
        for length, order in enumerate(self.orders):  # a context of so many tokens
            if length:
                context |= last[-length] << (length - 1) * self.width
            found = order.spread(found, context, self.width)
        return found

    def size(self) -> int:
        """Return the number of n-grams and contexts."""
        return sum(len(order.grams) + len(order.contexts) for order in self.orders)

    def save(self, folder: Path) -> None:
        """Write the arrays."""
        told = {"orders": len(self.orders), "vocabulary": self.vocabulary, "newline": self.newline}
        write_text(folder / "ngram.json", json.dumps(told))
        for length, order in enumerate(self.orders, start=1):
            for name in ARRAYS:
                np.save(folder / f"{length}.{name}.npy", getattr(order, name))

    @classmethod
    def load(cls, folder: Path) -> "Model":
        """Read what `save` wrote."""
        told = json.loads((folder / "ngram.json").read_text(encoding="utf-8"))
        orders = [
            Order(*(np.load(folder / f"{length}.{name}.npy", mmap_mode="r") for name in ARRAYS))
            for length in range(1, told["orders"] + 1)
        ]
        return cls(orders, told["vocabulary"], told["newline"])


def _bits(vocabulary: int) -> int:
    return max(1, (vocabulary - 1).bit_length())


def _pack(ids: np.ndarray, order: int, bits: int) -> np.ndarray:
    """Return the n-grams that end at each of the tokens but the first order − 1, as numbers."""
    ids = ids.astype(np.int64)
    packed = np.zeros(len(ids) - order + 1, np.int64)
    for place in range(order):
        packed = packed << bits | ids[place : place + len(packed)]
    return packed


def _discounts(counts: np.ndarray) -> np.ndarray:
    """Return what is taken off an n-gram that was counted 0, 1, 2, or 3 and more times (Chen & Goodman, eq. 26).

    In a text where these counts of counts are missing, half of what they can be at most.
    """
    n1, n2, n3, n4 = (np.count_nonzero(counts == count) for count in (1, 2, 3, 4))
    if not (n1 and n2 and n3):
        return np.array([0, 0.5, 1.0, 1.5])
    y = n1 / (n1 + 2 * n2)
    found = [0, 1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3]
    return np.clip(found, [0, 0.01, 0.01, 0.01], [0, 0.99, 1.99, 2.99])


def _look_up(keys: np.ndarray, values: np.ndarray, wanted: np.ndarray, default: float) -> np.ndarray:
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, values[place], default).astype(float)
