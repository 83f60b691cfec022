"""The nearest neighbour under dynamic time warping (Sakoe & Chiba 1978): the classical rival for signals.

All signals are stretched to one length, which costs no accuracy (Ratanamahatana & Keogh 2005). Two of them are as far
apart as the best way to bend one onto the other leaves them, where no step is moved by more than a share of the length.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Self

import numpy as np
from pydantic import Field

from stages.config.schema import ModelConfig
from stages.runtime.progress import progress
from stages.tasks.classification.modeling.arrays import ArrayClassifier

if TYPE_CHECKING:
    from stages.tasks.classification.modeling.data import Prepared

SIGNALS, NEIGHBOURS = 8, 256  # that are compared at a time: what one step works on then stays in a core's cache
FAR = 1e30


class Parameters(ModelConfig):
    """How far a step may be moved, and how sure a neighbour makes."""

    INPUT = "frames"

    windows: tuple[Annotated[float, Field(ge=0, le=0.5)], ...] = Field(
        default=(0.0, 0.05, 0.1),
        min_length=1,
        description="shares of the length that a step may be moved; validation chooses",
    )
    temperatures: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        default=(0.01, 0.03, 0.1, 0.3, 1.0),
        min_length=1,
        description="of the softmax over minus each class's nearest distance; validation chooses",
    )
    longest: int = Field(default=150, ge=2, description="frames that signals are stretched to at most")
    neighbours: int = Field(default=3000, ge=1, description="signals of train that are kept, drawn evenly")


class Model(ArrayClassifier):
    """Arrays: neighbours (n, L, F) and their labels (n,), classes (), band () in steps, temperature ()."""

    @classmethod
    def fit(cls, parameters: Parameters, data: "Prepared") -> Self:
        """Keep train; choose the window by the accuracy on validation, then the temperature by its log loss."""
        train, validation = data.examples("train"), data.examples("validation")
        kept = np.unique(np.linspace(0, len(train.labels) - 1, parameters.neighbours).astype(int))
        length = int(np.clip(np.median([len(signal) for signal in train.inputs]), 2, parameters.longest))
        arrays = {
            "neighbours": stretched([train.inputs[row] for row in kept], length),
            "labels": np.asarray(train.labels)[kept],
            "classes": np.array(len(data.labels)),
        }
        bands = sorted({round(window * length) for window in parameters.windows})
        nearest = [cls(**arrays, band=np.array(band)).nearest(validation.inputs) for band in bands]
        best = int(np.argmax([(each.argmin(axis=1) == validation.labels).mean() for each in nearest]))
        known = np.flatnonzero(validation.labels >= 0)
        losses = [
            -np.log(_probs(nearest[best], each)[known, validation.labels[known]]).mean()
            for each in parameters.temperatures
        ]
        temperature = parameters.temperatures[int(np.argmin(losses))]
        return cls(**arrays, band=np.array(bands[best]), temperature=np.array(temperature))

    def nearest(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        """Return the distance of each signal to the nearest neighbour of each class, (signals, classes)."""
        neighbours, labels, band = self.arrays["neighbours"], self.arrays["labels"], int(self.arrays["band"])
        signals = stretched(inputs, neighbours.shape[1])
        nearest = np.full((len(signals), int(self.arrays["classes"])), FAR)
        for start in progress(range(0, len(signals), SIGNALS), desc="warp", unit="signal", unit_scale=SIGNALS):
            rows = slice(start, start + SIGNALS)
            distances = _distances(signals[rows], neighbours, band)
            for label in np.unique(labels):
                nearest[rows, label] = distances[:, labels == label].min(axis=1)
        return nearest

    def predict(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        """Return probabilities (signals, classes)."""
        return _probs(self.nearest(inputs), float(self.arrays["temperature"]))

    def num_params(self) -> int:
        """Return the number of values that it keeps."""
        return self.arrays["neighbours"].size


def stretched(signals: Sequence[np.ndarray], length: int) -> np.ndarray:
    """Return signals (T, F) as (signals, length, F) float32, values between steps drawn as lines; none has steps: 0."""
    rows = []
    for signal in signals:
        at = np.linspace(0, max(len(signal) - 1, 0), length)
        columns = [np.interp(at, np.arange(len(signal)), channel) if len(signal) else at * 0 for channel in signal.T]
        rows.append(np.stack(columns, axis=-1))
    return np.array(rows, np.float32)


def _probs(nearest: np.ndarray, temperature: float) -> np.ndarray:
    """Return probabilities (signals, classes) from distances; a class without a neighbour has next to none."""
    scores = -(nearest - nearest.min(axis=1, keepdims=True)) / temperature
    exponents = np.exp(np.maximum(scores, -30.0))
    return np.asarray(exponents / exponents.sum(axis=1, keepdims=True))


def _distances(signals: np.ndarray, neighbours: np.ndarray, band: int) -> np.ndarray:
    """Return distances (signals, neighbours) float32, the root of the mean square along the path."""
    filled = np.pad(signals, [(0, SIGNALS - len(signals)), (0, 0), (0, 0)])
    blocks = []
    for start in range(0, len(neighbours), NEIGHBOURS):
        block = neighbours[start : start + NEIGHBOURS]
        missing = NEIGHBOURS - len(block)
        squares = np.asarray(_warping(band)(filled, np.pad(block, [(0, missing), (0, 0), (0, 0)])))
        blocks.append(squares[: len(signals), : len(block)])
    return np.sqrt(np.concatenate(blocks, axis=1) / signals.shape[1])


@cache
def _warping(band: int) -> Callable[..., Any]:
    """Return a compiled function of signals (n, L, F) and neighbours (m, L, F) → sums of squares along the best paths.

    The table of paths is filled along its diagonals, for all pairs at once: the cells of one do not depend on each
    other. A cell is named by its diagonal and by how far it lies off the middle; of a diagonal only every second
    distance occurs, the even or the odd ones.
    """
    import jax
    import jax.numpy as jnp

    def warp(signals: Any, neighbours: Any) -> Any:
        length = signals.shape[1]

        def step(state: Any, diagonal: Any) -> Any:
            before, last = state  # the costs of the paths to the two diagonals before, (n, m, band + 1)
            odd = (diagonal + band) % 2
            off = 2 * jnp.arange(band + 1) - band + odd
            first, second = (diagonal - off) // 2, (diagonal + off) // 2
            inside = (jnp.abs(off) <= band) & (jnp.minimum(first, second) >= 0) & (jnp.maximum(first, second) < length)
            ours = jnp.take(signals, jnp.clip(first, 0, length - 1), axis=1)
            theirs = jnp.take(neighbours, jnp.clip(second, 0, length - 1), axis=1)
            cost = jnp.square(ours[:, None] - theirs[None]).sum(axis=-1)
            edge = jnp.full_like(last[:, :, :1], FAR)
            beside = jnp.where(
                odd, jnp.concatenate([last[:, :, 1:], edge], axis=-1), jnp.concatenate([edge, last[:, :, :-1]], axis=-1)
            )
            best = jnp.where(diagonal == 0, 0.0, jnp.minimum(jnp.minimum(last, beside), before))
            return (last, jnp.where(inside, cost + best, FAR)), None

        start = jnp.full((len(signals), len(neighbours), band + 1), FAR, jnp.float32)
        (_, last), _ = jax.lax.scan(step, (start, start), jnp.arange(2 * length - 1))
        return last[:, :, band // 2]

    return jax.jit(warp)
