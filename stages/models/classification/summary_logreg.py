"""Logistic regression on what a signal is like as a whole: level, spread, ends, trend and length of each channel."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Self

import numpy as np
from pydantic import Field

from stages.config.schema import ModelConfig
from stages.tasks.classification.modeling.arrays import ArrayClassifier
from stages.tasks.classification.modeling.statistics import softmax

if TYPE_CHECKING:
    from stages.tasks.classification.modeling.data import Prepared

QUANTILES = (0, 0.25, 0.5, 0.75, 1)


class Parameters(ModelConfig):
    """Summary statistics into a linear classifier."""

    INPUT = "frames"

    segments: int = Field(default=4, ge=1, le=64, description="equal pieces of a signal whose means are features too")
    C: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        default=(0.01, 0.1, 1, 10, 100), min_length=1, description="inverse regularisation; validation chooses"
    )


class Model(ArrayClassifier):
    """Arrays: segments (), mean and deviation of the features (features,), weights (features, classes), bias."""

    @classmethod
    def fit(cls, parameters: Parameters, data: "Prepared") -> Self:
        """Fit on train with each C; keep the one with the best accuracy on validation (the first of equals)."""
        from sklearn.linear_model import LogisticRegression
        from sklearn.preprocessing import StandardScaler

        train, validation = data.examples("train"), data.examples("validation")
        segments = np.array(parameters.segments)
        scaler = StandardScaler().fit(summaries(train.inputs, parameters.segments))
        features = scaler.transform(summaries(train.inputs, parameters.segments))
        held_out = scaler.transform(summaries(validation.inputs, parameters.segments))
        candidates = [
            LogisticRegression(C=C, max_iter=2000).fit(features, train.labels, train.weights) for C in parameters.C
        ]
        best = max(candidates, key=lambda model: model.score(held_out, validation.labels))
        weights, bias = best.coef_.T, best.intercept_
        if len(best.classes_) == 2:  # scikit-learn keeps one column for two classes
            weights, bias = np.hstack([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
        return cls(segments=segments, mean=scaler.mean_, deviation=scaler.scale_, weights=weights, bias=bias)

    def predict(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        """Return probabilities (signals, classes)."""
        features = summaries(inputs, int(self.arrays["segments"]))
        scaled = (features - self.arrays["mean"]) / self.arrays["deviation"]
        return softmax(scaled @ self.arrays["weights"] + self.arrays["bias"])

    def num_params(self) -> int:
        """Return the number of fitted values."""
        return sum(self.arrays[name].size for name in ("mean", "deviation", "weights", "bias"))


def summaries(signals: Sequence[np.ndarray], segments: int) -> np.ndarray:
    """Return the features (signals, F (10 + segments) + 1) of signals (T, F); one without frames has zeros."""
    return np.stack([_summary(np.asarray(signal, float), segments) for signal in signals])


def _summary(values: np.ndarray, segments: int) -> np.ndarray:
    steps, channels = values.shape
    if not steps:
        return np.zeros(channels * (10 + segments) + 1)
    moves = np.abs(np.diff(values, axis=0)).mean(axis=0) if steps > 1 else np.zeros(channels)
    clock = np.arange(steps) - (steps - 1) / 2
    slope = clock @ values / max(clock @ clock, 1)
    ends = np.linspace(0, steps, segments + 1)
    pieces = [values[int(a) : max(int(np.ceil(b)), int(a) + 1)].mean(axis=0) for a, b in pairwise(ends)]
    whole = [values.mean(axis=0), values.std(axis=0), *np.quantile(values, QUANTILES, axis=0)]
    return np.concatenate([*whole, moves, slope * steps, values[-1] - values[0], *pieces, [np.log(steps)]])
