"""Texts of all tasks: when two are the same, and numbers in place of them to draw parts by."""

import hashlib
from collections.abc import Iterable

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc


def fold(texts: pd.Series) -> pd.Series:
    """Return the form in which near-exact duplicates are equal: without case, spacing and punctuation.

    A text of punctuation alone keeps it, for there it is the content.
    """
    plain = pa.array(texts.str.normalize("NFC").str.casefold(), pa.large_string())
    # Marks stay, unlike in Python's \w: they are the vowels of Hindi and Thai.
    spaced = pc.replace_substring_regex(plain, r"[^\p{L}\p{M}\p{N}]+", " ")
    folded = pd.Series(spaced.to_pylist(), index=texts.index, dtype=texts.dtype).str.strip()
    return folded.where(folded != "", texts.str.strip())


def hash_to_unit(texts: Iterable[str], salt: str) -> pd.Series:
    """Return a number in [0, 1) for each text, evenly spread, decided by the text and the salt alone."""
    index = texts.index if isinstance(texts, pd.Series) else None
    key = salt.encode()[:64]
    digests = [hashlib.blake2b(text.encode(), digest_size=8, key=key).digest() for text in texts]
    return pd.Series([int.from_bytes(digest) / 2**64 for digest in digests], index=index, dtype=float)
