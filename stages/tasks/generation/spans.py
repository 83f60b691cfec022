"""Spans of a text as numbers, so that millions of them can be looked up in another text."""

import numpy as np

HASH_BASE = 1_099_511_628_211  # of the spans' hashes; odd, so that no power of it vanishes


def character_codes(text: str) -> np.ndarray:
    """Return the code of each character, (characters,) uint64."""
    return np.frombuffer(text.encode("utf-32-le"), np.uint32).astype(np.uint64)


def span_hashes(codes: np.ndarray, length: int) -> np.ndarray:
    """Return a hash of every span of a length, modulo 2 to the 64: by doubling, and one character more for each bit."""
    hashes, span = codes, 1
    for bit in bin(length)[3:]:
        hashes = hashes[: len(hashes) - span] * np.uint64(pow(HASH_BASE, span, 1 << 64)) + hashes[span:]
        span *= 2
        if bit == "1":
            hashes = hashes[: len(hashes) - 1] * np.uint64(HASH_BASE) + codes[span : span + len(hashes) - 1]
            span += 1
    return hashes


def sampled(hashes: np.ndarray, one_in: int) -> np.ndarray:
    """Return one in so many hashes, the same ones wherever they stand: by their high bits, mixed (Knuth 1973)."""
    if one_in == 1:
        return hashes
    mixed = (hashes * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)
    return hashes[mixed % np.uint64(one_in) == 0]
