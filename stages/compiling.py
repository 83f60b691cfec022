"""JAX functions that one process compiles while those beside it wait."""

from collections.abc import Callable
from typing import Any

import jax
from filelock import FileLock

from stages.clock import clock
from stages.files import shared_cache
from stages.replicas import give_back


class Compiled:
    """A function of arrays, compiled once for each of their shapes.

    Replicas compile the same code at the same time. XLA compiles on all cores, so it takes least when one replica does
    it and the others wait, to find the result in the cache that JAX keeps between processes.
    """

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
        with clock.stopped():
            lowered = self._function.lower(*arguments)
            with FileLock(lock):
                compiled = lowered.compile()
            give_back()
        return compiled
