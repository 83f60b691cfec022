"""The floor: a reply is the better the more often train gave it, whatever was said."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from stages.config.schema import ModelConfig
from stages.runtime.files import read_json, write_json
from stages.tasks.replies import Chooser
from stages.tasks.seq2seq.modeling.contract import Baseline, BeamHypothesis

FILE = "counts.json"


class Parameters(ModelConfig):
    """Nothing to choose."""

    INPUT = "dialogue"


class Model(Baseline, Chooser):
    """How often each reply was given, case aside."""

    def __init__(self, counts: dict[str, int]) -> None:
        """Keep the counts."""
        self.counts = counts

    @classmethod
    def fit(cls, parameters: Parameters, data: Any) -> "Model":
        """Count train's replies."""
        _, replies = data.texts("train")
        return cls(dict(Counter(reply.casefold() for reply in replies).most_common()))

    def choose(self, contexts: Sequence[str], candidates: Sequence[Sequence[str]]) -> np.ndarray:
        """Return how often each was given."""
        return np.array([[self.counts.get(text.casefold(), 0) for text in texts] for texts in candidates], float)

    def translate(
        self, sources: Sequence[str], beam: int, best: int = 1, length_penalty: float = 1.0
    ) -> list[list[BeamHypothesis]]:
        """Return the most frequent reply."""
        text, count = next(iter(self.counts.items()))
        return [[BeamHypothesis(text, float(count), True)] for _ in sources]

    def num_params(self) -> int:
        """Return the number of fitted values."""
        return len(self.counts)

    def save(self, folder: Path) -> None:
        """Write all that `load` needs."""
        write_json(folder / FILE, {"counts": self.counts}, digits=None)

    @classmethod
    def load(cls, folder: Path, preprocessor: Any) -> "Model":
        """Read what `save` wrote."""
        return cls(**read_json(folder / FILE))
