"""Initial values have the same bytes in compiled code and outside."""

import jax
import numpy as np
import pytest

from stages.nn.initializers import RandomNormal


@pytest.mark.parametrize("stddev", [0.1, 1.0])
def test_values_are_the_same_in_compiled_code(stddev):
    initializer = RandomNormal(stddev=stddev, seed=3)
    outside = initializer((50, 7), dtype="float32")
    inside = jax.jit(lambda: initializer((50, 7), dtype="float32"))()
    np.testing.assert_array_equal(outside, inside)
    assert np.std(outside) == pytest.approx(stddev, rel=0.1) and outside.dtype == "float32"
    assert not np.array_equal(outside, RandomNormal(stddev=stddev, seed=4)((50, 7)))
