"""Random convolutions and a ridge: MiniRocket (Dempster, Schmidt & Webb 2021), here for any lengths and channels.

All 84 kernels of nine weights, six of them −1 and three 2, at several dilations. A feature is the share of a signal's
steps at which a kernel's response is above a bias, which is a quantile of its responses to a signal of train.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Annotated, NamedTuple, Self

import numpy as np
from pydantic import Field

from stages.config.schema import ModelConfig
from stages.runtime.progress import progress
from stages.tasks.classification.modeling.arrays import ArrayClassifier
from stages.tasks.classification.modeling.statistics import softmax

if TYPE_CHECKING:
    from stages.tasks.classification.modeling.data import Prepared

LENGTH = 9  # of a kernel
KERNELS = np.array(list(combinations(range(LENGTH), 3)))  # (84, 3): where the weight is 2
BATCH = 128  # signals
MOST_CHANNELS = 9  # that a kernel sums


class Parameters(ModelConfig):
    """How many features, and what the ridge may be."""

    INPUT = "frames"

    features: int = Field(default=5000, ge=84, le=100_000, description="about as many; the paper has 9,996")
    dilations: int = Field(default=16, ge=1, le=32, description="of a kernel at most, from 1 to the longest that fits")
    alphas: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        default=(1, 10, 100, 1_000, 10_000), min_length=1, description="of the ridge; validation chooses"
    )
    temperatures: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        default=(0.03, 0.1, 0.2, 0.3, 0.5, 1.0),
        min_length=1,
        description="of the softmax over the ridge's answers; validation chooses",
    )


class Convolutions(NamedTuple):
    """What the features are computed by."""

    dilations: np.ndarray  # (D,)
    channels: np.ndarray  # (D, 84, F) bool, those that a kernel sums
    biases: np.ndarray  # (D, 84, biases) float32

    def features(self, signals: Sequence[np.ndarray]) -> np.ndarray:
        """Return (signals, D · 84 · biases) float32, shares of steps."""
        rows = [self._of_batch(batch) for batch in progress(_batches(signals), desc="convolve", unit="batch")]
        return np.concatenate(rows)

    def _of_batch(self, batch: Sequence[np.ndarray]) -> np.ndarray:
        """A batch's signals are padded with zeros to the longest, and counted where they have steps."""
        lengths = np.array([len(signal) for signal in batch])
        inside = np.arange(max(int(lengths.max()), 1)) < lengths[:, None]  # (B, T)
        features = []
        for number, dilation in enumerate(self.dilations):
            for kernel, responses in enumerate(responses_of(batch, int(dilation), self.channels[number])):
                real = responses if inside.all() else np.where(inside, responses, -np.inf)
                counts = [np.count_nonzero(real > bias, axis=1) for bias in self.biases[number, kernel]]
                features.append(np.stack(counts, axis=1) / np.maximum(lengths, 1)[:, None])
        return np.concatenate(features, axis=1).astype(np.float32)


class Model(ArrayClassifier):
    """Arrays: those of `Convolutions`, mean and deviation of the features, weights, bias, and temperature ()."""

    @classmethod
    def fit(cls, parameters: Parameters, data: "Prepared") -> Self:
        """Fit a ridge with each alpha; keep the one with the best accuracy on validation (the first of equals)."""
        from sklearn.linear_model import RidgeClassifier
        from sklearn.preprocessing import StandardScaler

        train, validation = data.examples("train"), data.examples("validation")
        convolutions = fit_convolutions(train.inputs, parameters)
        scaler = StandardScaler()
        features = scaler.fit_transform(convolutions.features(train.inputs))
        held_out = scaler.transform(convolutions.features(validation.inputs))
        candidates = [
            RidgeClassifier(alpha=alpha).fit(features, train.labels, train.weights) for alpha in parameters.alphas
        ]
        best = max(candidates, key=lambda model: model.score(held_out, validation.labels))
        weights, bias = np.atleast_2d(best.coef_).T, np.atleast_1d(best.intercept_)
        if len(best.classes_) == 2:  # scikit-learn keeps one column for two classes
            weights, bias = np.hstack([-weights, weights]), np.concatenate([-bias, bias])
        answers, known = held_out @ weights + bias, np.flatnonzero(validation.labels >= 0)
        losses = [
            -np.log(np.maximum(softmax(answers / each)[known, validation.labels[known]], 1e-15)).mean()
            for each in parameters.temperatures
        ]
        return cls(
            **convolutions._asdict(),
            mean=scaler.mean_,
            deviation=scaler.scale_,
            weights=weights,
            bias=bias,
            temperature=np.array(parameters.temperatures[int(np.argmin(losses))]),
        )

    def predict(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        """Return probabilities (signals, classes)."""
        convolutions = Convolutions(*(self.arrays[name] for name in Convolutions._fields))
        scaled = (convolutions.features(inputs) - self.arrays["mean"]) / self.arrays["deviation"]
        return softmax((scaled @ self.arrays["weights"] + self.arrays["bias"]) / self.arrays["temperature"])

    def num_params(self) -> int:
        """Return the number of fitted values."""
        return sum(self.arrays[name].size for name in ("biases", "mean", "deviation", "weights", "bias"))


def fit_convolutions(signals: Sequence[np.ndarray], parameters: Parameters) -> Convolutions:
    """Choose dilations by the lengths, channels at random, and biases among the responses to signals of train."""
    rng = np.random.default_rng(0)
    longest, channels = int(np.median([len(signal) for signal in signals])), signals[0].shape[1]
    most = max(np.log2(max((longest - 1) / (LENGTH - 1), 1)), 0)
    dilations = np.unique(np.logspace(0, most, parameters.dilations, base=2).astype(int))
    count = max(1, round(parameters.features / (len(KERNELS) * len(dilations))))
    limit = np.log2(min(channels, MOST_CHANNELS) + 1)
    chosen = np.zeros((len(dilations), len(KERNELS), channels), bool)
    biases = np.zeros((len(dilations), len(KERNELS), count), np.float32)
    golden = (np.sqrt(5) + 1) / 2
    for number, dilation in enumerate(dilations):
        for kernel in range(len(KERNELS)):
            size = int(2 ** rng.uniform(0, limit))
            chosen[number, kernel, rng.choice(channels, size, replace=False)] = True
        drawn = [signals[row] for row in rng.integers(0, len(signals), len(KERNELS))]
        for kernel, responses in enumerate(responses_of(drawn, int(dilation), chosen[number])):
            own = responses[kernel, : max(len(drawn[kernel]), 1)]
            shares = (golden * np.arange(1 + number * count, 1 + (number + 1) * count)) % 1  # low discrepancy
            biases[number, kernel] = np.quantile(own, shares)
    return Convolutions(dilations, chosen, biases)


def responses_of(signals: Sequence[np.ndarray], dilation: int, channels: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the responses (B, T) of each kernel to signals (T, F), zeros beyond their ends.

    A kernel's nine weights are −1, and 3 more at three places: so its response is three times the sum of those three
    steps, less the sum of all nine. `channels` (84, F): those whose responses are summed.
    """
    longest, reach = max(*(len(signal) for signal in signals), 1), (LENGTH // 2) * dilation
    padded = np.zeros((len(signals), longest + 2 * reach, channels.shape[1]), np.float32)
    for row, signal in enumerate(signals):
        padded[row, reach : reach + len(signal)] = signal
    moved = np.stack(
        [padded[:, place * dilation : place * dilation + longest] for place in range(LENGTH)]
    )  # (9, B, T, F)
    total = moved.sum(axis=0)
    for (one, two, three), summed in zip(KERNELS, channels, strict=True):
        response = 3 * (moved[one] + moved[two] + moved[three]) - total  # (B, T, F)
        yield response[:, :, 0] if response.shape[-1] == 1 else response @ summed.astype(np.float32)


def _batches(signals: Sequence[np.ndarray]) -> list[Sequence[np.ndarray]]:
    return [signals[start : start + BATCH] for start in range(0, len(signals), BATCH)]
