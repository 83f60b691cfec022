"""Intervals by bootstrap, paired tests and Holm's correction, where the truth is known."""

from itertools import product

import numpy as np
import pytest

from stages.config.schema import EvaluationConfig
from stages.evaluation.metric import Metric
from stages.evaluation.significance import bounds, holm, paired_test, pairwise_result, resample, significant

QUICK = EvaluationConfig(bootstrap=200, permutations=500)
METRICS = (
    Metric("accuracy", "Accuracy", "points of accuracy", lambda sums: sums[..., 1] / sums[..., 0], ""),
    Metric("errors", "Errors", "errors", lambda sums: sums[..., 0] - sums[..., 1], "", higher_is_better=False),
)


def hits_of(accuracy: float, items: int = 200, seed: int = 0) -> np.ndarray:
    """Return for each item 1 if it was predicted right, (items,)."""
    return (np.random.default_rng(seed).random(items) < accuracy).astype(float)


def statistics(*hits: np.ndarray) -> np.ndarray:
    """Return each seed's count and hits, (seeds, items, 2)."""
    return np.stack([np.stack([np.ones_like(seed), seed], axis=1) for seed in hits])


def spread(*accuracies: float) -> float:
    """Return how far apart the resampled accuracies of seeds with exactly these accuracies lie."""
    rng = np.random.default_rng(7)
    hits = [rng.permutation(np.arange(200) < round(200 * accuracy)).astype(float) for accuracy in accuracies]
    return float(resample({"m": statistics(*hits)}, METRICS, QUICK)["m"]["accuracy"].std())


def test_same_predictions_differ_by_nothing():
    hits = hits_of(0.8)
    assert paired_test(hits, hits, QUICK) == {"difference": 0, "p": 1}


def test_better_model_has_a_small_p():
    outcome = paired_test(hits_of(0.9), hits_of(0.6, seed=1), QUICK)
    assert outcome["difference"] == pytest.approx(0.3, abs=0.1)
    assert outcome["p"] == 1 / 501  # none of the permutations reaches it; 0 is never claimed
    turned = paired_test(hits_of(0.6, seed=1), hits_of(0.9), QUICK)
    assert turned == outcome | {"difference": -outcome["difference"]}


@pytest.mark.parametrize("seed", range(4))
def test_p_is_that_of_all_signs(seed):
    rng = np.random.default_rng(seed)
    ones, others = rng.integers(0, 4, size=(2, 9)) / 3  # means over three seeds
    differences = ones - others
    sums = np.array([np.dot(signs, differences) for signs in product([-1, 1], repeat=9)])
    exact = (np.abs(sums) >= abs(differences.sum()) - 1e-9).mean()
    outcome = paired_test(ones, others, EvaluationConfig(permutations=5000))
    assert outcome["p"] == pytest.approx(exact, abs=4 * 0.5 / np.sqrt(5000))


def test_p_is_uniform_where_models_are_alike():
    below = [paired_test(hits_of(0.7, 80, n), hits_of(0.7, 80, 1000 + n), QUICK)["p"] < 0.1 for n in range(150)]
    assert 0.01 < np.mean(below) < 0.18


def test_intervals_cover_the_true_accuracy_as_often_as_stated():
    covered = 0
    for repetition in range(60):
        values = resample({"m": statistics(hits_of(0.8, 300, repetition))}, METRICS, QUICK)["m"]["accuracy"]
        interval = bounds(values, 0.95)
        covered += interval["low"] <= 0.8 <= interval["high"]
    assert 0.85 <= covered / 60


def test_a_wider_confidence_is_a_wider_interval():
    values = np.arange(1001) / 1000
    assert bounds(values, 0.9) == pytest.approx({"low": 0.05, "high": 0.95})
    assert bounds(values, 0.5) == pytest.approx({"low": 0.25, "high": 0.75})


def test_resampling_draws_items_and_seeds():
    one = spread(0.8)
    assert one == pytest.approx(np.sqrt(0.8 * 0.2 / 200), rel=0.2)
    assert spread(0.8, 0.8) < one
    assert spread(0.6, 1.0) > 3 * spread(0.8, 0.8)


def test_resamples_have_the_same_items_for_all_models():
    hits = statistics(hits_of(0.7))
    outcome = resample({"a": hits, "b": hits}, METRICS, QUICK)
    assert set(outcome["a"]) == {"accuracy", "errors"}
    for metric, values in outcome["a"].items():
        assert values.shape == (200,)
        assert np.array_equal(values, outcome["b"][metric])


def test_the_seed_of_the_resampling_counts():
    hits = {"a": statistics(hits_of(0.7))}
    first, again = (resample(hits, METRICS, QUICK)["a"]["accuracy"] for _ in range(2))
    other = resample(hits, METRICS, EvaluationConfig(bootstrap=200, seed=1))["a"]["accuracy"]
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_chunks_cover_every_resample(monkeypatch):
    monkeypatch.setattr("stages.evaluation.significance.CHUNK", 64)
    assert len(resample({"a": statistics(hits_of(0.7))}, METRICS, QUICK)["a"]["accuracy"]) == 200
    assert paired_test(hits_of(0.9), hits_of(0.6, seed=1), QUICK)["p"] == 1 / 501


def test_holm_is_the_papers_procedure():
    assert holm([0.01, 0.04, 0.03, 0.005]).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.9]).tolist() == [1, 1]
    assert holm([]).tolist() == []


@pytest.mark.parametrize(
    ("p", "low", "high", "expected"),
    [(0.05, 0.1, 0.2, True), (0.051, 0.1, 0.2, False), (0.01, -0.1, 0.2, False), (0.01, -0.2, -0.1, True)],
)
def test_significant_takes_test_and_interval(p, low, high, expected):
    assert significant({"p": 0.001, "p_corrected": p, "low": low, "high": high}, 0.95) is expected


def test_without_a_correction_the_p_itself_counts():
    assert significant({"p": 0.01, "low": 0.1, "high": 0.2}, 0.95)
    assert not significant({"p": 0.06, "low": 0.1, "high": 0.2}, 0.95)


def test_a_pair_is_turned_towards_the_model_asked_for():
    pair = {"one": "a", "other": "b", "difference": 0.2, "low": 0.1, "high": 0.4, "p": 0.01, "p_corrected": 0.02}
    turned = {"difference": -0.2, "low": -0.4, "high": -0.1, "p": 0.01, "p_corrected": 0.02}
    assert pairwise_result([pair], "a", "b")["low"] == 0.1
    assert pairwise_result([pair], "b", "a") == turned
