"""A metric's one definition: its value, its direction and its wording."""

import numpy as np
import pytest

from stages.evaluation.metric import Metric, measure

ACCURACY = Metric(
    "accuracy",
    "Accuracy",
    "points of accuracy",
    lambda sums: sums[..., 1] / sums[..., 0],
    "Share of items that were predicted right.",
    headline=True,
    scale=100,
    digits=1,
    format="{:.1%}",
)
MASE = Metric("mase", "MASE", "points of MASE", lambda sums: sums[..., 1], "", higher_is_better=False)
COVERAGE = Metric("coverage", "Coverage", "points", lambda sums: sums[..., 0], "", higher_is_better=None)


def test_a_metric_comes_from_sums_of_any_shape():
    sums = np.array([[[4.0, 3.0], [2.0, 1.0]]])
    assert ACCURACY.from_sums(sums).tolist() == [[0.75, 0.5]]
    assert measure((ACCURACY, MASE), sums[0, 0]) == {"accuracy": 0.75, "mase": 3.0}


def test_the_arrow_is_where_lower_is_better():
    assert [metric.heading for metric in (ACCURACY, MASE, COVERAGE)] == ["Accuracy", "MASE ↓", "Coverage"]


def test_the_title_within_a_sentence():
    assert [metric.words for metric in (ACCURACY, MASE, COVERAGE)] == ["accuracy", "MASE", "coverage"]


def test_a_gain_is_more_where_better():
    assert ACCURACY.gain(0.2) == 0.2 and MASE.gain(0.2) == -0.2


@pytest.mark.parametrize(
    ("difference", "words"), [(-0.0001, "0.0"), (0.0001, "0.0"), (-0.1004, "−10.0"), (0.1, "+10.0"), (0.0006, "+0.1")]
)
def test_a_difference_has_its_sign_unless_it_rounds_to_nothing(difference, words):
    assert ACCURACY.signed(difference) == words


def test_a_difference_with_its_interval():
    assert ACCURACY.versus({"difference": 0.012, "low": -0.003, "high": 0.027}) == "+1.2 [−0.3, +2.7]"
    assert MASE.versus({"difference": -0.0123, "low": -0.02, "high": 0.0004}) == "−0.012 [−0.020, 0.000]"
    assert ACCURACY.size(-0.02) == "2.0"
