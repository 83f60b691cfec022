"""Work side by side: one process of one thread for each item, on this machine or on a cluster."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from threadpoolctl import threadpool_limits

from stages.config.schema import ParallelConfig
from stages.runtime.command import end_with_parent
from stages.runtime.jax_setup import prepare_jax

Item = TypeVar("Item")
Result = TypeVar("Result")


def run_parallel(function: Callable[[Item], Result], items: Sequence[Item], config: ParallelConfig) -> list[Result]:
    """Return `function(item)` for every item, in their order.

    A single item needs no process beside this one, and no time to start it. One process more than there are cores may
    run, so that three replicas on two cores do not end with one that leaves a core idle.

    Args:
        function: one that can be imported by its name, so that a cluster's workers find it too.
        items: picklable arguments.
        config: joblib's backend and how many run at a time.
    """
    prepare_jax()
    if len(items) == 1 and config.backend not in ("dask", "ray"):
        with threadpool_limits(1):  # of libraries that were loaded before `prepare_jax`
            return [function(items[0])]
    from joblib import Parallel, cpu_count, delayed

    processes = cpu_count() + 1 if config.processes < 1 else config.processes
    workers = Parallel(n_jobs=min(processes, len(items)), backend=config.backend)
    results: list[Result] = workers(delayed(partial(_work, function))(item) for item in items)
    return results


def _work(function: Callable[[Any], Any], item: Any) -> Any:
    end_with_parent()
    return function(item)
