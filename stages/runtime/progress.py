"""Progress in front of people."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Timer
from typing import Any

from tqdm import tqdm


def progress(items: Iterable[Any] | None = None, **options: Any) -> "tqdm[Any]":
    """Return a progress bar with rate and time left; it is silent when standard error is no terminal."""
    return tqdm(items, disable=None, dynamic_ncols=True, leave=False, **options)


def tell(line: str) -> None:
    """Print a line to standard error, above the progress bars if there are any."""
    tqdm.write(line, file=sys.stderr)
    sys.stderr.flush()


@contextmanager
def tell_if_slow(line: str, seconds: float) -> Iterator[None]:
    """Print a line once the block has taken longer than so many seconds."""
    timer = Timer(seconds, tell, [line])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def duration(seconds: float) -> str:
    """Return a time in words, to two figures at most: 8 s, 2 min, 1 h 20 min."""
    if seconds < 100:
        return f"{max(seconds, 0):.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
