"""How often the comparison is wrong, in small: `make calibration` does it at length, into docs/statistics.md."""

import gc
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import lfilter

from stages.evaluation.uncertainty import Independent, Ordered
from tools.calibration import BEGIN, END, error_rates, group_rejections, null_rejections, null_series

REPETITIONS = 150


@pytest.fixture(autouse=True)
def little_garbage():
    """Have statsmodels' collections look at what a test makes, and not at all that pytest holds."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.parametrize("ratio", [0.0, 1.0, 2.0, (6.0, 0.3)])
def test_models_that_do_not_differ_are_rarely_called_different(ratio):
    missed, families = error_rates(ratio, 3, REPETITIONS)
    assert missed <= 0.07  # of 5 %: an interval covers in 93 % or more
    assert families <= 0.06 + 2 * np.sqrt(0.06 * 0.94 / REPETITIONS)


def alike(items: int) -> np.ndarray:
    """Return values like those of blocks of text: neighbours have a correlation of 0.7."""
    values: np.ndarray = lfilter([1], [1, -0.7], np.random.default_rng(0).normal(size=items))
    return values


def test_null_series_keep_how_alike_neighbours_are_but_no_mean():
    real, rng = alike(2000) + 5, np.random.default_rng(1)
    series = [null_series(rng, real) for _ in range(200)]
    assert len(series[0]) == 1000
    assert abs(np.mean(series)) < 0.1
    assert np.mean([np.corrcoef(each[1:], each[:-1])[0, 1] for each in series]) == pytest.approx(0.7, abs=0.05)


def test_dependent_items_are_rarely_called_different_and_would_be_often_if_each_counted():
    real, rng = alike(1000), np.random.default_rng(0)
    assert null_rejections(rng, real, Ordered(), 300)[0] <= 0.07 + 2 * np.sqrt(0.07 * 0.93 / 300)
    assert null_rejections(rng, real, Independent(), 300)[0] > 0.2


def test_works_of_unequal_sizes_are_rarely_called_different():
    assert group_rejections((1, 1, 1, 1, 3), 400) <= 0.07 + 2 * np.sqrt(0.07 * 0.93 / 400)


def test_the_page_has_the_tables():
    page = (Path(__file__).parents[2] / "docs/statistics.md").read_text(encoding="utf-8")
    _, _, rest = page.partition(BEGIN)
    tables, _, _ = rest.partition(END)
    assert [tables.count(head) for head in ("| seeds |", "| sizes of the works |", "| test part of |")] == [1, 1, 1]
