"""Linear algebra on one thread, in whatever stage and however it was started."""

import subprocess
import sys

from tests.project import PROJECT


def test_libraries_have_one_thread_from_the_start():
    code = (
        "import stages.evaluate, scipy.linalg, sklearn.linear_model, threadpoolctl\n"
        "print({library['num_threads'] for library in threadpoolctl.threadpool_info()})"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout == "{1}\n"
