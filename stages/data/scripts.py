"""Scripts that put no spaces between words: where a word is the unit, each of their characters is one.

They are written out as ranges of characters, for Python's, RE2's and Oniguruma's regular expressions alike.
"""

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc
from tokenizers import Regex, pre_tokenizers

_THAI_LAO, _MYANMAR, _KHMER = "\u0e00-\u0eff", "\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f", "\u1780-\u17ff\u19e0-\u19ff"
_KANA, _HAN = "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f", "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
CHARACTERS = _THAI_LAO + _MYANMAR + _KHMER + _KANA + _HAN + "\U00020000-\U000323af"
# Vowels, tones and voicing marks, which belong to the character before them.
_MARKS = "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u102b-\u103e\u1056-\u1059\u17b4-\u17d3\u17dd"
CHARACTER = f"[{CHARACTERS}][{_MARKS}\u3099\u309a]*"
NOTED = 0.01  # share of the characters from which on there is something to say
MOSTLY = 0.3  # share of unknown tokens from which on there is


def isolate_characters(before: str = "") -> pre_tokenizers.PreTokenizer:
    """Return a pre-tokenizer that sets each character of such scripts apart. `before`: what it may take along."""
    return pre_tokenizers.Split(Regex(f"{before}{CHARACTER}"), behavior="isolated")


def script_remarks(batches: Iterable[list[str]], unit: str, key: str) -> list[str]:
    """Return what there is to say of train's texts if the unit is a word, and their scripts have no spaces.

    Args:
        batches: of texts.
        unit: what a token is.
        key: that names it, in params.yaml.
    """
    if unit != "word":
        return []
    total = inside = 0
    for batch in batches:
        texts = pa.array(batch, pa.large_string())
        total += pc.sum(pc.utf8_length(texts)).as_py() or 0
        inside += pc.sum(pc.count_substring_regex(texts, f"[{CHARACTERS}]")).as_py() or 0
    share = inside / max(total, 1)
    if share < NOTED:
        return []
    return [
        f"{share:.0%} of train's characters are of scripts that put no spaces between words (such as Chinese, Japanese "
        f"or Thai): each of them is a word of its own. {key}: bpe learns longer units"
    ]


def unknown_remarks(rates: dict[str, float], unit: str, key: str) -> list[str]:
    """Return what there is to say if much of validation is unknown to train's vocabulary.

    Args:
        rates: which share of the tokens is unknown, by what they are tokens of.
        unit: what a token is.
        key: that names it, in params.yaml.
    """
    return [
        f"{rate:.0%} of {name}'s tokens are not in train's vocabulary: models see next to nothing of them; look at the "
        f"texts, lower minimum_frequency, or set {key} to {'character' if unit == 'bpe' else 'bpe or character'}"
        for name, rate in rates.items()
        if rate > MOSTLY
    ]
