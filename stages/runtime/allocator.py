"""glibc's allocator, tuned for JAX on a CPU.

glibc gives large buffers back to the kernel after every step and faults them in again; keeping them makes a step 1.3 to
1.75 times faster. In one arena, what one thread frees another gets: that saves up to a third of a replica's memory and
up to a quarter of a step's time, for a fifth more time of compiling. On other systems than glibc's nothing happens.
"""

import ctypes
import platform

from stages.runtime.tricks import tricks_enabled

ON_GLIBC = platform.libc_ver()[0] == "glibc"
ALLOCATOR_VARIABLES = {  # read by glibc when a process starts
    "MALLOC_MMAP_THRESHOLD_": str(1 << 32),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 32),
    "MALLOC_TOP_PAD_": str(1 << 28),
    "MALLOC_ARENA_MAX": "1",
}


def tune_allocator() -> None:
    """Settle for this process what `ALLOCATOR_VARIABLES` settle for those that it starts (mallopt(3))."""
    if ON_GLIBC and tricks_enabled():
        no_mmap, trim_threshold, top_pad, arena_max = -4, -1, -2, -8
        for option, value in ((no_mmap, 0), (trim_threshold, (1 << 31) - 1), (top_pad, 1 << 28), (arena_max, 1)):
            ctypes.CDLL(None).mallopt(option, value)


def trim_memory() -> None:
    """Give free memory back to the kernel, once: what compiling leaves is up to 100 MB (malloc_trim(3))."""
    if ON_GLIBC and tricks_enabled():
        ctypes.CDLL(None).malloc_trim(0)
