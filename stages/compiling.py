"""JAX functions that one process compiles while those beside it wait, and a clock that does not count it."""

from collections.abc import Callable
from time import process_time
from typing import Any, ClassVar

import jax
from filelock import FileLock

from stages.files import shared_cache


class Compiled:
    """A function of arrays, compiled once for each of their shapes.

    Replicas compile the same code at the same time. XLA compiles on all cores, so it takes least when one replica does
    it and the others wait, to find the result in the cache that JAX keeps between processes.
    """

    seconds: ClassVar[float] = 0.0  # of all processors, that this process has spent on compiling

    def __init__(self, function: Callable, **options: Any) -> None:
        """Take the function, and options of `jax.jit`."""
        self._function, self._executables = jax.jit(function, **options), {}

    def __call__(self, *arguments: Any) -> Any:
        """Return what the function does; its arguments are arrays, or lists of them."""
        shapes = tuple((array.shape, array.dtype) for array in jax.tree.leaves(arguments))
        if shapes not in self._executables:
            self._executables[shapes] = self._compile(arguments)
        return self._executables[shapes](*arguments)

    def _compile(self, arguments: tuple) -> Callable:
        lock = shared_cache("compiled") / "lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        lowered = self._function.lower(*arguments)
        with FileLock(lock):
            began = process_time()
            executable = lowered.compile()
            Compiled.seconds += process_time() - began
        return executable


def clock() -> float:
    """Return the seconds of processors that this process has used, but for compiling.

    With one thread that is the time that its work would take with a core to itself, whatever else runs.
    """
    return process_time() - Compiled.seconds
