"""What the course notes claim about sequence models, as comparisons that the test part can decide."""

from typing import NamedTuple

import pandas as pd


class Claim(NamedTuple):
    """A claim holds if `better` is ahead of `worse` on the items that it speaks of."""

    words: str
    better: str
    worse: str
    texts: str  # all, or a quartile of the texts by length: shortest, longest


def items_of(table: pd.DataFrame, texts: str, length: str | None) -> pd.DataFrame:
    """Return the rows of the items that a claim speaks of.

    Args:
        table: of predictions.
        texts: as in `Claim`.
        length: the column of the items' lengths; None where they have none, and claims speak of all.
    """
    if texts == "all":
        return table
    quarter = table[length].quantile(0.25 if texts == "shortest" else 0.75)
    return table[table[length] <= quarter if texts == "shortest" else table[length] >= quarter]
