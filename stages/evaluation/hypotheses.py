"""What the course notes claim about sequence models, as comparisons that the test part can decide."""

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    import pandas as pd

Items = Literal["all", "shortest", "longest"]


class Hypothesis(NamedTuple):
    """It holds if `better` is ahead of `worse` on the items that it speaks of."""

    words: str
    better: str
    worse: str
    items: Items = "all"  # or a quarter of the items by length
    datasets: tuple[str, ...] = ()  # of which it is asked; none named: of all

    def asked_of(self, dataset: str) -> bool:
        """Tell whether it is asked of a dataset."""
        return not self.datasets or dataset in self.datasets


def items_of(table: "pd.DataFrame", items: Items, length: str | None) -> "pd.DataFrame":
    """Return the rows of the items that a hypothesis speaks of.

    Args:
        table: of predictions.
        items: as in `Hypothesis`.
        length: the column of the items' lengths; None where they have none, and hypotheses speak of all.
    """
    if items == "all" or length is None:
        return table
    quarter = table[length].quantile(0.25 if items == "shortest" else 0.75)
    return table[table[length] <= quarter if items == "shortest" else table[length] >= quarter]
