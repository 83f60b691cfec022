"""How a language model writes: greedy, by temperature, top-k, nucleus, or by beam search."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from stages.console import Problem


@dataclass(frozen=True)
class Strategy:
    """How the next token is chosen."""

    temperature: float = 1.0  # 0: always the likeliest
    top_k: int | None = None  # only among so many likeliest
    top_p: float | None = None  # only among the likeliest that together have this probability (Holtzman et al. 2020)

    def __post_init__(self) -> None:
        """Refuse what no strategy can mean.

        Raises:
            Problem: names the option and what is valid.
        """
        if not self.temperature >= 0:
            raise Problem(f"--temperature is {self.temperature}: it must be 0 (always the likeliest token) or more")
        if self.top_k is not None and self.top_k < 1:
            raise Problem(f"--top-k is {self.top_k}: it must be 1 or more")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise Problem(f"--top-p is {self.top_p}: it must lie above 0 and not above 1")

    def shares(self, logits: np.ndarray) -> np.ndarray:
        """Return the probabilities (rows, V) that tokens are drawn with; the unknown token never is."""
        logits = np.array(logits, float)
        logits[:, 0] = -np.inf
        if self.temperature == 0:
            return np.eye(logits.shape[1])[logits.argmax(axis=1)]
        if self.top_k is not None and self.top_k < logits.shape[1]:
            logits[logits < np.partition(logits, -self.top_k, axis=1)[:, [-self.top_k]]] = -np.inf
        scaled = (logits - logits.max(axis=1, keepdims=True)) / self.temperature
        shares = np.exp(scaled)
        shares /= shares.sum(axis=1, keepdims=True)
        if self.top_p is not None:
            order = np.argsort(-shares, axis=1, kind="stable")
            ranked = np.take_along_axis(shares, order, 1)
            before = np.cumsum(ranked, axis=1) - ranked  # what the likelier ones have together
            np.put_along_axis(shares, order, np.where(before < self.top_p, ranked, 0), 1)
            shares /= shares.sum(axis=1, keepdims=True)
        return shares


def write(model: Any, prompt: np.ndarray, strategy: Strategy, random: np.random.Generator) -> Iterator[int]:
    """Yield token after token of what follows a prompt, without end; the prompt is read once."""
    logits, states = model.start(prompt)
    while True:
        total = np.cumsum(strategy.shares(logits)[0])
        token = int(np.searchsorted(total, random.random() * total[-1], side="right"))
        yield token
        logits, states = model.advance(states, np.array([token]))


def beam_search(model: Any, prompt: np.ndarray, length: int, width: int) -> list[int]:
    """Return the likeliest continuation of so many tokens that a beam search of some width finds."""
    logits, states = model.start(prompt, width)
    written = np.zeros((width, 0), int)
    scores = np.array([0.0, *[-np.inf] * (width - 1)])  # at first all rows are alike
    for _ in range(length):
        logits[:, 0] = -np.inf
        gains = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        best = np.argsort(-(scores[:, None] + gains).ravel(), kind="stable")[:width]
        rows, tokens = np.divmod(best, logits.shape[1])
        scores = (scores[:, None] + gains).ravel()[best]
        written = np.concatenate([written[rows], tokens[:, None]], axis=1)
        logits, states = model.advance(model.chosen(states, rows), tokens)
    return written[0].tolist()
