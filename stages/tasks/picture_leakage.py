"""The checks for leaks that parts of pictures share, whatever is said of them.

Nothing of `split` is used here: an error there must not hide itself.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd

from stages.config.pictures import PictureWindow
from stages.data.pictures.picture import pictures_of
from stages.tasks.member_leakage import Members, Parts

PICTURES = Members("picture", "members", ("clutter",))
ROUNDING = 1e-6  # of a mean or a deviation, relative


def leaks_between(parts: Parts, table: pd.DataFrame) -> dict[str, list[str]]:
    """Return a line for every leak between parts that are made of a table's pictures, by check. `table`: by id."""
    return {
        "shared_pictures": PICTURES.shared(parts, table["content"], "picture"),
        "shared_groups": PICTURES.shared(parts, table["group"].dropna(), "group"),
        "repeated_pictures": PICTURES.repeated(parts, table["content"]),
        "lost_pictures": PICTURES.lost(parts, table),
        "official_parts": PICTURES.moved(parts, table),
        "empty_parts": [f"{name} is empty" for name, part in parts.items() if part.empty],
    }


def badly_painted(part: pd.DataFrame, pictures: Mapping[str, np.ndarray], fragment: int) -> np.ndarray:
    """Return which scenes of a part, (scenes,) bool, are not what their pictures make. `pictures`: by id."""
    scenes = zip(part.to_dict("records"), pictures_of(part), strict=True)
    return np.array(
        [not np.array_equal(_painted(row, pictures, scene.shape, fragment), scene) for row, scene in scenes], bool
    )


def _painted(
    row: Mapping[Any, Any], pictures: Mapping[str, np.ndarray], shape: tuple[int, ...], fragment: int
) -> np.ndarray:
    """Return a scene painted from the pictures that it names, whatever is unknown left out."""
    canvas = np.zeros(shape, np.uint8)
    for member, (left, top, shrunk) in zip(row["members"], np.reshape(row["tiles"], (-1, 3)), strict=True):
        tile = pictures.get(member, np.zeros((2, 2, 1), np.uint8)).astype(int)
        tile = sum(tile[y::shrunk, x::shrunk] for y in range(shrunk) for x in range(shrunk)) // shrunk**2
        _paint(canvas, tile.astype(np.uint8), left, top)
    for member, (x, y, left, top) in zip(row["clutter"], np.reshape(row["patches"], (-1, 4)), strict=True):
        piece = pictures.get(member, np.zeros(shape, np.uint8))[y : y + fragment, x : x + fragment]
        _paint(canvas, piece, left, top)
    return canvas


def _paint(canvas: np.ndarray, piece: np.ndarray, left: int, top: int) -> None:
    """Draw a piece; what would lie outside the canvas is lost, and the scene another than it should be."""
    window = canvas[top : top + len(piece), left : left + piece.shape[1]]
    np.maximum(window, piece[: len(window), : window.shape[1]], out=window)


class Fitted(Protocol):
    """What was fitted on train to read pictures."""

    @property
    def size(self) -> list[int]:
        """H and W."""

    @property
    def mean(self) -> list[float]:
        """Of each channel."""

    @property
    def deviation(self) -> list[float]:
        """Of each channel."""


def foreign_moments(known: Fitted, window: PictureWindow, pictures: Sequence[np.ndarray]) -> list[str]:
    """Return a line if the size is not asked for, or channels' means and deviations are not those of train's pictures.

    `pictures`: as networks read them, (H, W, C) each.
    """
    values = np.stack(pictures).reshape(-1, pictures[0].shape[2]).astype(float)
    fitted, expected = [*known.mean, *known.deviation], [*values.mean(axis=0), *np.maximum(values.std(axis=0), 1.0)]
    if known.size == [window.height, window.width] and np.allclose(fitted, expected, rtol=ROUNDING):
        return []
    return [f"the channels' means and deviations are {fitted}, but train's are {expected}"]
