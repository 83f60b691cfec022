"""How long a network trains, whatever the amount of data."""

import numpy as np
import pytest

from stages.config.schema import TrainingConfig
from stages.training.budget import Epochs, plan


def epochs_of(batches: int, epochs: int, per_pass: int = 1, **bounds: int) -> Epochs:
    """Return the epochs over passes of so many batches: (pass, batch) each."""
    training = TrainingConfig(**({"min_steps": 1} | bounds))
    return Epochs(lambda number: [(number, batch) for batch in range(batches)], epochs, training, per_pass)


def test_within_the_bounds_an_epoch_is_a_pass():
    epochs = epochs_of(4, 3, min_steps=12, max_steps=12)
    assert epochs.steps == 12 and epochs(2) == [(2, batch) for batch in range(4)]


def test_few_data_are_gone_over_until_there_are_steps_enough():
    epochs = epochs_of(4, 3, min_steps=30)
    assert epochs.steps == 36
    assert epochs(1) == [(number, batch) for number in (3, 4, 5) for batch in range(4)]


def test_of_many_data_an_epoch_is_a_part_of_a_pass():
    epochs = epochs_of(10, 3, max_steps=12)
    assert epochs.steps <= 12
    seen = epochs(0) + epochs(1) + epochs(2)
    assert sorted(seen) == [(0, batch) for batch in range(10)]  # each once, before any comes again


@pytest.mark.parametrize(("bounds", "passes"), [({}, 2), ({"min_steps": 40}, 4), ({"max_steps": 7}, 1)])
def test_a_pass_may_take_several_epochs_and_holds_every_batch_once(bounds, passes):
    epochs = epochs_of(10, 6, per_pass=3, **bounds)
    seen = [item for epoch in range(6) for item in epochs(epoch)]
    assert len(set(seen)) == len(seen)
    for number in range(passes if not bounds.get("max_steps") else 0):
        assert {batch for of_pass, batch in seen if of_pass == number} == set(range(10))


def test_one_batch_is_every_epoch():
    epochs = epochs_of(1, 4, per_pass=9)
    assert [epochs(number) for number in range(3)] == [[(number, 0)] for number in range(3)]


@pytest.mark.parametrize(
    ("bounds", "span"), [({}, 100), ({"min_steps": 1000}, 250), ({"max_steps": 50}, 13), ({"min_steps": 401}, 101)]
)
def test_where_steps_are_drawn_an_epoch_takes_more_or_fewer(bounds, span):
    assert plan(4, 100, 900, TrainingConfig(**({"min_steps": 1} | bounds))) == (4, span, 1)


@pytest.mark.parametrize(("pass_steps", "expected"), [(20, (4, 100, 1)), (10, (8, 50, 2)), (3, (28, 15, 7))])
def test_of_few_data_validation_is_looked_at_every_five_passes(pass_steps, expected):
    assert plan(4, 100, pass_steps, TrainingConfig()) == expected


@pytest.mark.parametrize("per_pass", [1, 3])
def test_an_epoch_is_no_more_than_five_passes(per_pass):
    epochs = epochs_of(3, 4, per_pass, min_steps=300)
    assert epochs.finer > 1 and epochs.count == 4 * epochs.finer and epochs.steps >= 300
    assert len(epochs(0)) <= 15
    seen = [item for epoch in range(epochs.count) for item in epochs(epoch)]
    assert len(seen) == len(set(seen)) == epochs.steps


@pytest.mark.parametrize("batches", np.random.default_rng(0).integers(1, 5000, 20))
@pytest.mark.parametrize("per_pass", [1, 5])
def test_the_bounds_are_kept_to_within_an_epochs_rounding(batches, per_pass):
    epochs = epochs_of(int(batches), 6, per_pass, min_steps=300, max_steps=2000)
    assert 300 <= epochs.steps <= 2000 + 6


def test_bounds_out_of_order_are_refused():
    with pytest.raises(ValueError, match=r"max_steps \(5\) must not be below min_steps \(9\)"):
        TrainingConfig(min_steps=9, max_steps=5)
