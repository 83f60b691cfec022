"""One replica a seed, side by side in processes of one thread each.

One core does a recurrent step as fast as two: the small products inside a time step do not parallelise. One
thread a replica also makes its bytes independent of the number of cores.
"""

import ctypes
import hashlib
import os
import platform
import resource
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from threadpoolctl import threadpool_limits

from stages.console import end_with_parent
from stages.files import shared_cache
from stages.params import Parallel as Choices
from stages.tasks import Job

# glibc gives large buffers back to the kernel after every step and faults them in again; keeping them is worth
# 1.3 to 1.75 times. In one arena, what one thread frees another gets: that saves up to a third of a replica's memory
# and up to a quarter of a step's time, for a fifth more time of compiling. Elsewhere than on glibc this means nothing.
KEEP_BUFFERS = {  # read when a process starts
    "MALLOC_MMAP_THRESHOLD_": str(1 << 32),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 32),
    "MALLOC_TOP_PAD_": str(1 << 28),
    "MALLOC_ARENA_MAX": "1",
}
ON_GLIBC = platform.libc_ver()[0] == "glibc"
ONE_THREAD = {
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "NPROC": "1",  # XLA's pool of threads
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


def prepare_jax() -> None:
    """Settle threads, memory and the compilation cache for this process and its children, before JAX is imported.

    The cache gets no limit here, for JAX would read through all of it before every entry; `check` prunes it.
    """
    keep_buffers()
    os.environ |= ONE_THREAD | KEEP_BUFFERS
    os.environ |= {
        "JAX_COMPILATION_CACHE_DIR": str(shared_cache("compiled") / _processor()),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }


def _processor() -> str:
    """Name the kind of processor: what was compiled for one may not run on another that shares the folder."""
    told = Path("/proc/cpuinfo")
    flags = [line for line in told.read_text().splitlines() if line.startswith("flags")][:1] if told.exists() else []
    return hashlib.sha256("".join([platform.machine(), platform.processor(), *flags]).encode()).hexdigest()[:16]


def side_by_side(replica: Callable, jobs: Sequence, choices: Choices) -> list:
    """Return `replica(job)` for every job, in the jobs' order, run as processes of one thread each.

    A single job needs no process beside this one, and no time to start it. One more than there are cores may run, so
    that three replicas on two cores do not end with one that leaves a core idle.

    Args:
        replica: a function that can be imported by name, so that a cluster's workers find it too.
        jobs: one picklable argument a replica.
        choices: joblib's backend and how many run at a time.
    """
    prepare_jax()
    if len(jobs) == 1 and choices.backend not in ("dask", "ray"):
        with threadpool_limits(1):  # of libraries that were loaded before `prepare_jax`
            return [replica(jobs[0])]
    from joblib import Parallel, cpu_count, delayed

    processes = cpu_count() + 1 if choices.processes < 1 else choices.processes
    workers = Parallel(n_jobs=min(processes, len(jobs)), backend=choices.backend)
    return workers(delayed(_worker)(replica, job) for job in jobs)


def keep_buffers() -> None:
    """Settle for this process what `KEEP_BUFFERS` does for those that it starts (mallopt(3); glibc alone has it)."""
    if ON_GLIBC:
        no_mmap, trim_threshold, top_pad, arena_max = -4, -1, -2, -8
        for option, value in ((no_mmap, 0), (trim_threshold, (1 << 31) - 1), (top_pad, 1 << 28), (arena_max, 1)):
            ctypes.CDLL(None).mallopt(option, value)


def give_back() -> None:
    """Give memory that lies free back to the kernel, once: what compiling leaves is up to 100 MB (malloc_trim(3))."""
    if ON_GLIBC:
        ctypes.CDLL(None).malloc_trim(0)


def outcome(job: Job, validation: dict, epochs: list[dict], size: int, seconds: float, examples: int) -> dict:
    """Return what a replica tells `train`.

    Args:
        job: what it was told.
        validation: its figures on validation; the one that chooses between models comes first.
        epochs: rows of its learning curve, {epoch, train_loss, figures on validation}; none for a baseline.
        size: number of fitted values.
        seconds: of one core, that fitting took; compiling is not counted.
        examples: that were learned from, each counted as often as it was seen.
    """
    unit = 1 if sys.platform == "darwin" else 1024  # bytes in getrusage's figure
    return {
        "validation": validation,
        "epochs": epochs or [{"epoch": 1, "train_loss": None} | validation],
        "size": size,
        "timing": {
            "seed": job.seed,
            "fit_seconds": seconds,
            "epochs": max(len(epochs), 1),
            "examples_per_second": examples / seconds,
            "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit,
        },
    }


def _worker(replica: Callable, job: object) -> object:
    end_with_parent()
    return replica(job)
