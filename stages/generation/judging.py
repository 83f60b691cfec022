"""How good a written text is, and how much of it is copied."""

import re

import numpy as np

from stages.generation.models.ngram import Model

BASE = 1_099_511_628_211  # of the spans' hashes; odd, so that no power of it vanishes
SIEVE = 1 << 20


def judge(text: str, ids: np.ndarray, model: Model, train: str, words: set[str]) -> dict[str, float]:
    """Return figures of a written text.

    Args:
        text: what was written.
        ids: its tokens.
        model: n-grams fitted on train, which tell how likely the text is.
        train: the text that was learned from.
        words: train's words in lower case.

    Returns:
        bits_per_character under the n-grams; distinct_1 to distinct_3, the share of different n-grams among those of
        words (Li et al. 2016); repetition, the share of 4-grams of words that occurred before in the text;
        known_words, the share of words that occur in train; copied, the characters of the longest span that does.
    """
    written = re.findall(r"\w+(?:'\w+)*", text.lower())
    return {
        "bits_per_character": float(model.bits(ids).sum() / max(len(text), 1)),
        **{f"distinct_{n}": _distinct(written, n) for n in (1, 2, 3)},
        "repetition": 1 - _distinct(written, 4),
        "known_words": sum(word in words for word in written) / max(len(written), 1),
        "copied": longest_copied(text, train),
    }


def words_of(text: str) -> set[str]:
    """Return a text's words in lower case."""
    return set(re.findall(r"\w+(?:'\w+)*", text.lower()))


def _distinct(words: list[str], n: int) -> float:
    grams = list(zip(*(words[place:] for place in range(n)), strict=False))
    return len(set(grams)) / max(len(grams), 1)


def longest_copied(text: str, train: str) -> int:
    """Return the length of the longest span of a text that stands in train.

    If a span of a length stands there, so does a shorter one: the length is found by doubling and bisection, each
    time comparing hashes of all spans (Karp & Rabin 1987). A hash that agrees is looked up, so that no accident counts.
    """
    codes = [np.frombuffer(side.encode("utf-32-le"), np.uint32).astype(np.uint64) for side in (text, train)]

    def stands(length: int) -> bool:
        own, theirs = (_hashes(side, length) for side in codes)
        near = np.zeros(SIEVE, bool)  # lets few of train's spans through, and all that matter
        near[own % SIEVE] = True
        places = np.flatnonzero(np.isin(own, theirs[near[theirs % SIEVE]]))
        return any(text[place : place + length] in train for place in places)

    high, most = 1, min(len(text), len(train))
    while high <= most and stands(high):
        high *= 2
    low, high = high // 2, min(high, most + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if stands(middle) else (low, middle)
    return low


def _hashes(codes: np.ndarray, length: int) -> np.ndarray:
    """Return a hash of every span of a length, modulo 2 to the 64: by doubling, and one character more for each bit."""
    found, span = codes, 1
    for bit in bin(length)[3:]:
        found = found[: len(found) - span] * np.uint64(pow(BASE, span, 1 << 64)) + found[span:]
        span *= 2
        if bit == "1":
            found = found[: len(found) - 1] * np.uint64(BASE) + codes[span : span + len(found) - 1]
            span += 1
    return found
