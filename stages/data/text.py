"""Texts of all tasks: when two are the same, and numbers in place of them to draw parts by."""

import hashlib
import unicodedata
from collections.abc import Iterable

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

# What Unicode calls default ignorable: soft hyphens, joiners, marks of direction, variation selectors, … Not among
# them here are the tags U+E0020 to U+E007F, by which flags differ.
INVISIBLE = (
    r"[\x{AD}\x{34F}\x{61C}\x{115F}\x{1160}\x{17B4}\x{17B5}\x{180B}-\x{180F}\x{200B}-\x{200F}\x{202A}-\x{202E}"
    r"\x{2060}-\x{206F}\x{3164}\x{FE00}-\x{FE0F}\x{FEFF}\x{FFA0}\x{E0000}-\x{E001F}\x{E0080}-\x{E0FFF}]+"
)
FOLDED = 1 << 14  # texts that are folded at a time: there are eight copies of them on the way
DASH = "[-‐‑–]"
# A sign is what is no letter, mark, number, punctuation or space: symbols, emoji, and those too that are younger than
# RE2's tables. Some that Unicode counts as punctuation are signs here: they tell C from C#, 2 * 2 from 2 / 2. Marks
# are as good as letters, unlike in Python's \w: they are the vowels of Hindi and Thai.
SIGN_OR_NOTHING = r"([^\p{L}\p{M}\p{N}\p{P}\p{Z}\p{Cc}\p{Cf}]|[#%&*/@\\\x{E0020}-\x{E007F}])|[\p{P}\p{Z}\p{Cc}\p{Cf}]"


def fold(texts: pd.Series) -> pd.Series:
    """Return the form in which near-exact duplicates are equal: without case, spacing and punctuation.

    Letters, digits, symbols and emoji are content. Forms that are compatible by Unicode (NFKC), such as full-width
    ones, are one; invisible characters are left out. A dash before a digit is a minus sign, unless it joins a word to
    it, as in "covid-19". A text of punctuation alone keeps it, for there it is the content.
    """
    if len(texts) <= FOLDED:
        return _fold(texts)
    return pd.concat([_fold(texts.iloc[start : start + FOLDED]) for start in range(0, len(texts), FOLDED)])


def _fold(texts: pd.Series) -> pd.Series:
    visible = _replaced(_replaced(texts, INVISIBLE, ""), "[`´]", "'")  # quotes, though Unicode has them as symbols
    plain = visible.str.normalize("NFKC").str.casefold().str.normalize("NFKC")
    joined = _replaced(plain, rf"([\p{{L}}\p{{M}}]){DASH}+", r"\1 ")
    signed = _replaced(joined, rf"{DASH}\s*(\p{{N}})", r"−\1")
    folded = _replaced(signed, SIGN_OR_NOTHING, r" \1 ").str.split().str.join(" ")
    return folded.where(folded != "", plain.str.strip())


def words(folded: pd.Series) -> pd.Series:
    """Return the letters and digits of folded texts, by which parts are drawn; a text without any stays as it is.

    So texts that differ by symbols alone fall to the same part.
    """
    plain = _replaced(folded, r"[^\p{L}\p{M}\p{N}]+", " ").str.strip()
    return plain.where(plain != "", folded)


def normalize_label(label: str) -> str:
    """Return a label so that those that look the same are: in NFKC, without invisible characters, spaces made one."""
    (visible,) = _replaced(pd.Series([label]), INVISIBLE, "")
    return " ".join(unicodedata.normalize("NFKC", visible).split())


def hash_to_unit(texts: Iterable[str], salt: str) -> pd.Series:
    """Return a number in [0, 1) for each text, evenly spread, decided by the text and the salt alone."""
    index = texts.index if isinstance(texts, pd.Series) else None
    key = salt.encode()[:64]
    digests = (hashlib.blake2b(text.encode(), digest_size=8, key=key).digest() for text in texts)
    return pd.Series(np.fromiter((int.from_bytes(digest) / 2**64 for digest in digests), float), index=index)


def _replaced(texts: pd.Series, pattern: str, replacement: str) -> pd.Series:
    """Replace what a pattern of RE2 finds."""
    replaced = pc.replace_substring_regex(pa.array(texts, pa.large_string()), pattern, replacement)
    return pd.Series(replaced.to_pylist(), index=texts.index, dtype=texts.dtype)
