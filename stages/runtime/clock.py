"""A clock of the processors' time that stands still while code is compiled."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import process_time


class Clock:
    """The seconds of processors that this process has used, but for those while the clock was stopped.

    With one thread that is the time that its work takes with a core to itself, whatever else runs.
    """

    def __init__(self) -> None:
        """Start."""
        self._stopped = 0.0

    def seconds(self) -> float:
        """Return the seconds so far."""
        return process_time() - self._stopped

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Do not count what the block takes."""
        began = process_time()
        try:
            yield
        finally:
            self._stopped += process_time() - began


clock = Clock()
