"""JAX functions that one process compiles while those beside it wait."""

from collections.abc import Callable
from typing import Any

import jax
from filelock import FileLock

from stages.runtime.allocator import trim_memory
from stages.runtime.clock import clock
from stages.runtime.files import shared_cache
from stages.runtime.progress import tell_if_slow
from stages.runtime.tricks import tricks_enabled

COMPILING = "compiling, which takes up to a minute; another run with the same shapes finds it done"
PATIENCE = 5.0  # seconds without a word


class Compiled:
    """A function of arrays, compiled once for each of their shapes.

    Replicas compile the same code at the same time. XLA compiles on all cores, so it takes least when one replica does
    it and the others wait, to find the result in the cache that JAX keeps between processes.
    """

    def __init__(self, function: Callable[..., Any], **options: Any) -> None:
        """Take the function, and options of `jax.jit`."""
        self._function = jax.jit(function, **options)
        self._executables: dict[tuple[Any, ...], Callable[..., Any]] = {}

    def __call__(self, *arguments: Any) -> Any:
        """Return what the function returns; its arguments are arrays, or lists of them."""
        if not tricks_enabled():
            return self._function(*arguments)
        shapes = tuple((array.shape, array.dtype) for array in jax.tree.leaves(arguments))
        if shapes not in self._executables:
            self._executables[shapes] = self._compile(arguments)
        return self._executables[shapes](*arguments)

    def _compile(self, arguments: tuple[Any, ...]) -> Callable[..., Any]:
        lock = shared_cache("compiled") / "lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        with clock.stopped():
            lowered = self._function.lower(*arguments)
            with FileLock(lock), tell_if_slow(COMPILING, PATIENCE):
                compiled = lowered.compile()
            trim_memory()
        return compiled
