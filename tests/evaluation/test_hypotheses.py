"""Which items a hypothesis speaks of."""

import pandas as pd

from stages.evaluation.hypotheses import items_of

TABLE = pd.DataFrame({"id": list("abcdefgh"), "tokens": [8, 7, 6, 5, 4, 3, 2, 1]})


def test_a_quarter_of_the_items_by_their_length():
    assert list(items_of(TABLE, "shortest", "tokens")["id"]) == ["g", "h"]
    assert list(items_of(TABLE, "longest", "tokens")["id"]) == ["a", "b"]


def test_all_items_and_items_without_a_length():
    assert items_of(TABLE, "all", "tokens") is TABLE
    assert items_of(TABLE, "longest", None) is TABLE
