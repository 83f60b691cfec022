"""Pictures as arrays, (H, W, C) of bytes: read from files, shrunk, fitted into a frame, kept in tables."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stages.runtime.errors import UserError

if TYPE_CHECKING:
    import pandas as pd
    from PIL import Image

ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")
MODES = {1: "L", 3: "RGB"}  # Pillow's, by the number of channels
DEEP = ("I;16", "I;16B", "I;16L", "I", "F")  # modes of more than a byte a value


def unreadable() -> tuple[type[Exception], ...]:
    """Return what Pillow raises for a file that is no picture, or none that it reads."""
    from PIL import Image, UnidentifiedImageError

    return UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError


def read_picture(path: Path, channels: int, longest_side: int) -> tuple[np.ndarray, tuple[int, int]]:
    """Return a file's picture (H, W, channels), shrunk if need be, and its height and width before.

    It is as it is meant to be seen, transparency on white. Of several pictures in a file the first counts.

    Raises:
        UserError: it cannot be read.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as image:
            shown = ImageOps.exif_transpose(image)
            if shown.mode in DEEP:
                shown = _bytes_of(shown)
            if shown.has_transparency_data:
                shown = shown.convert("RGBA")
                shown = Image.alpha_composite(Image.new("RGBA", shown.size, "white"), shown)
            shown, size = shown.convert(MODES[channels]), (shown.height, shown.width)
            shown.thumbnail((longest_side, longest_side), Image.Resampling.BOX)
            return as_array(shown), size
    except unreadable() as error:
        raise UserError(f"{path} is no picture that can be read ({error})") from None


def _bytes_of(image: "Image.Image") -> "Image.Image":
    """Return a picture of more than a byte a value in bytes.

    White is the highest value that as many bits have as the brightest pixel needs, 8, 12 or 16 (microscopes often store
    12 in 16); of real numbers 1, or the brightest. What is no number is black.
    """
    from PIL import Image

    values = np.nan_to_num(np.asarray(image, float), posinf=0.0, neginf=0.0)
    brightest = float(values.max(initial=0.0))
    top = max(1.0, brightest)
    if image.mode != "F":
        top = next((2.0**bits - 1 for bits in (8, 12, 16) if brightest < 2**bits), brightest)
    return Image.fromarray(np.clip(values / top * 255, 0, 255).round().astype(np.uint8))


def as_array(image: "Image.Image") -> np.ndarray:
    """Return a picture's bytes, (H, W, C)."""
    values = np.asarray(image, np.uint8)
    return values.reshape(*values.shape[:2], -1)


def fit_into(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return a picture (H, W, C) as (height, width, C): as large as it fits, in the middle, on black."""
    from PIL import Image

    if picture.shape[:2] == (height, width):
        return picture
    channels = picture.shape[2]
    image = Image.fromarray(picture if channels > 1 else picture[:, :, 0])
    share = min(height / picture.shape[0], width / picture.shape[1])
    size = (max(1, round(picture.shape[1] * share)), max(1, round(picture.shape[0] * share)))
    fitted = as_array(image.resize(size, Image.Resampling.BOX if share < 1 else Image.Resampling.BILINEAR))
    top, left = (height - size[1]) // 2, (width - size[0]) // 2
    canvas = np.zeros((height, width, channels), np.uint8)
    canvas[top : top + size[1], left : left + size[0]] = fitted
    return canvas


def content_hash(picture: np.ndarray) -> str:
    """Return 32 hexadecimal digits that two pictures share if they are the same."""
    return hashlib.sha256(repr(picture.shape).encode() + picture.tobytes()).hexdigest()[:32]


def pictures_of(part: "pd.DataFrame") -> list[np.ndarray]:
    """Return the pictures of a table with columns height, width, channels and pixels, (H, W, C) each."""
    columns = (part[name] for name in ("pixels", "height", "width", "channels"))
    return [unpacked(*row) for row in zip(*columns, strict=True)]


def unpacked(pixels: bytes, height: int, width: int, channels: int) -> np.ndarray:
    """Return the picture (H, W, C) that a row of a table holds."""
    return np.frombuffer(pixels, np.uint8).reshape(height, width, channels)


def packed(pictures: Sequence[np.ndarray]) -> dict[str, list[Any]]:
    """Return columns that hold pictures, (H, W, C) each; `pictures_of` reads them."""
    shapes = [picture.shape for picture in pictures]
    columns: dict[str, list[Any]] = {
        name: [shape[place] for shape in shapes] for place, name in enumerate(("height", "width", "channels"))
    }
    return columns | {"pixels": [picture.tobytes() for picture in pictures]}
