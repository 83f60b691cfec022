"""Work on the workers of a Dask cluster.

The workers see the project in the same folder as this process does, on a disk that all of them share: from there they
take the code and the data, and there they leave checkpoints, learning curves and what they trained. A worker that is
lost has its item done again by another, which goes on from the checkpoint.
"""

import hashlib
import importlib.metadata
import os
import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from stages.config.schema import ParallelConfig
from stages.runtime.errors import UserError, listed
from stages.training.parallel import num_processes

if TYPE_CHECKING:
    from distributed import Client

Item = TypeVar("Item")
Result = TypeVar("Result")
CODE = Path(__file__).parents[1]
TIMEOUT = 10  # seconds in which a scheduler must answer
PACKAGES = ("jax", "jaxlib", "keras", "numpy", "scikit-learn", "joblib", "distributed")


def run_on_cluster(function: Callable[[Item], Result], items: Sequence[Item], config: ParallelConfig) -> list[Result]:
    """Return `function(item)` for every item, in their order.

    Raises:
        UserError: Dask is not installed, no scheduler answers, or its workers are not like this process.
    """
    with _connect(config) as client:
        _compare_workers(client)
        # Not by joblib's backend for Dask: with a single worker joblib works in this process, beside the cluster.
        work = client.map(partial(_work, function, str(Path.cwd())), items, pure=False)
        results: list[Result] = client.gather(work)
    return results


@contextmanager
def _connect(config: ParallelConfig) -> "Iterator[Client]":
    """Connect to the scheduler, or start a cluster of processes on this machine."""
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        raise UserError("parallel.backend: dask needs the extra `cluster`: pip install -e '.[cluster]'") from None
    if config.scheduler is None:
        with (
            LocalCluster(n_workers=num_processes(config), threads_per_worker=1, dashboard_address=":0") as cluster,
            Client(cluster) as client,
        ):
            yield client
        return
    try:
        client = Client(config.scheduler, timeout=TIMEOUT)
    except OSError as error:
        raise UserError(f"parallel.scheduler: {config.scheduler} does not answer ({error})") from None
    with client:
        yield client


def _compare_workers(client: "Client") -> None:
    """Have every worker say what its results depend on, and compare that with this process.

    Raises:
        UserError: there is no worker, or some differ; names each with all that differs.
    """
    threads = client.nthreads()
    if not threads:
        raise UserError("the Dask scheduler has no workers: start some with `dask worker`")
    here = surroundings(str(Path.cwd()))
    differences = [
        f"{worker}: {name} is {value}, here {here[name]}"
        for worker, found in client.run(surroundings, str(Path.cwd())).items()
        for name, value in found.items()
        if value != here[name]
    ]
    differences += [f"{worker}: {count} threads, not 1" for worker, count in threads.items() if count != 1]
    if differences:
        raise UserError(f"the workers of the Dask cluster are not like this process: {listed(differences)}")


def surroundings(folder: str) -> dict[str, Any]:
    """Return what results depend on where this runs: versions, the code, and whether the project's folder is there."""
    code = hashlib.sha256()
    for path in sorted(CODE.rglob("*.py")):
        code.update(path.read_bytes())
    versions = {name: importlib.metadata.version(name) for name in PACKAGES}
    there = "there" if Path(folder).is_dir() else "missing"
    return versions | {"Python": platform.python_version(), "stages/": code.hexdigest()[:12], folder: there}


def _work(function: Callable[[Any], Any], folder: str, item: Any) -> Any:
    os.chdir(folder)
    return function(item)
