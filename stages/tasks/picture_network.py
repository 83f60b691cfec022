"""Pictures as networks read them: fitted into a frame, scaled by train, and mapped by convolutions.

B pictures, H lines, W columns, C channels, E features.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from keras import KerasTensor


class Moments:
    """Each channel's mean and deviation over pictures that are added one by one."""

    def __init__(self, channels: int) -> None:
        self._sums = np.zeros((3, channels))

    def add(self, picture: np.ndarray) -> None:
        """Count a picture, (H, W, C)."""
        values = picture.reshape(-1, picture.shape[2]).astype(float)
        self._sums += [np.full(values.shape[1], len(values)), values.sum(axis=0), (values**2).sum(axis=0)]

    @property
    def mean(self) -> list[float]:
        """Of each channel."""
        return (self._sums[1] / self._sums[0]).tolist()

    @property
    def deviation(self) -> list[float]:
        """Of each channel, a shade at least."""
        variance = self._sums[2] / self._sums[0] - np.array(self.mean) ** 2
        return np.sqrt(np.maximum(variance, 1.0)).tolist()


def map_size(size: Sequence[int], filters: Sequence[int]) -> tuple[int, int]:
    """Return lines and columns of the map that `map_of` makes of pictures of a height and a width."""
    height, width = (-(-side // 2 ** len(filters)) for side in size)
    return height, width


def map_of(
    pictures: "KerasTensor", mean: Sequence[float], deviation: Sequence[float], filters: Sequence[int], width: int
) -> "KerasTensor":
    """Return the map (B, H', W', E) of pictures, bytes (B, H, W, C).

    Args:
        pictures: the input.
        mean, deviation: of each channel.
        filters: of the convolutions, each of which halves the sides.
        width: E, of one more that does not.
    """
    from keras import layers, ops

    features = (ops.cast(pictures, "float32") - np.array(mean)) / np.array(deviation)
    for number, count in enumerate(filters):
        size = 5 if number == 0 else 3
        features = layers.Conv2D(count, size, strides=2, padding="same", activation="relu")(features)
    features = layers.Conv2D(width, 3, padding="same", activation="relu")(features)
    return layers.LayerNormalization()(features)
