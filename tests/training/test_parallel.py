"""Work in this process or in others: the same results, in the items' order."""

import os

import numpy as np
import pytest

from stages.config.schema import ParallelConfig
from stages.training.parallel import run_parallel


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
