"""The step that trains every network."""

import jax
import keras
import numpy as np
import pytest

from stages.training import compile_step, first_state


def mean_loss(weights: list[float], last_target: float = 9.0) -> float:
    """Return the loss of a first step over three rows of these weights."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    optimizer = keras.optimizers.SGD(0.1)
    step = compile_step(model, optimizer, lambda targets, outputs: jax.numpy.square(targets - outputs[:, 0]), 0.0)
    inputs, targets = np.array([[1], [2], [3]], np.float32), np.array([1, 4, last_target], np.float32)
    return float(step(first_state(model, optimizer), inputs, targets, np.array(weights, np.float32))[1])


def test_a_weight_counts_by_itself_and_not_only_against_others_of_its_batch():
    assert mean_loss([0.5, 0.5, 0.5]) == pytest.approx(mean_loss([1, 1, 1]) / 2)


def test_rows_that_pad_do_not_count():
    assert mean_loss([1, 1, 0]) == mean_loss([1, 1, 0], last_target=-100)
    alone = [mean_loss([1, 0, 0]), mean_loss([0, 1, 0])]
    assert mean_loss([1, 1, 0]) == pytest.approx(np.mean(alone))
    assert mean_loss([1, 1, 1]) != mean_loss([1, 1, 1], last_target=-100)
