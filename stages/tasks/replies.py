"""What models of replies share: what a reply is given for, and choosing among several.

B conversations, S and T tokens of what was said and of a reply, R features of a representation.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

CANDIDATES = 10  # that a reply is chosen among, the right one with them
TURN = " ‖ "  # between turns


def history(turns: Sequence[str], most: int, words: int) -> str:
    """Return the last turns as one text, the latest first, and of these the first words: what is left out is older."""
    return " ".join(TURN.join(reversed(turns[-most:])).split()[:words])


class Chooser(ABC):
    """A model that says how well replies fit."""

    @abstractmethod
    def choose(self, contexts: Sequence[str], candidates: Sequence[Sequence[str]]) -> np.ndarray:
        """Return a score for each candidate (contexts, candidates), the higher, the better; all have as many."""
