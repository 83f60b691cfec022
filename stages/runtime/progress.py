"""Progress in front of people."""

from collections.abc import Iterable
from typing import Any

from tqdm import tqdm


def progress(items: Iterable[Any] | None = None, **options: Any) -> "tqdm[Any]":
    """Return a progress bar with rate and time left; it is silent when standard error is no terminal."""
    return tqdm(items, disable=None, dynamic_ncols=True, leave=False, **options)
