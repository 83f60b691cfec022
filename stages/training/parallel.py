"""Work side by side: one process of one thread for each item, on this machine or on a cluster."""

import importlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from threadpoolctl import threadpool_limits

from stages.config.schema import ParallelConfig
from stages.runtime.jax_setup import prepare_jax
from stages.runtime.processes import end_with_parent, may_fork
from stages.runtime.tricks import tricks_enabled

Item = TypeVar("Item")
Result = TypeVar("Result")


def run_parallel(function: Callable[[Item], Result], items: Sequence[Item], config: ParallelConfig) -> list[Result]:
    """Return `function(item)` for every item, in their order.

    A single item needs no process beside this one, and no time to start it.

    Args:
        function: one that can be imported by its name, so that a cluster's workers find it too.
        items: picklable arguments.
        config: where they run, and how many at a time.
    """
    prepare_jax()
    work = partial(one_thread, function)
    if config.backend == "dask":
        from stages.training.cluster import run_on_cluster

        return run_on_cluster(work, items, config)
    if len(items) == 1:
        return [work(items[0])]
    from joblib import Parallel, delayed

    workers = Parallel(n_jobs=min(num_processes(config), len(items)), backend=_start_method())
    results: list[Result] = workers(delayed(partial(_work, work))(item) for item in items)
    return results


def num_processes(config: ParallelConfig) -> int:
    """Return how many processes of this machine may work at a time.

    One more than there are cores, so that three replicas on two cores do not end with one that leaves a core idle.
    """
    from joblib import cpu_count

    return cpu_count() + 1 if config.processes < 1 else config.processes


def _start_method() -> str:
    """Return joblib's name for copies of this process, or for new ones where a copy would not be whole.

    Copies have imported Keras and JAX already, which takes a new process longer than many a training.
    """
    if not (tricks_enabled() and may_fork()):
        return "loky"
    importlib.import_module("stages.nn.network")
    return "multiprocessing"


def one_thread(function: Callable[[Item], Result], item: Item) -> Result:
    """Return `function(item)`, computed on one thread also by libraries that were loaded before."""
    prepare_jax()
    with threadpool_limits(1):
        return function(item)


def _work(function: Callable[[Any], Any], item: Any) -> Any:
    end_with_parent()
    return function(item)
