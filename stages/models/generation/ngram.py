"""N-grams with interpolated modified Kneser-Ney smoothing (Chen & Goodman 1999, section 4.3): the strong baseline.

An n-gram is one 64-bit number, its tokens' ids one after the other with `id_bits` bits each; the n-grams of an order
are a sorted array, so that those of one context stand together and are found by bisection, millions at a time.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from pydantic import Field

from stages.config.schema import ModelConfig
from stages.runtime.files import write_text
from stages.runtime.progress import tell
from stages.tasks.generation.modeling.contract import AutoregressiveModel, Baseline, Shape

if TYPE_CHECKING:
    from stages.tasks.generation.modeling.data import Prepared


class Parameters(ModelConfig):
    """How far back an n-gram reaches."""

    CONTEXT: ClassVar[str | None] = "the order − 1 tokens before"

    order: int = Field(
        default=6,
        ge=1,
        le=20,
        description="tokens of the longest n-gram; of a large vocabulary fewer, such as 4 of 20,000 words",
    )


@dataclass(frozen=True)
class Order:
    """What one order adds: P(w | c) = prob(c w) + backoff(c) × P of the order below; backoff 1 for unseen contexts."""

    grams: np.ndarray  # (n,) int64, sorted
    probs: np.ndarray  # (n,) float32, discounted
    contexts: np.ndarray  # (m,) int64, sorted
    backoffs: np.ndarray  # (m,) float32

    @classmethod
    def fit(cls, grams: np.ndarray, counts: np.ndarray, id_bits: int) -> "Order":
        """Return an order's discounted probabilities and back-off weights from its distinct n-grams' counts."""
        discounts = _discounts(counts)
        contexts, first = np.unique(grams >> id_bits, return_index=True)
        totals = np.add.reduceat(counts, first)
        discounted = discounts[np.minimum(counts, 3)]
        probs = (counts - discounted) / np.repeat(totals, np.diff([*first, len(grams)]))
        backoffs = np.add.reduceat(discounted, first) / totals
        return cls(grams, probs.astype(np.float32), contexts, backoffs.astype(np.float32))

    @classmethod
    def load(cls, folder: Path, length: int) -> "Order":
        """Read what `save` wrote; the arrays stay on disk until they are used."""

        def array(name: str) -> np.ndarray:
            values: np.ndarray = np.load(folder / f"{length}.{name}.npy", mmap_mode="r")
            return values

        return cls(array("grams"), array("probs"), array("contexts"), array("backoffs"))

    def save(self, folder: Path, length: int) -> None:
        """Write the arrays; `length`: tokens of an n-gram of this order."""
        for name, array in vars(self).items():
            np.save(folder / f"{length}.{name}.npy", array)

    def gram_probs(self, lower: np.ndarray, grams: np.ndarray, id_bits: int) -> np.ndarray:
        """Return the probabilities (tokens,) of n-grams, given those of the order below."""
        backoffs = _look_up(self.contexts, self.backoffs, grams >> id_bits, default=1.0)
        return _look_up(self.grams, self.probs, grams, default=0.0) + backoffs * lower

    def next_token_probs(self, lower: np.ndarray, context: int, id_bits: int) -> np.ndarray:
        """Return the probabilities (V,) of all tokens after one context, given those of the order below."""
        place = np.searchsorted(self.contexts, context)
        if place == len(self.contexts) or self.contexts[place] != context:
            return lower
        start, end = np.searchsorted(self.grams, [context << id_bits, (context + 1) << id_bits])
        probs: np.ndarray = self.backoffs[place] * lower
        probs[self.grams[start:end] & ((1 << id_bits) - 1)] += self.probs[start:end]
        return probs


class Model(AutoregressiveModel[np.ndarray], Baseline):
    """Fitted n-grams of every order from 1 up. Its state is the last tokens, (rows, order − 1)."""

    def __init__(self, orders: list[Order], shape: Shape) -> None:
        """Keep the orders, shortest first, and the vocabulary."""
        self.orders, self.shape = orders, shape
        self.id_bits = _id_bits(shape.vocabulary)

    @classmethod
    def fit(cls, parameters: Parameters, data: "Prepared") -> Self:
        """Count the n-grams of train and smooth them."""
        model = cls.count(parameters.order, np.asarray(data.ids("train")), data.shape)
        if (order := len(model.orders)) < parameters.order:
            tell(
                f"n-grams of {order} tokens in place of {parameters.order}: of a vocabulary of "
                f"{data.shape.vocabulary:,}, longer ones do not fit in a number"
            )
        return model

    @classmethod
    def count(cls, highest: int, ids: np.ndarray, shape: Shape) -> Self:
        """Count the n-grams of a text, ids (tokens,), up to the highest order that fits in 63 bits, and smooth them."""
        bits = _id_bits(shape.vocabulary)
        highest = min(highest, 63 // bits)
        text = np.concatenate([[shape.newline] * (highest - 1), ids])
        grams, counts = np.unique(_pack(text, highest, bits), return_counts=True)
        orders = [Order.fit(grams, counts, bits)]
        for order in range(highest - 1, 0, -1):
            # Of the lower orders it counts after how many different tokens an n-gram occurs, not how often.
            grams, counts = np.unique(grams & ((1 << order * bits) - 1), return_counts=True)
            orders.insert(0, Order.fit(grams, counts, bits))
        return cls(orders, shape)

    def token_nll_bits(self, ids: np.ndarray) -> np.ndarray:
        """Return each token's negative log-likelihood, (tokens,) bits."""
        longest = len(self.orders)
        grams = _pack(np.concatenate([[self.shape.newline] * (longest - 1), ids]), longest, self.id_bits)
        probs = np.full(len(ids), 1 / self.shape.vocabulary)
        for length, order in enumerate(self.orders, start=1):
            probs = order.gram_probs(probs, grams & ((1 << length * self.id_bits) - 1), self.id_bits)
        return -np.log2(probs)

    def initial_state(self, rows: int) -> np.ndarray:
        """Return the tokens that stand before a text: newlines."""
        return np.full((rows, len(self.orders) - 1), self.shape.newline, np.int64)

    def prefill(self, ids: np.ndarray, rows: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """Read a prompt, ids (tokens,); return the logits (rows, V) of the next token and the state; rows are alike."""
        prompt = np.tile(ids.astype(np.int64), (rows, 1))
        state = np.concatenate([self.initial_state(rows), prompt], axis=1)[:, len(ids) :]
        return self._logits(state), state

    def step(self, state: np.ndarray, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Read one more token in each row, ids (rows,); return the logits (rows, V) of the next and the state."""
        state = np.concatenate([state, ids[:, None]], axis=1)[:, 1:]
        return self._logits(state), state

    def select_states(self, state: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return the states of the given rows."""
        return state[rows]

    def _logits(self, state: np.ndarray) -> np.ndarray:
        probs = np.array([self._next_token_probs(row.tolist()) for row in state])
        return np.log(probs / probs.sum(axis=1, keepdims=True))  # single precision: the sums are all but 1

    def _next_token_probs(self, last: list[int]) -> np.ndarray:
        probs, context = np.full(self.shape.vocabulary, 1 / self.shape.vocabulary), 0
        for length, order in enumerate(self.orders):  # a context of so many tokens
            if length:
                context |= last[-length] << (length - 1) * self.id_bits
            probs = order.next_token_probs(probs, context, self.id_bits)
        return probs

    def num_params(self) -> int:
        """Return the number of n-grams and contexts."""
        return sum(len(order.grams) + len(order.contexts) for order in self.orders)

    def save(self, folder: Path) -> None:
        """Write the arrays."""
        metadata = {
            "orders": len(self.orders),
            "vocabulary": self.shape.vocabulary,
            "newline": self.shape.newline,
        }
        write_text(folder / "ngram.json", json.dumps(metadata))
        for length, order in enumerate(self.orders, start=1):
            order.save(folder, length)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        metadata = json.loads((folder / "ngram.json").read_text(encoding="utf-8"))
        orders = [Order.load(folder, length) for length in range(1, metadata["orders"] + 1)]
        return cls(orders, Shape(metadata["vocabulary"], metadata["newline"]))


def _id_bits(vocabulary: int) -> int:
    return max(1, (vocabulary - 1).bit_length())


def _pack(ids: np.ndarray, order: int, id_bits: int) -> np.ndarray:
    """Return the n-grams that end at each of the tokens but the first order − 1, as numbers."""
    ids = ids.astype(np.int64)
    grams = np.zeros(len(ids) - order + 1, np.int64)
    for place in range(order):
        grams = grams << id_bits | ids[place : place + len(grams)]
    return grams


def _discounts(counts: np.ndarray) -> np.ndarray:
    """Return what is taken off an n-gram that was counted 0, 1, 2, or 3 and more times (Chen & Goodman, eq. 26).

    In a text where these counts of counts are missing, half of what they can be at most.
    """
    n1, n2, n3, n4 = (np.count_nonzero(counts == count) for count in (1, 2, 3, 4))
    if not (n1 and n2 and n3):
        return np.array([0, 0.5, 1.0, 1.5])
    y = n1 / (n1 + 2 * n2)
    discounts = [0, 1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3]
    return np.clip(discounts, [0, 0.01, 0.01, 0.01], [0, 0.99, 1.99, 2.99])


def _look_up(keys: np.ndarray, values: np.ndarray, queries: np.ndarray, default: float) -> np.ndarray:
    place = np.minimum(np.searchsorted(keys, queries), len(keys) - 1)
    return np.where(keys[place] == queries, values[place], default).astype(float)
