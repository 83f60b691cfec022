"""A network's initial values come at once, and are those that Keras gives one by one."""

from collections.abc import Callable

import jax
import keras
import numpy as np
import pytest

from stages.nn.initializers import RandomNormal
from stages.nn.network import Network, build_model
from stages.runtime import initialization
from stages.runtime.initialization import batched_init


def make() -> keras.Model:
    """Return a network with every kind of initial value that ours have."""
    ids = keras.Input((None,), dtype="int32")
    vectors = keras.layers.Dropout(0.5)(keras.layers.Embedding(7, 6)(ids))  # uniform numbers
    states = keras.layers.LSTM(4, return_sequences=True)(vectors)  # Glorot's, orthogonal ones, ones for forgetting
    attended = keras.layers.MultiHeadAttention(2, 3)(states, states)
    return keras.Model(ids, keras.layers.Dense(2, kernel_initializer=RandomNormal())(attended))


def values(model: keras.Model) -> list[np.ndarray]:
    return [np.array(variable.value) for variable in model.variables]


def test_initial_values_are_those_of_the_initializers():
    keras.utils.clear_session()
    keras.utils.set_random_seed(3)
    one_by_one = make()
    at_once = build_model(make, seed=3)
    assert [variable.path for variable in at_once.variables] == [variable.path for variable in one_by_one.variables]
    for value, expected in zip(values(at_once), values(one_by_one), strict=True):
        np.testing.assert_allclose(value, expected, atol=1e-6)
    assert not np.allclose(values(at_once)[0], values(build_model(make, seed=4))[0])


def test_without_a_seed_the_weights_are_zero_until_they_are_loaded():
    model = build_model(make)
    assert all(not value.any() for value in map(np.array, model.trainable_variables))
    trained = build_model(make, seed=1)
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

    monkeypatch.setattr(initialization, "Compiled", compiled)
    for seed in (1, 2):
        build_model(make, seed)
    assert len(codes) == 2
    assert codes[0] == codes[1]


def test_a_block_may_make_nothing():
    with batched_init():
        pass


def test_a_network_is_saved_and_loaded_with_other_weights(tmp_path):
    first, second = Network(build_model(make, seed=1)), Network(build_model(make, seed=2))
    inputs = np.array([[1, 2, 3]])
    expected = np.array(first.forward(inputs))
    assert first.num_params() == sum(value.size for value in first.weights())
    assert not np.array_equal(second.forward(inputs), expected)
    np.testing.assert_array_equal(second.forward(inputs, first.weights()), expected)
    first.save(tmp_path)
    second.load_weights(tmp_path)
    np.testing.assert_array_equal(second.forward(inputs), expected)
