import hashlib

import numpy as np
import pandas as pd
import pytest

from stages.data.text import fold, hash_to_unit


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
    ],
)
def test_fold(one, other, same):
    folded = fold(pd.Series([one, other]))
    assert (folded[0] == folded[1]) is same


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
