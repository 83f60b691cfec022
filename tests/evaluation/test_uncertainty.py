"""Intervals and p-values of one model of variance, where the truth is known."""

from typing import Any

import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.stats import t, ttest_1samp, ttest_ind

from stages.evaluation.metric import Metric
from stages.evaluation.uncertainty import (
    Figure,
    Grouped,
    Independent,
    Ordered,
    Sampling,
    SeedPart,
    figure,
    holm,
    moderated,
    uncertainty,
)

MEAN = Metric("mean", "Mean", "points", lambda sums: sums[..., 1] / sums[..., 0], "")
SQUARE = Metric("square", "Square", "points", lambda sums: (sums[..., 1] / sums[..., 0]) ** 2, "")


def statistics(*seeds: Any) -> np.ndarray:
    """Return each seed's count and values, (seeds, items, 2)."""
    return np.stack([np.stack([np.ones(len(values)), np.asarray(values, float)], axis=1) for values in seeds])


def neighbours_alike(rng: np.random.Generator, items: int, share: float) -> np.ndarray:
    """Return values of which each keeps a share of the one before."""
    values: np.ndarray = lfilter([1], [1, -share], rng.normal(size=items + 300))[300:]
    return values


def rejections(values: list[np.ndarray], sampling: Sampling) -> float:
    """Return how often a mean of 0 seems to be another."""
    p = [uncertainty(figure(MEAN, statistics(each), False), sampling, 0.95).p for each in values]
    return float(np.mean(np.array(p, float) < 0.05))


def test_of_independent_items_and_no_seeds_it_is_students_t():
    values = np.random.default_rng(0).normal(0.2, 1, 40)
    result = uncertainty(figure(MEAN, statistics(values), network=False), Independent(), 0.95)
    expected = ttest_1samp(values, 0)
    assert result.p == pytest.approx(expected.pvalue)
    assert (result.low, result.high) == pytest.approx(tuple(expected.confidence_interval(0.95)))
    assert result.independent == 40


def test_of_seeds_alone_it_is_welchs_t():
    one, other = [0.9, 0.8, 0.7, 0.85], [0.5, 0.7, 0.4]
    figures = [figure(MEAN, statistics(*[[value] * 10 for value in values]), network=True) for values in (one, other)]
    expected = ttest_ind(one, other, equal_var=False)
    result = uncertainty(figures[0] - figures[1], Independent(), 0.95)
    assert result.p == pytest.approx(expected.pvalue)
    assert (result.low, result.high) == pytest.approx(tuple(expected.confidence_interval(0.95)))


def test_items_and_seeds_add_up():
    rng = np.random.default_rng(0)
    values = [rng.normal(level, 1, 50) for level in (0.0, 0.5, 1.0)]
    of_seeds, of_items = np.var([each.mean() for each in values], ddof=1), np.mean(values, axis=0).var(ddof=1)
    result = figure(MEAN, statistics(*values), network=True)
    assert result.seeds == (SeedPart(pytest.approx(of_seeds), 3),)
    parts = of_items / 50, of_seeds / 3
    df = sum(parts) ** 2 / (parts[0] ** 2 / 49 + parts[1] ** 2 / 2)
    reach = t.ppf(0.975, df) * np.sqrt(sum(parts))
    assert uncertainty(result, Independent(), 0.95).high == pytest.approx(result.value + reach)


def test_a_differences_influence_is_that_of_its_items():
    rng = np.random.default_rng(0)
    ones, others = rng.normal(size=(2, 30))
    gap = figure(MEAN, statistics(ones), False) - figure(MEAN, statistics(others), False)
    assert gap.value == pytest.approx((ones - others).mean())
    assert gap.influence == pytest.approx(ones - others - (ones - others).mean())
    assert uncertainty(gap, Independent(), 0.9).p == pytest.approx(ttest_1samp(ones - others, 0).pvalue)


def test_the_jackknife_follows_a_curved_metric():
    values = np.random.default_rng(0).normal(3, 1, 400)
    result = figure(SQUARE, statistics(values), False)
    assert result.influence.std() == pytest.approx(2 * values.mean() * values.std(), rel=0.01)  # the delta method


def test_a_part_of_the_items_and_a_difference_of_two_parts_by_seed():
    seeds = [np.array([0.0, 0, 0, 4, 4, 8]), np.array([1.0, 1, 1, 5, 5, 8])]
    low, high = np.arange(6) < 3, (np.arange(6) >= 3) & (np.arange(6) < 5)
    part = figure(MEAN, statistics(*seeds), True, chosen=low)
    assert (part.value, part.seeds[0].variance) == (0.5, 0.5)
    both = figure(MEAN, statistics(*seeds), True, chosen=high, less=low)
    assert (both.value, both.seeds[0].variance) == (4, 0)  # what differs by seed is the same on both


def test_the_variance_of_a_part_is_that_of_its_items():
    values = np.random.default_rng(0).normal(size=400)
    chosen = np.arange(400) % 4 == 0
    of_part = figure(MEAN, statistics(values), False, chosen)
    assert len(of_part.influence) == 100
    assert Independent().spread(of_part.influence).variance == pytest.approx(values[chosen].var(ddof=1) / 100)
    both = figure(MEAN, statistics(values), False, chosen, ~chosen)
    expected = values[chosen].var() / 100 + values[~chosen].var() / 300
    assert Independent().spread(both.influence).variance == pytest.approx(expected, rel=0.02)


def test_nothing_is_said_of_too_few():
    assert uncertainty(figure(MEAN, statistics([1, 2, 3, 4]), False), Independent(), 0.95) == (None, None, None, 4)
    assert uncertainty(figure(MEAN, statistics([1, 2, 3, 4, 9]), False), Independent(), 0.95).p is not None
    values = np.random.default_rng(0).normal(size=200)
    assert uncertainty(figure(MEAN, statistics(values), False), Ordered(overlap=50), 0.95)[:3] == (None, None, None)
    assert uncertainty(figure(MEAN, statistics(values[:29]), False), Ordered(), 0.95)[:3] == (None, None, None)
    assert figure(MEAN, statistics([3.0]), False).influence.tolist() == [0]


def test_nothing_is_said_of_a_figure_without_bounds():
    huge = Metric("huge", "Huge", "points", lambda sums: 10.0 ** (60 * sums[..., 1]), "")
    each = figure(huge, statistics(np.linspace(0, 1, 9)), False)
    with np.errstate(over="ignore"):
        assert uncertainty(each, Independent(), 0.95)[:3] == (None, None, None)


def test_where_nothing_varies():
    same = figure(MEAN, statistics([1.0] * 5), False)
    assert uncertainty(same - same, Independent(), 0.95) == (0, 0, 1, 5)
    result = uncertainty(same, Independent(), 0.95)
    assert result.p == pytest.approx(2 / 2**5, abs=0.01)  # that of the sign test; never 0
    assert result.low < 0 < result.high
    many = uncertainty(figure(MEAN, statistics([1.0] * 500), False), Ordered(), 0.95)
    assert many.p < 1e-9 and many.low > 0.9


def test_groups_are_the_items():
    values = np.repeat([1.0, 2, 3, 6], 5)
    works = Grouped(np.repeat(list("abcd"), 5), "works")
    result = uncertainty(figure(MEAN, statistics(values), False), works, 0.95)
    expected = ttest_1samp([1, 2, 3, 6], 0)
    assert result.p == pytest.approx(expected.pvalue) and result.independent == 4
    three = Grouped(np.repeat(list("abc"), 5), "works")
    assert uncertainty(figure(MEAN, statistics(values[:15]), False), three, 0.95).p is None


def test_groups_of_unequal_sizes_count_as_fewer_and_are_not_too_sure():
    groups = np.repeat(np.arange(5), [100, 100, 100, 100, 300])
    works, rng = Grouped(groups, "works"), np.random.default_rng(0)
    assert works.independent == pytest.approx(700**2 / (4 * 100**2 + 300**2))
    values = [rng.normal(size=5)[groups] + rng.normal(size=700) for _ in range(600)]
    assert rejections(values, works) <= 0.07
    assert Grouped(np.repeat(np.arange(4), [10, 10, 10, 100]), "works").independent < Grouped.fewest


def test_neighbours_that_are_alike_count_as_fewer():
    rng = np.random.default_rng(0)
    alike, alone = neighbours_alike(rng, 2000, 0.8), rng.normal(size=2000)
    assert Ordered().spread(alone).independent > 1000 > 250 > Ordered().spread(alike).independent
    assert Ordered(overlap=48).spread(alone).independent <= 2000 / 48
    # The long-run variance of such values is 1 / (1 − 0.8)².
    assert 20 < Ordered().spread(alike).variance * 2000 < 50


@pytest.mark.parametrize("share", [0.0, 0.5, 0.8])
def test_means_of_alike_neighbours_are_rarely_called_others(share):
    rng = np.random.default_rng(1)
    values = [neighbours_alike(rng, 400, share) for _ in range(300)]
    assert rejections(values, Ordered()) <= 0.08  # 0.05 and twice its error
    if share:
        assert rejections(values, Independent()) > 0.2  # which the test would not see if it were asleep


def test_one_seed_covers_no_others():
    network, baseline = (figure(MEAN, statistics(range(10)), network) for network in (True, False))
    assert not network.over_seeds and not (baseline - network).over_seeds
    assert baseline.over_seeds
    assert figure(MEAN, statistics(range(10), range(10)), network=True).over_seeds


def test_no_network_counts_as_steadier_than_the_middle_one():
    blank = np.zeros(3)
    figures = {
        name: Figure(0, blank, (SeedPart(value, 3),)) for name, value in zip("abc", (1.0, 4.0, 9.0), strict=True)
    }
    figures |= {"single": Figure(0, blank, (SeedPart(None, 1),)), "baseline": Figure(0, blank, ())}
    raised = moderated(figures)
    assert [raised[name].seeds[0].variance for name in "abc"] == [4, 4, 9]
    assert raised["single"] == figures["single"] and raised["baseline"].seeds == ()


def test_holm_counts_what_was_not_tested():
    assert holm([0.01, None, 0.04, 0.03]) == [pytest.approx(0.04), None, pytest.approx(0.09), pytest.approx(0.09)]
    assert holm([]) == [] and holm([None]) == [None]
