"""Files of pictures, read as a model's own were."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from stages.data.pictures.picture import read_picture
from stages.runtime.errors import UserError


def read_pictures(
    files: Sequence[str], channels: int, longest_side: int
) -> list[tuple[str, np.ndarray, tuple[int, int]]]:
    """Return the name of each file, its picture (H, W, channels), and its height and width before it was shrunk.

    Raises:
        UserError: files are not there or no pictures; names all of them.
    """
    pictures, faults = [], []
    for name in files:
        try:
            if not Path(name).is_file():
                raise UserError(f"there is no file '{name}': give pictures")
            picture, size = read_picture(Path(name), channels, longest_side)
            pictures.append((name, picture, size))
        except UserError as error:
            faults.append(str(error))
    if faults:
        raise UserError("\n".join(faults))
    return pictures
