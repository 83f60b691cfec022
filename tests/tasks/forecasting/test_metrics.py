"""Metrics by hand, blocks of time, and what counts as a target."""

from dataclasses import replace

import numpy as np
import pytest

from stages.evaluation.metric import measure
from stages.tasks.forecasting.evaluation import measure_series, measure_sums, origin_numbers, update_numbers
from stages.tasks.forecasting.metrics import METRICS
from stages.tasks.forecasting.modeling.contract import LEVELS, MEDIAN
from stages.tasks.forecasting.modeling.data import Panel, Windows
from stages.tasks.forecasting.modeling.statistics import (
    LEARNING_CURVE,
    STATISTICS,
    VALIDATION,
    forecast_statistics,
    to_quantiles,
    value_statistics,
)
from stages.tasks.forecasting.task import TASK
from tests.tasks.forecasting.small import prepared


def test_metrics_of_a_forecast_computed_by_hand():
    quantiles = np.array([[[0.0, 1, 2, 3, 4], [0.0, 1, 2, 3, 4]]])
    targets = np.array([[2.0, 5.0]])
    in_data_units = (10 * values for values in (quantiles[..., MEDIAN], targets))
    sums = value_statistics(quantiles, targets, *in_data_units, np.array([20.0])).sum(axis=(0, 1))
    values = measure_series(sums)
    assert values.items() >= measure_sums(sums).items()
    assert sums[STATISTICS.index("values")] == 2
    assert values["mae"] == 15 and values["rmse"] == pytest.approx(np.sqrt(450)) and values["mase"] == 0.75
    assert values["rmsse"] == pytest.approx(np.sqrt(450) / 20)
    assert values["mse_standardised"] == 4.5 and values["mae_standardised"] == 1.5
    assert values["smape"] == pytest.approx((0 + 200 * 30 / 70) / 2)
    assert values["coverage_80"] == 0.5 and values["coverage_95"] == 0.5
    assert values["width_80"] == 2 and values["width_95"] == 4
    # The second value lies 2 above the 80 % interval and 1 above the 95 % one: 2 / 0.2 and 2 / 0.05 times that.
    assert values["interval_score_80"] == pytest.approx(2 + 20 / 2)
    assert values["interval_score_95"] == pytest.approx(4 + 40 / 2)
    first = [(0.025 * 2), (0.1 * 1), 0, (0.1 * 1), (0.025 * 2)]
    second = [0.025 * 5, 0.1 * 4, 0.5 * 3, 0.9 * 2, 0.975 * 1]
    assert values["pinball"] == pytest.approx((np.mean(first) + np.mean(second)) / 2)


def test_the_metrics_on_validation_are_those_of_the_same_name():
    sums = np.random.default_rng(0).random((3, len(STATISTICS))) + 1
    for row in sums:
        values = measure(METRICS, row)
        for name, from_sums in (VALIDATION | LEARNING_CURVE).items():
            assert from_sums(row) == values[name]
    assert next(iter(VALIDATION)) == next(iter(LEARNING_CURVE)) == TASK.primary.name


def test_the_levels_are_the_median_and_the_ends_of_intervals():
    assert LEVELS == (0.025, 0.1, 0.5, 0.9, 0.975) and LEVELS[MEDIAN] == 0.5
    assert [metric.name for metric in TASK.headline()] == ["mase", "pinball", "coverage_80"]


def windows_at_each_step(span: int, horizon: int) -> Windows:
    """Return windows without values, one at each of so many steps."""
    panel = Panel(np.zeros(0), np.zeros((0, 0)), np.arange(span + 4), np.zeros(0, bool), np.array([0, span + 4]))
    return Windows(panel, np.arange(span), 4, horizon)


def test_windows_that_begin_together_have_one_origin():
    windows = windows_at_each_step(5, 2)
    twice = replace(windows, starts=np.array([0, 2, 2, 4]))
    assert origin_numbers(twice).tolist() == [0, 1, 1, 2]


@pytest.mark.parametrize("span, horizon, count", [(25, 12, 25), (2785, 96, 32), (5214, 48, 109)])
def test_intervals_are_updated_often_and_at_least_once_per_horizon(span, horizon, count):
    update = update_numbers(windows_at_each_step(span, horizon))
    assert update.max() + 1 == count and np.bincount(update).max() <= horizon


def test_a_filled_value_is_no_target(tmp_path):
    """Nor is what follows it, where a gap is interpolated, for it knows the next value."""
    data = prepared(tmp_path)[1]
    windows = data.validation.take(data.validation.series == 0)
    filled = np.zeros(len(windows.panel.values), bool)
    filled[windows.origins[10]] = True
    with_gap = replace(windows, panel=replace(windows.panel, filled=filled))
    statistics = forecast_statistics(to_quantiles(windows.targets() + 1), with_gap, data.state)
    assert statistics[..., 0].sum() == windows.targets().size - 8
    left_out = ~statistics.any(axis=-1)
    assert left_out[7:12].tolist() == [[0, 0, 0, 1], [0, 0, 1, 0], [0, 1, 0, 0], [1, 0, 0, 0], [1, 1, 1, 1]]
