"""Processes that end with those that started them, and that may be copied."""

import ctypes
import os
import signal
import sys
from pathlib import Path

LINUX = sys.platform == "linux"


def end_with_parent() -> None:
    """Have the kernel end this process when the one that started it dies (Linux; elsewhere nothing happens).

    A killed `dvc repro` would otherwise leave its stage running, to write into outputs that were made again.
    """
    if LINUX:
        parent_death_signal = 1  # PR_SET_PDEATHSIG of prctl(2)
        ctypes.CDLL(None).prctl(parent_death_signal, signal.SIGTERM)
        if os.getppid() == 1 and os.environ.get("DVC_STAGE"):  # the parent died before the call
            os.kill(os.getpid(), signal.SIGTERM)


def may_fork() -> bool:
    """Tell whether a copy of this process would be whole: a fork takes along the thread that calls it alone.

    PyArrow's allocator has a thread of its own that it starts again after a fork.
    """
    if not LINUX:
        return False
    names = [path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm")]
    return len([name for name in names if name != "jemalloc_bg_thd"]) == 1
