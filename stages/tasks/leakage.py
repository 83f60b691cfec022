"""What the checks for leaks of all tasks of texts share: when two texts are the same.

It is worked out anew, character by character: an error in `stages.data.text`, by which parts are made, must not hide
itself.
"""

import unicodedata
from functools import cache

DASHES = "-‐‑–"
INVISIBLE = {0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0, *range(0x180B, 0x1810), *range(0xFE00, 0xFE10)}
INVISIBLE |= {0xAD, 0x61C, 0xFEFF, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070)}
TAGS = range(0xE0020, 0xE0080)


def content(text: str) -> str:
    """Return what two texts must share to be the same: letters, digits and symbols, a space between words.

    Case, punctuation, spacing, compatible forms and invisible characters do not count; a text without any content
    keeps its signs.
    """
    shown = "".join("'" if char in "`´" else char for char in text if not _invisible(char))
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", shown).casefold())
    signs = (_minus(plain, place) if char in DASHES else _piece(char) for place, char in enumerate(plain))
    return " ".join("".join(signs).split()) or plain.strip()


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
