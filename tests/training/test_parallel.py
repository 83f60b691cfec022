"""Work in this process or in others: the same results, in the items' order."""

import os
import subprocess
import sys

import numpy as np
import pytest

from stages.config.schema import ParallelConfig
from stages.runtime.processes import LINUX
from stages.runtime.tricks import SWITCH
from stages.training.parallel import run_parallel
from tests.project import PROJECT


def product(item: int) -> tuple[int, bytes]:
    """Return the process that did the work, and the bytes of a product that many threads would sum otherwise."""
    matrix = np.random.default_rng(item).standard_normal((700, 700))
    return os.getpid(), (matrix @ matrix).tobytes()


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="needs two cores")
def test_one_item_needs_no_other_process_and_has_the_same_bytes():
    together = run_parallel(product, [1, 2], ParallelConfig(processes=2))
    (process, alone), *_ = run_parallel(product, [1], ParallelConfig())
    assert process == os.getpid() not in {other for other, _ in together}
    assert alone == together[0][1] != together[1][1]


@pytest.mark.skipif(not LINUX, reason="needs Linux")
@pytest.mark.parametrize("plain", [False, True])
def test_processes_are_copies_of_one_that_has_imported_keras_unless_tricks_are_off(plain):
    code = (
        "from stages.config.schema import ParallelConfig\n"
        "from stages.training.parallel import run_parallel\n"
        "from tests.training.test_parallel import has_keras\n"
        "if __name__ == '__main__':\n"
        "    print(run_parallel(has_keras, [1, 2], ParallelConfig(processes=2)))"
    )
    environment = os.environ | ({SWITCH: "1"} if plain else {})
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, env=environment, capture_output=True, text=True)
    assert done.stdout == str([not plain] * 2) + "\n", done.stderr
    assert done.stderr == ""


def has_keras(_: int) -> bool:
    return "keras" in sys.modules
