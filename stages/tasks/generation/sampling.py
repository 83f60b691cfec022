"""How text is generated: greedily, by temperature, top-k, nucleus or beam search; and prompts and tokens as text."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from stages.runtime.errors import UserError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from stages.tasks.generation.modeling.contract import AutoregressiveModel

State = TypeVar("State")


@dataclass(frozen=True)
class Strategy:
    """How the next token is chosen."""

    temperature: float = 1.0  # 0: always the likeliest
    top_k: int | None = None  # only among so many likeliest
    top_p: float | None = None  # only among the likeliest that together have this probability (Holtzman et al. 2020)

    def __post_init__(self) -> None:
        """Refuse what no strategy can mean.

        Raises:
            UserError: names the option and what is valid.
        """
        if not self.temperature >= 0:
            raise UserError(f"--temperature is {self.temperature}: it must be 0 (always the likeliest token) or more")
        if self.top_k is not None and self.top_k < 1:
            raise UserError(f"--top-k is {self.top_k}: it must be 1 or more")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise UserError(f"--top-p is {self.top_p}: it must lie above 0 and not above 1")

    def probs(self, logits: np.ndarray) -> np.ndarray:
        """Return the probabilities (rows, V) that tokens are drawn with; the unknown token never is."""
        logits = np.array(logits, float)
        logits[:, 0] = -np.inf
        if self.temperature == 0:
            return np.eye(logits.shape[1])[logits.argmax(axis=1)]
        if self.top_k is not None and self.top_k < logits.shape[1]:
            logits[logits < np.partition(logits, -self.top_k, axis=1)[:, [-self.top_k]]] = -np.inf
        scaled = (logits - logits.max(axis=1, keepdims=True)) / self.temperature
        probs: np.ndarray = np.exp(scaled)
        probs /= probs.sum(axis=1, keepdims=True)
        if self.top_p is not None:
            order = np.argsort(-probs, axis=1, kind="stable")
            ranked = np.take_along_axis(probs, order, 1)
            before = np.cumsum(ranked, axis=1) - ranked  # what the likelier ones have together
            np.put_along_axis(probs, order, np.where(before < self.top_p, ranked, 0), 1)
            probs /= probs.sum(axis=1, keepdims=True)
        return probs


def beam_search(model: "AutoregressiveModel[State]", prompt: np.ndarray, length: int, width: int) -> list[int]:
    """Return the likeliest continuation of so many tokens that a beam search of some width finds."""
    logits, states = model.prefill(prompt, width)
    tokens = np.zeros((width, 0), int)  # (width, tokens so far)
    scores = np.array([0.0, *[-np.inf] * (width - 1)])  # at first all rows are alike
    for _ in range(length):
        logits[:, 0] = -np.inf
        log_probs = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        totals = scores[:, None] + log_probs  # (width, V)
        best = np.argsort(-totals.ravel(), kind="stable")[:width]
        rows, added = np.divmod(best, logits.shape[1])
        scores = totals.ravel()[best]
        tokens = np.concatenate([tokens[rows], added[:, None]], axis=1)
        logits, states = model.step(model.select_states(states, rows), added)
    likeliest: list[int] = tokens[0].tolist()
    return likeliest


def encode_prompt(tokenizer: "Tokenizer", prompt: str) -> np.ndarray:
    """Return a prompt's ids; a note on standard error names the characters that are read as unknown.

    Raises:
        UserError: the prompt is empty, or not UTF-8.
    """
    from stages.tasks.generation.modeling.data import encode

    if not prompt:
        raise UserError("--prompt is empty: leave it out to begin after a line's end, or give at least one character")
    try:
        prompt.encode()
    except UnicodeEncodeError:  # Python keeps bytes that it could not decode as lone surrogates
        raise UserError("--prompt is not UTF-8 text") from None
    ids, lengths = encode(tokenizer, prompt)
    ends = np.cumsum(lengths)
    unknown = sorted({prompt[end - size : end] for end, size in zip(ends[ids == 0], lengths[ids == 0], strict=True)})
    if unknown:
        print(f"note: read as unknown, because train holds none: {', '.join(map(repr, unknown))}", file=sys.stderr)
    return ids


def decode_tokens(tokenizer: "Tokenizer", ids: Iterable[int], length: int) -> Iterator[str]:
    """Yield the text of each token until there are `length` characters; the last may be cut."""
    return truncate((tokenizer.id_to_token(token) or "" for token in ids), length)


def truncate(texts: Iterable[str], length: int) -> Iterator[str]:
    """Yield texts until they have `length` characters together; the last may be cut."""
    for text in texts:
        yield text[:length]
        length -= len(text)
        if length <= 0:
            return
