"""The rows of pairs of models."""

import numpy as np
import pytest

from stages.evaluation.metric import Metric
from stages.evaluation.pairs import NUMBERS, all_pairs, clear, probability, proven, turned
from stages.evaluation.uncertainty import Figure, Independent, SeedPart

ERROR = Metric("error", "Error", "points of error", lambda sums: sums[..., 1], "", higher_is_better=False)


def figures(**values: float) -> dict[str, Figure]:
    """Return models' figures; their items differ in no systematic way."""
    rng = np.random.default_rng(0)
    return {name: Figure(value, rng.normal(0, 1, 100), ()) for name, value in values.items()}


def test_every_pair_has_a_row_and_p_is_corrected_for_their_number():
    pairs = all_pairs(figures(a=0, b=0.1, c=3), ERROR, Independent(), 0.95)
    assert [(pair["one"], pair["other"]) for pair in pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert set(pairs[0]) == {"one", "other", *NUMBERS}
    assert [pair["difference"] for pair in pairs] == pytest.approx([-0.1, -3, -2.9])
    assert all(pair["low"] < pair["difference"] < pair["high"] and pair["p"] <= pair["p_corrected"] for pair in pairs)
    assert [proven(pair, 0.95) for pair in pairs] == [False, True, True]


def test_a_bound_may_win_but_not_lose():
    (loses,) = all_pairs(figures(lstm=0, deconv=3), ERROR, Independent(), 0.95, {"deconv"})
    assert loses["p"] is None and loses["p_corrected"] is None and not clear(loses, 0.95)
    (wins,) = all_pairs(figures(lstm=3, deconv=0), ERROR, Independent(), 0.95, {"deconv"})
    assert proven(wins, 0.95)


def test_a_row_turned_tells_the_same_of_the_other():
    row = {"p": 0.01, "p_corrected": 0.02, "independent": 9.0, "over_seeds": True}
    pair = {"one": "a", "other": "b", "difference": 0.2, "low": 0.1, "high": 0.4} | row
    assert turned([pair], "a", "b") == {"difference": 0.2, "low": 0.1, "high": 0.4} | row
    assert turned([pair], "b", "a") == {"difference": -0.2, "low": -0.4, "high": -0.1} | row
    without = turned([pair | {"low": None, "high": None}], "b", "a")
    assert (without["low"], without["high"]) == (None, None)


@pytest.mark.parametrize(
    ("p", "over_seeds", "expected"), [(0.05, True, True), (0.051, True, False), (0.01, False, False)]
)
def test_proven_takes_the_corrected_p_and_several_seeds(p, over_seeds, expected):
    row = {"p": 0.001, "p_corrected": p, "over_seeds": over_seeds}
    assert proven(row, 0.95) is expected
    assert clear(row, 0.95) is (p <= 0.05)


def test_one_seed_is_not_enough():
    known, unknown = (Figure(value, np.random.default_rng(0).normal(size=50), ()) for value in (5, 0))
    pair = {"a": known, "b": Figure(0, unknown.influence * -1, (SeedPart(None, 1),))}
    (row,) = all_pairs(pair, ERROR, Independent(), 0.95)
    assert clear(row, 0.95) and not proven(row, 0.95)


def test_a_p_value_in_words():
    values = [probability(p) for p in (0.0123, 1.0, 0.00056, 1e-20, None)]
    assert values == ["0.012", "1", "0.00056", "<0.0001", "–"]
