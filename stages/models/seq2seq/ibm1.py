"""A table of each source token's likeliest target token, by IBM model 1 (Brown et al. 1993, section 4.1).

Each token is translated on its own and stays in its place; one that train does not hold often enough to know
better stays as it is, where both sides share their vocabulary, else it is left out.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydantic import Field

from stages.config.schema import ModelConfig
from stages.tasks.seq2seq.modeling.contract import Baseline, BeamHypothesis
from stages.tasks.seq2seq.modeling.data import END, UNKNOWN, PreparedTexts, Vocabularies


class Parameters(ModelConfig):
    """How long and on how much the table is fitted."""

    INPUT = "tokens"

    iterations: int = Field(default=5, ge=1, description="of expectation maximisation")
    cells: int = Field(
        default=8_000_000,
        ge=1000,
        description="train's first pairs are aligned until the products of their lengths add up to this",
    )


class Model(Baseline):
    """Arrays: best (source tokens,), the target token of each; scores (source tokens,), its log-probability."""

    def __init__(self, best: np.ndarray, scores: np.ndarray, vocabularies: Vocabularies) -> None:
        """Keep the table."""
        self.best, self.scores, self.vocabularies = best, scores, vocabularies

    @classmethod
    def fit(cls, parameters: Parameters, data: PreparedTexts) -> "Model":
        """Fit P(target token | source token) on train's pairs; any target token may also come from no token, id 0."""
        sizes = data.vocabularies.sizes
        cells, places = _cells(data, parameters.cells, sizes.target)
        kinds, kind = np.unique(cells, return_inverse=True)
        source, table = kinds // sizes.target, np.ones(len(kinds))
        for _ in range(parameters.iterations):
            probs = table[kind]
            probs /= np.bincount(places, probs)[places]
            counts = np.bincount(kind, probs, len(kinds))
            table = counts / np.bincount(source, counts, sizes.source)[source]
        best = np.arange(sizes.source) if sizes.shared else np.zeros(sizes.source, int)
        scores = np.zeros(sizes.source)
        order = np.lexsort((table, source))  # the likeliest of each comes last
        best[source[order]], scores[source[order]] = kinds[order] % sizes.target, np.log(table[order])
        best[UNKNOWN] = UNKNOWN if sizes.shared else 0
        return cls(best.astype(np.int32), scores.astype(np.float32), data.vocabularies)

    def translate(
        self, sources: Sequence[str], beam: int, best: int = 1, length_penalty: float = 1.0
    ) -> list[list[BeamHypothesis]]:
        """Return every source's one output, token by token."""
        rows = [ids[:-1] for ids in self.vocabularies.encode_sources(sources, cut=False)]
        return [
            [BeamHypothesis(self.vocabularies.decode(self.best[ids]), float(self.scores[ids].sum()), True)]
            for ids in rows
        ]

    def num_params(self) -> int:
        """Return the number of fitted values."""
        return self.best.size + self.scores.size

    def save(self, folder: Path) -> None:
        """Write the arrays."""
        np.save(folder / "best.npy", self.best)
        np.save(folder / "scores.npy", self.scores)

    @classmethod
    def load(cls, folder: Path, preprocessor: Vocabularies) -> "Model":
        """Read what `save` wrote."""
        return cls(np.load(folder / "best.npy"), np.load(folder / "scores.npy"), preprocessor)


def _cells(data: PreparedTexts, most: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return every way in which a target token may come from a source token of its pair, or from none.

    Returns:
        The two tokens as one number (cells,) int64, and the target token's place in the corpus (cells,).
    """
    source, target = (data.side("train", side) for side in ("source", "target"))
    few = max(1, int(np.searchsorted(np.cumsum(source.lengths * target.lengths), most, side="right")))
    kinds, places, count = [], [], 0
    for pair in range(few):
        candidates = np.append(source.row(pair)[:-1], 0).astype(np.int64)  # without the end; 0: none
        candidates, taken = candidates[candidates != END], target.row(pair)[:-1]
        kinds.append((candidates * size + taken[:, None]).ravel())
        places.append(np.repeat(np.arange(count, count + len(taken)), len(candidates)))
        count += len(taken)
    return np.concatenate(kinds), np.concatenate(places)
