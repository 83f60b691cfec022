"""What the checks for leaks of all tasks of texts share: when two texts are the same, and whose a vocabulary is.

It is worked out anew, character by character: an error in `stages.data.text`, by which parts are made, must not hide
itself.
"""

import unicodedata
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tokenizers

DASHES = "-‐‑–"
INVISIBLE = {0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0, *range(0x180B, 0x1810), *range(0xFE00, 0xFE10)}
INVISIBLE |= {0xAD, 0x61C, 0xFEFF, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070)}
TAGS = range(0xE0020, 0xE0080)
SHOWN = 5  # offending tokens that a finding names


def content(text: str) -> str:
    """Return what two texts must share to be the same: letters, digits and symbols, a space between words.

    Case, punctuation, spacing, compatible forms and invisible characters do not count; a text without any content
    keeps its signs.
    """
    shown = "".join("'" if char in "`´" else char for char in text if not _invisible(char))
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", shown).casefold())
    signs = (_minus(plain, place) if char in DASHES else _piece(char) for place, char in enumerate(plain))
    return " ".join("".join(signs).split()) or plain.strip()


def foreign_of(side: str, texts: list[str], tokenizer: "tokenizers.Tokenizer") -> list[str]:
    """Return a line if a side's vocabulary holds letters, or whole words, that train's texts do not."""
    corpus = " " + " \n ".join(" ".join(unicodedata.normalize("NFC", text).split()) for text in texts)
    # Python's lower case has another sigma at the end of a word than the tokenizer's.
    corpus = corpus.lower().replace("ς", "σ") if "Lowercase" in tokenizer.to_str() else corpus
    corpus = corpus.replace("▁", " ")  # as which the tokenizer reads it
    tokens = [token.replace("▁", " ") for token, number in tokenizer.get_vocab().items() if number > 3]
    foreign = sorted(token for token in tokens if token not in corpus and token.replace("ς", "σ") not in corpus)
    if not foreign:
        return []
    named = ", ".join(map(repr, foreign[:SHOWN]))
    return [f"{len(foreign)} token(s) of the {side}'s vocabulary do not stand in train: {named}"]


@cache
def _invisible(char: str) -> bool:
    return ord(char) in INVISIBLE or (0xE0000 <= ord(char) < 0xE1000 and ord(char) not in TAGS)


@cache
def _piece(char: str) -> str:
    """Return a letter, mark or digit as it is, a symbol as a word of its own, and a space for all else."""
    kind = unicodedata.category(char)
    if kind[0] in "LMN":
        return char
    symbol = kind[0] not in "PZC" or kind in ("Cn", "Co") or char in "#%&*/@\\" or ord(char) in TAGS
    return f" {char} " if symbol else " "


def _minus(text: str, place: int) -> str:
    """Return a minus sign where a dash stands before a digit and joins no word to it; else what the dash is."""
    before, after = text[:place].rstrip(DASHES), text[place + 1 :].lstrip()
    joins = len(before) > 0 and unicodedata.category(before[-1])[0] in "LM"
    if not joins and after and unicodedata.category(after[0])[0] == "N":
        return " − "
    return " " if joins else _piece(text[place])
