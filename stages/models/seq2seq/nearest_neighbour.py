"""The description of the training picture that is most similar, pixel by pixel."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from stages.config.schema import ModelConfig
from stages.tasks.seq2seq.modeling.contract import Baseline, BeamHypothesis
from stages.tasks.seq2seq.modeling.data import Prepared, Preprocessor

BATCH = 256  # pictures that are compared at a time


class Parameters(ModelConfig):
    """How pictures are compared."""

    INPUT = "pictures"

    side: int = Field(
        default=16, ge=1, le=64, description="pixels that pictures are shrunk to, so that noise counts less"
    )


class Model(Baseline):
    """The pictures of train, small, and their descriptions."""

    def __init__(self, preprocessor: Preprocessor, side: int, small: np.ndarray, tokens: np.ndarray) -> None:
        """Keep them: small (n, side · side · C) float32 and tokens (n, most) int32, padded with 0."""
        self._preprocessor, self._side, self._small, self._tokens = preprocessor, side, small, tokens

    @classmethod
    def fit(cls, parameters: Parameters, data: Prepared) -> "Model":
        """Return the pairs of train."""
        source, target = data.side("train", "source"), data.side("train", "target")
        pairs = range(len(target.lengths))
        small = np.stack([_shrunk(source.row(pair), parameters.side) for pair in pairs])
        tokens = target.padded(np.arange(len(pairs)), int(target.lengths.max()), len(pairs))
        return cls(data.preprocessor, parameters.side, small, tokens)

    def translate(
        self, sources: Sequence[Any], beam: int, best: int = 1, length_penalty: float = 1.0
    ) -> list[list[BeamHypothesis]]:
        """Return the description of each picture's nearest neighbour; its score is the squared distance, negative."""
        pictures = [_shrunk(picture, self._side) for picture in self._preprocessor.encode_sources(sources)]
        outputs: list[list[BeamHypothesis]] = []
        norms = (self._small**2).sum(axis=1)
        for start in range(0, len(pictures), BATCH):
            asked = np.stack(pictures[start : start + BATCH])
            distances = norms - 2 * asked @ self._small.T + (asked**2).sum(axis=1, keepdims=True)
            distances = np.maximum(distances, 0.0)  # but for rounding they are
            for row, nearest in enumerate(distances.argmin(axis=1)):
                text = self._preprocessor.decode(self._tokens[nearest])
                outputs.append([BeamHypothesis(text, 0.0 - float(distances[row, nearest]), True)])
        return outputs

    def num_params(self) -> int:
        """Return the number of values that are kept."""
        return self._small.size + int(np.count_nonzero(self._tokens))

    def save(self, folder: Path) -> None:
        """Write the arrays."""
        np.savez(folder / "model.npz", side=self._side, small=self._small, tokens=self._tokens)

    @classmethod
    def load(cls, folder: Path, preprocessor: Preprocessor) -> "Model":
        """Return the model that `save` wrote."""
        arrays = np.load(folder / "model.npz")
        return cls(preprocessor, int(arrays["side"]), arrays["small"], arrays["tokens"])


def _shrunk(picture: np.ndarray, side: int) -> np.ndarray:
    """Return a picture (H, W, C) in side · side blocks, or in its pixels if it is smaller: their means, as a row."""
    starts = [np.arange(min(side, size)) * size // min(side, size) for size in picture.shape[:2]]
    sizes = [np.diff([*begins, size]) for begins, size in zip(starts, picture.shape[:2], strict=True)]
    sums = np.add.reduceat(np.add.reduceat(picture.astype(np.float32), starts[0], axis=0), starts[1], axis=1)
    return np.asarray((sums / (sizes[0][:, None, None] * sizes[1][None, :, None]) / 255).ravel(), np.float32)
