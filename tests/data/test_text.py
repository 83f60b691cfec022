import hashlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.data.text import fold, hash_to_unit, normalize_label, words
from stages.tasks.leakage import content


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("A  b", "a\tB\n", True),
        ("it's", "it s", True),
        ("snake_case", "snake case", True),
        ("Straße", "STRASSE", True),
        ("cafe\u0301", "CAFÉ", True),  # composed or not
        ("Привет 5", "привет, 5", True),
        ("Привет 5", "Пока 5", False),
        ("दिन", "दान", False),  # vowels that are marks
        ("很好", "不好", False),
        ("cafe", "café", False),
        ("!!!", "???", False),
        ("!!!", " !!!\n", True),
        (":-)", ":-(", False),
        ("a1", "a2", False),
        ("👍", "👎", False),
        ("👍", "👍🏽", False),
        ("I am 😀", "I am 😡", False),
        ("I am 😀", "i AM😀!", True),
        ("I am", "I am 🫩", False),  # younger than the tables of Unicode here
        ("flag 🏴\U000e0067\U000e0065\U000e007f", "flag 🏴\U000e0067\U000e0073\U000e007f", False),
        ("❤\ufe0f", "❤", True),
        ("C", "C++", False),
        ("C", "C#", False),
        ("C++", "c + +", True),
        ("2+2", "2-2", False),
        ("2*2", "2/2", False),
        ("2-2", "2 - 2", True),
        ("2-2", "2\u22122", True),
        ("2-2", "2 2", False),
        ("-5 °", "5 °", False),
        ("5 %", "5", False),
        ("covid-19", "COVID 19", True),
        ("well-known", "well known", True),
        ("it`s", "it's", True),
        ("ＡＢ（１）", "ab 1", True),  # full-width
        ("ｶﾞ", "ガ", True),
        ("soft\u00adhyphen", "softhyphen", True),
        ("zero\u200bwidth", "zerowidth", True),
        ("\ufefftext", "text", True),
    ],
)
def test_fold(one, other, same):
    folded = fold(pd.Series([one, other]))
    assert (folded[0] == folded[1]) is same
    assert (content(one) == content(other)) is same  # as the audit sees it


@settings(max_examples=300)
@given(st.text(st.one_of(st.sampled_from("aßé12 -–−+#/'`.!\u0301\u00ad\u200b\ufe0f½😀"), st.characters(codec="utf-8"))))
def test_the_audit_folds_as_parts_are_made(text):
    (folded,) = fold(pd.Series([text]))
    assert folded.split() == content(text).split()


def test_words_leave_signs_out():
    folded = fold(pd.Series(["I write C++", "i write c#", "😀 !", "!!!"]))
    assert words(folded).tolist() == ["i write c", "i write c", "😀", "!!!"]


@pytest.mark.parametrize(
    ("given", "read"),
    [(" a\u00a0 b ", "a b"), ("cafe\u0301", "café"), ("a\u200b", "a"), ("Ａ", "A"), ("A!", "A!"), ("", "")],
)
def test_normalize_label(given, read):
    assert normalize_label(given) == read


def test_hashes_are_pinned():
    """If this changes, every split made so far changes: that must not happen unnoticed."""
    numbers = hash_to_unit(pd.Series(["a good film", "é"], index=[7, 3]), "recur")
    assert numbers.to_dict() == {7: 0.4308301987154447, 3: 0.5060163812502226}
    by_hand = hashlib.blake2b(b"a good film", digest_size=8, key=b"recur").digest()
    assert numbers[7] == int.from_bytes(by_hand) / 2**64
    assert hash_to_unit(["a good film"], "")[0] != numbers[7]
    assert hash_to_unit(["x"], "s" * 100)[0] == hash_to_unit(["x"], "s" * 64)[0]


def test_hashes_are_evenly_spread():
    numbers = np.sort(hash_to_unit([f"text {n}" for n in range(2000)], "recur"))
    distance = np.abs(numbers - (np.arange(2000) + 0.5) / 2000).max()  # Kolmogorov-Smirnov's
    assert distance < 1.63 / np.sqrt(2000)
