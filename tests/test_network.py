"""A network's first values come at once, and are those that Keras gives one by one."""

from collections.abc import Callable

import jax
import keras
import numpy as np
import pytest

from stages import network
from stages.network import assembled, first_values_at_once


def make() -> keras.Model:
    """Return a network with every kind of first value that ours have."""
    ids = keras.Input((None,), dtype="int32")
    vectors = keras.layers.Dropout(0.5)(keras.layers.Embedding(7, 6)(ids))  # uniform numbers
    states = keras.layers.LSTM(4, return_sequences=True)(vectors)  # Glorot's, orthogonal ones, ones for forgetting
    attended = keras.layers.MultiHeadAttention(2, 3)(states, states)
    return keras.Model(ids, keras.layers.Dense(2, kernel_initializer=keras.initializers.RandomNormal())(attended))


def values(model: keras.Model) -> list[np.ndarray]:
    return [np.array(variable.value) for variable in model.variables]


def test_first_values_are_those_of_the_initializers():
    keras.utils.clear_session()
    keras.utils.set_random_seed(3)
    one_by_one = make()
    at_once = assembled(make, seed=3)
    assert [variable.path for variable in at_once.variables] == [variable.path for variable in one_by_one.variables]
    for own, expected in zip(values(at_once), values(one_by_one), strict=True):
        np.testing.assert_allclose(own, expected, atol=1e-6)
    assert not np.allclose(values(at_once)[0], values(assembled(make, seed=4))[0])


def test_without_a_seed_the_weights_are_zero_until_they_are_loaded():
    model = assembled(make)
    assert all(not value.any() for value in map(np.array, model.trainable_variables))
    trained = assembled(make, seed=1)
    model.set_weights(trained.get_weights())
    np.testing.assert_array_equal(model(np.array([[1, 2, 3]])), trained(np.array([[1, 2, 3]])))


def test_all_seeds_have_one_code(monkeypatch: pytest.MonkeyPatch):
    """Replicas then find it in the cache of compiled code, which is looked up by its text."""
    codes = []

    def compiled(function: Callable, **_options: dict) -> Callable:
        def call(*arguments: np.ndarray) -> list:
            codes.append(jax.jit(function).lower(*arguments).as_text())
            return function(*arguments)

        return call

    monkeypatch.setattr(network, "Compiled", compiled)
    for seed in (1, 2):
        assembled(make, seed)
    assert len(codes) == 2
    assert codes[0] == codes[1]


def test_a_block_may_make_nothing():
    with first_values_at_once():
        pass
