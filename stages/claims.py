"""What the course notes claim about sequence models, as comparisons that the test part can decide."""

from typing import NamedTuple


class Claim(NamedTuple):
    """A claim holds if `better` is ahead of `worse` on the items that it speaks of."""

    words: str
    better: str
    worse: str
    texts: str  # all, or a quartile of the texts by length: shortest, longest
