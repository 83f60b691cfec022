"""Scenes composed of pictures: a few objects, each in a quarter of its own, fragments that disturb, and a sentence.

The fragments are those of cluttered MNIST (Mnih et al. 2014). Where things touch, the brighter value is seen.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from stages.config.pictures import Scenes
from stages.runtime.errors import UserError

PLACES = ("top left", "top right", "bottom left", "bottom right")
SIZES = {1: "large", 2: "small"}  # by how many pixels become one


class Tile(NamedTuple):
    """Where an object stands: its first column and line, and by how much it is shrunk."""

    left: int
    top: int
    shrunk: int


class Patch(NamedTuple):
    """A fragment: its first column and line in the picture that it is of, and in the scene."""

    from_left: int
    from_top: int
    left: int
    top: int


@dataclass(frozen=True)
class Scene:
    """A scene and what it is made of."""

    pixels: np.ndarray  # (side, side, 1) bytes
    sentence: str
    owners: list[int]  # for each of its words the place of the object that it is about, -1: none
    members: list[int]  # the objects' pictures, in the order of the sentence
    tiles: list[Tile]
    boxes: list[tuple[int, int, int, int]]  # left, top, right and bottom of each object's ink; right and bottom outside
    clutter: list[int]  # the fragments' pictures
    patches: list[Patch]


def compose(
    pictures: Sequence[np.ndarray], names: Sequence[str], config: Scenes, repeats: int, rng: np.random.Generator
) -> Iterator[Scene]:
    """Yield scenes in which each picture is an object `repeats` times.

    Args:
        pictures: (H, W, 1) each, all of one shape.
        names: what each shows.
        config: how scenes are made.
        repeats: how often each stands.
        rng: what draws.

    Raises:
        UserError: the pictures have colours or different shapes, or are too large for a scene or too small.
    """
    _refuse_unfit(pictures, config)
    for _ in range(repeats):
        order, start = rng.permutation(len(pictures)), 0
        while start < len(order):
            end = start + int(rng.integers(1, config.most + 1))
            yield _scene(pictures, names, order[start:end].tolist(), config, rng)
            start = end


def _refuse_unfit(pictures: Sequence[np.ndarray], config: Scenes) -> None:
    shapes = sorted({picture.shape for picture in pictures})
    if len(shapes) > 1 or shapes[0][2] > 1:
        raise UserError(
            f"scenes are composed of grey pictures of one size, but there are {', '.join(map(str, shapes[:5]))} "
            "(height, width, channels): set reading.colour to false and bring them to one size, or remove split.compose"
        )
    height, width, _ = shapes[0]
    if max(height, width) > config.side // 2 or min(height, width) < max(2, config.fragment):
        raise UserError(
            f"pictures of {height} x {width} pixels do not fit: an object takes a quarter of the scene at most "
            f"(split.compose.side {config.side}), and a fragment is a part of one (split.compose.fragment)"
        )


def _scene(
    pictures: Sequence[np.ndarray],
    names: Sequence[str],
    members: list[int],
    config: Scenes,
    rng: np.random.Generator,
) -> Scene:
    canvas, half = np.zeros((config.side, config.side), np.uint8), config.side // 2
    tiles, boxes, phrases = [], [], []
    for member, quarter in zip(members, sorted(rng.permutation(len(PLACES))[: len(members)]), strict=True):
        shrunk = int(rng.integers(1, len(SIZES) + 1))
        drawn = halved(pictures[member][:, :, 0]) if shrunk == 2 else pictures[member][:, :, 0]
        left, top = (
            int(begin * half + rng.integers(half - size + 1))
            for begin, size in zip((quarter % 2, quarter // 2), drawn.shape[::-1], strict=True)
        )
        paste(canvas, drawn, left, top)
        tiles.append(Tile(left, top, shrunk))
        boxes.append(_ink(drawn, left, top))
        phrases.append([SIZES[shrunk], *names[member].split(), *PLACES[quarter].split()])
    clutter, patches = [], []
    for _ in range(config.clutter):
        clutter.append(int(rng.integers(len(pictures))))
        height, width, _ = pictures[clutter[-1]].shape
        of_source = [int(rng.integers(size - config.fragment + 1)) for size in (width, height)]
        patch = Patch(*of_source, *(int(place) for place in rng.integers(config.side - config.fragment + 1, size=2)))
        paste(canvas, cut(pictures[clutter[-1]][:, :, 0], patch, config.fragment), patch.left, patch.top)
        patches.append(patch)
    sentence, owners = _joined(phrases)
    return Scene(canvas[:, :, None], sentence, owners, members, tiles, boxes, clutter, patches)


def _joined(phrases: list[list[str]]) -> tuple[str, list[int]]:
    """Return the phrases with `and` between them, and for each word the number of its phrase, -1 for `and`."""
    words, owners = [*phrases[0]], [0] * len(phrases[0])
    for number, phrase in enumerate(phrases[1:], 1):
        words += ["and", *phrase]
        owners += [-1, *[number] * len(phrase)]
    return " ".join(words), owners


def halved(picture: np.ndarray) -> np.ndarray:
    """Return a picture (H, W) at half its size by the means of 2 x 2 pixels; an odd last line or column is left out."""
    height, width = (size // 2 * 2 for size in picture.shape)
    blocks = picture[:height, :width].reshape(height // 2, 2, width // 2, 2).astype(np.uint16)
    return (blocks.sum(axis=(1, 3)) // 4).astype(np.uint8)


def cut(picture: np.ndarray, patch: Patch, side: int) -> np.ndarray:
    """Return the fragment of a picture (H, W) that a patch is, (side, side)."""
    return picture[patch.from_top : patch.from_top + side, patch.from_left : patch.from_left + side]


def paste(canvas: np.ndarray, drawn: np.ndarray, left: int, top: int) -> None:
    """Draw something (h, w) on a canvas (H, W): the brighter value stays."""
    window = canvas[top : top + drawn.shape[0], left : left + drawn.shape[1]]
    np.maximum(window, drawn, out=window)


def _ink(drawn: np.ndarray, left: int, top: int) -> tuple[int, int, int, int]:
    """Return the box around what is not black, of all of it where nothing is."""
    rows, columns = np.nonzero(drawn) if drawn.any() else np.nonzero(np.ones_like(drawn))
    return (
        left + int(columns.min()),
        top + int(rows.min()),
        left + int(columns.max()) + 1,
        top + int(rows.max()) + 1,
    )
