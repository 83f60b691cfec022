"""Replicas in this process or in others: the same results, in the jobs' order."""

import os

import numpy as np
import pytest

from stages.params import Parallel
from stages.replicas import side_by_side


def product(job: int) -> tuple[int, bytes]:
    """Return the process that did the work, and the bytes of a product that many threads would sum otherwise."""
    matrix = np.random.default_rng(job).standard_normal((700, 700))
    return os.getpid(), (matrix @ matrix).tobytes()


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="needs two cores")
def test_one_job_needs_no_other_process_and_has_the_same_bytes():
    together = side_by_side(product, [1, 2], Parallel(processes=2))
    (own, alone), *_ = side_by_side(product, [1], Parallel())
    assert own == os.getpid() not in {process for process, _ in together}
    assert alone == together[0][1] != together[1][1]
