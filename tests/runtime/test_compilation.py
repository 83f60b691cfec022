"""Functions are compiled once for each of their shapes, and the clock does not count it; without tricks JAX does it."""

from time import process_time

import jax
import jax.numpy as jnp
import numpy as np
from filelock import FileLock, Timeout

from stages.runtime.clock import clock
from stages.runtime.compilation import Compiled
from stages.runtime.files import shared_cache


def test_each_shape_is_compiled_once():
    traced = []

    @Compiled
    def double(numbers: list) -> list:
        traced.append(numbers[0].shape)
        return [2 * array for array in numbers]

    for length in (3, 5, 3, 5):
        (doubled,) = double([np.arange(length)])
        assert doubled.tolist() == [2 * number for number in range(length)]
    assert traced == [(3,), (5,)]


def test_other_types_of_the_same_shape_are_other_functions():
    half = Compiled(lambda numbers: numbers / 2)
    assert half(np.array([1], np.int32)).tolist() == half(np.array([1], np.float32)).tolist() == [0.5]


def test_options_go_to_jax():
    step = Compiled(lambda state: state + 1, donate_argnums=0)
    state = jnp.zeros(1000)
    step(state)
    assert state.is_deleted()


def test_one_process_at_a_time_compiles(monkeypatch):
    held = []
    compile_it = jax.stages.Lowered.compile

    def watched(lowered):
        try:
            FileLock(shared_cache("compiled") / "lock", timeout=0).acquire()
        except Timeout:
            held.append(True)
        return compile_it(lowered)

    monkeypatch.setattr(jax.stages.Lowered, "compile", watched)
    Compiled(lambda numbers: numbers + 1)(np.arange(4))
    assert held == [True]


def test_the_clock_leaves_compiling_out(monkeypatch):
    compile_it = jax.stages.Lowered.compile

    def slow(lowered):
        end = process_time() + 0.2
        while process_time() < end:
            pass
        return compile_it(lowered)

    monkeypatch.setattr(jax.stages.Lowered, "compile", slow)
    counted, all_in_all = clock.seconds(), process_time()
    Compiled(lambda numbers: numbers - 1)(np.arange(4))
    assert clock.seconds() - counted <= process_time() - all_in_all - 0.2 + 1e-3
