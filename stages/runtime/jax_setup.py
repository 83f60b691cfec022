"""JAX's threads, memory and compilation cache, settled before JAX is imported.

One core does a recurrent step as fast as two: the small products inside a time step do not parallelise. One thread a
process also makes its bytes independent of the number of cores.
"""

import hashlib
import os
import platform
from pathlib import Path

from stages.runtime.allocator import ALLOCATOR_VARIABLES, tune_allocator
from stages.runtime.files import shared_cache
from stages.runtime.tricks import tricks_enabled

ONE_THREAD = {
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "NPROC": "1",  # XLA's pool of threads
}


def prepare_jax() -> None:
    """Settle threads, memory and the compilation cache for this process and its children, before JAX is imported.

    The cache gets no limit here, for JAX would read through all of it before every entry; `check` prunes it.
    """
    tune_allocator()
    os.environ |= ONE_THREAD | (ALLOCATOR_VARIABLES if tricks_enabled() else {})
    os.environ |= {
        "JAX_COMPILATION_CACHE_DIR": str(shared_cache("compiled") / _processor()),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }


def _processor() -> str:
    """Name the kind of processor: what was compiled for one may not run on another that shares the folder."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    flags = [line for line in lines if line.startswith("flags")][:1]
    return hashlib.sha256("".join([platform.machine(), platform.processor(), *flags]).encode()).hexdigest()[:16]
