"""Intervals come from the latest residuals that were known, and from no others."""

from dataclasses import replace

import numpy as np
import pytest

from stages.tasks.forecasting.modeling.conformal import (
    CALIBRATION,
    MIN_CALIBRATION,
    CalibratedForecaster,
    Residuals,
    calibration_mask,
    calibration_share,
)
from stages.tasks.forecasting.modeling.contract import LEVELS, MEDIAN
from stages.tasks.forecasting.modeling.data import Panel, Windows
from stages.tasks.forecasting.modeling.scaler import fit_scaler
from stages.tasks.forecasting.online import OnlineConformal
from tests.tasks.forecasting.small import WINDOW, series_table

LOOK_BACK, HORIZON = 3, 2
LOW_80, HIGH_80 = LEVELS.index(0.1), LEVELS.index(0.9)


class Zero:
    """A model that always forecasts 0, so that its residuals are the values."""

    def forecast(self, windows):
        return np.zeros((len(windows), HORIZON))


STATE = replace(
    fit_scaler(series_table(), series_table(), WINDOW, "h", None), center=[0.0, 0.0], scale=[1.0, 1.0]
)  # of two series, which scales nothing


def windows_of(values, first: int, last: int) -> Windows:
    """Return all windows of series of equal lengths, (series, n), whose targets lie between two steps."""
    values = np.asarray(values, np.float32)
    series, count = values.shape
    panel = Panel(
        values.ravel(),
        np.zeros((values.size, 0), np.float32),
        np.tile(np.arange(count), series),
        np.zeros(values.size, bool),
        np.arange(series + 1) * count,
    )
    origins = np.concatenate([number * count + np.arange(first, last - HORIZON + 1) for number in range(series)])
    return Windows(panel, origins - LOOK_BACK, LOOK_BACK, HORIZON)


def residuals_of(gaps) -> Residuals:
    """Return residuals of one series that are the same at all steps and levels."""
    gaps = np.asarray(gaps, float)
    by_level = np.tile(gaps[:, None, None], (1, HORIZON, len(LEVELS)))
    return Residuals(by_level, np.zeros(len(gaps), int), np.arange(len(gaps)))


def test_an_end_is_the_residual_of_the_rank_that_a_finite_sample_asks_for():
    [offsets] = residuals_of(np.random.default_rng(0).permutation(np.arange(1, 100))).offsets(np.array([99]))
    assert offsets[0].tolist() == [2, 10, 0, 90, 98]


def test_new_values_lie_within_as_often_as_stated():
    random, inside = np.random.default_rng(1), []
    for _ in range(300):
        [offsets] = residuals_of(random.normal(size=49)).offsets(np.array([49]))
        inside.append((offsets[0, 1] <= random.normal(size=100)) & (random.normal(size=100) <= offsets[0, 3]))
    assert np.mean(inside) == pytest.approx(0.81, abs=0.02)  # the two ends are met independently: 0.9 × 0.9


def test_few_residuals_give_the_ends_of_students_t():
    [offsets] = residuals_of([3, 4, -5]).offsets(np.array([3]))  # one step ahead 3 of them count, two steps ahead 2
    spread = np.sqrt(50 / 3)
    assert offsets[0] == pytest.approx(spread * np.array([-3.182, -1.638, 0, 1.638, 3.182]), rel=1e-3)
    assert offsets[1] == pytest.approx(spread * np.array([-4.303, -1.886, 0, 1.886, 4.303]), rel=1e-3)
    moved = residuals_of([3, 4, -5])
    moved.gaps[..., HIGH_80] -= 2  # a model whose own upper end is 2 above its median
    [others] = moved.offsets(np.array([3]))
    assert others[0] == pytest.approx(offsets[0] - 2 * (np.arange(len(LEVELS)) == HIGH_80))


@pytest.mark.parametrize("known", [13, 45])
def test_a_few_forecasts_that_overlap_still_cover_about_what_is_stated(known):
    """Of a random walk's last value, the hardest case: forecasts that begin close to each other err alike."""
    random, inside, ahead = np.random.default_rng(3), {80: [], 95: []}, 12
    for _ in range(300):
        walk = random.normal(size=47 + known).cumsum()
        gaps = np.lib.stride_tricks.sliding_window_view(walk, ahead)[1:] - walk[:-ahead, None]
        residuals = np.broadcast_to(gaps[:known, :, None], (known, ahead, len(LEVELS)))
        [offsets] = Residuals(residuals, np.zeros(known, int), np.arange(known)).offsets(np.array([known]))
        later = gaps[known + ahead :]
        for share, low, high in ((80, LOW_80, HIGH_80), (95, 0, -1)):
            inside[share].append((offsets[:, low] <= later) & (later <= offsets[:, high]))
    assert 0.78 <= np.mean(inside[80]) <= 0.85  # if all residuals counted as independent 0.76; by their ranks 0.65
    assert 0.94 <= np.mean(inside[95]) <= 0.985  # 0.91; 0.65


def test_the_latest_residuals_count_and_those_not_yet_known_do_not():
    residuals = residuals_of([9] * 50 + [1] * 50 + [5] * 5)
    assert residuals.offsets(np.array([40]))[0, 0, HIGH_80] == 5
    assert residuals.offsets(np.array([40]), step=102)[0, 0, HIGH_80] == 1
    assert residuals.offsets(np.array([200]), step=102)[0, 0, HIGH_80] == 9


def test_an_residual_counts_as_soon_as_its_own_value_is_known():
    residuals = residuals_of([1] * 50 + [5] * 10)
    [offsets] = residuals.offsets(np.array([45]), step=54)  # 4 of the later ones are known one step ahead, 3 two ahead
    assert offsets[:, HIGH_80].tolist() == [5, 1]  # the 42nd of 45


def test_residuals_of_several_series_at_a_time_count_as_one():
    one = residuals_of([3, 4, -5])
    three = Residuals(np.repeat(one.gaps, 3, axis=0), np.tile([0, 1, 2], 3), np.repeat(one.steps, 3))
    latest = np.array([3, 3, 3])
    assert three.offsets(latest) == pytest.approx(np.stack([one.offsets(np.array([3]))[0]] * 3))


def test_a_series_with_few_residuals_has_those_of_all():
    one = residuals_of([1] * 60 + [5] * 10)
    both = Residuals(one.gaps, np.repeat([0, 1], [60, 10]), one.steps)
    assert both.offsets(np.array([60, 60, 60]))[:, 0, HIGH_80].tolist() == [1, 5, 5]  # the last one has none


def test_later_windows_settle_the_intervals_of_series_that_have_enough():
    values = np.stack([np.full(100, 1.0), np.full(100, 2.0)])
    saved = CalibratedForecaster(Zero(), np.full((2, HORIZON, len(LEVELS)), 7.0), STATE)
    later = windows_of(values, 10, 80)
    few = later.take(np.concatenate([np.arange(60), 69 + np.arange(MIN_CALIBRATION - 1)]))
    assert saved.recalibrate(later).offsets[:, 0, HIGH_80].tolist() == [1, 2]
    assert saved.recalibrate(few).offsets[:, 0, HIGH_80].tolist() == [1, 7]
    assert saved.recalibrate(later.take(slice(0, 5))) is saved


@pytest.mark.parametrize(("bounds", "low", "high"), [({}, -7, 7), ({"minimum": 0.0}, 0, 7), ({"maximum": 2.0}, -7, 2)])
def test_forecasts_and_their_intervals_stay_within_the_bounds(bounds, low, high):
    state = replace(STATE, **bounds)
    offsets = np.tile(np.linspace(-7, 7, len(LEVELS)), (2, HORIZON, 1))
    quantiles = CalibratedForecaster(Zero(), offsets, state).forecast(windows_of(np.zeros((2, 100)), 10, 80))
    assert (quantiles.min(), quantiles.max()) == (low, high)
    assert (state.inverse_transform(quantiles[:1], np.array([0])) >= (state.minimum or -np.inf)).all()


def test_a_bound_without_a_logarithm_bounds_no_logarithm():
    state, values = replace(STATE, logarithm=True, minimum=0.0, maximum=np.e), np.array([[-5.0, 0.5, 5.0]])
    assert state.clip(values, np.array([0])).tolist() == [[-5.0, 0.5, 1.0]]


def rolled(values, first: int, last: int, length: int):
    """Return the quantiles of all test windows in order of time, when each began, and each one's block."""
    validation, test = windows_of(values, 10, first), windows_of(values, first, last)
    test = test.take(np.argsort(test.steps, kind="stable"))
    block = (test.steps - first) // length
    found = OnlineConformal(Zero(), validation, STATE).forecast(test, block)
    return np.concatenate(list(found)), test, block


def test_intervals_follow_the_residuals_as_time_goes_on():
    values = np.ones((2, 200))
    values[:, 100:] = 4.0  # from the test part's first step on
    quantiles, test, block = rolled(values, 100, 200, 10)
    high, begins = quantiles[:, 0, HIGH_80], 100 + 10 * block
    assert (high[begins == 100] == 1).all()  # nothing of test was known
    assert (high[begins >= 120] == 4).all()
    assert (quantiles[:, 0, MEDIAN] == 0).all()
    assert len(test) == 2 * 99


def test_what_was_not_known_changes_no_interval():
    random = np.random.default_rng(2)
    values = random.normal(size=(2, 200))
    quantiles, test, block = rolled(values, 100, 200, 10)
    changed = values.copy()
    changed[:, 150:] = 99
    again, *_ = rolled(changed, 100, 200, 10)
    before = 100 + 10 * block <= 150
    assert (again[before] == quantiles[before]).all() and (again[~before] != quantiles[~before]).any()
    assert before.any() and (test.steps[~before] >= 160).all()


def test_of_many_windows_a_share_counts_that_no_season_falls_in_with():
    windows = windows_of(np.zeros((2, 50_000)), 10, 50_000)
    chosen = calibration_mask(windows, calibration_share(windows, 2))
    assert chosen.sum() == pytest.approx(CALIBRATION, rel=0.1)
    hours = np.bincount(windows.steps[chosen] % 24, minlength=24)
    assert hours.min() > 60 and hours.max() < 150
    assert calibration_share(windows, 500)[:2] * np.bincount(windows.series) == pytest.approx(
        2 * MIN_CALIBRATION
    )  # of many series
    few = windows.take(slice(0, 3))
    assert calibration_mask(few, calibration_share(few, 2)).all()


def test_a_short_series_beside_long_ones_keeps_enough_residuals():
    windows = windows_of(np.zeros((2, 10_000)), 10, 10_000)
    windows = windows.take(np.flatnonzero((windows.series == 0) | (windows.steps < 70)))
    assert (
        np.bincount(windows.series[calibration_mask(windows, calibration_share(windows, 2))]) >= MIN_CALIBRATION
    ).all()


def test_residuals_of_filled_values_settle_nothing():
    windows = windows_of(np.zeros((1, 60)), 10, 60)
    windows.panel.filled[30] = True
    left_out = windows.steps[~calibration_mask(windows, calibration_share(windows, 1))]
    assert left_out.tolist() == [29, 30, 31]  # it is a target of the first two, and the last value of the third


def test_where_nearly_every_window_has_a_filled_value_all_residuals_count():
    windows = windows_of(np.zeros((2, 90)), 10, 90)
    windows.panel.filled[:90:2] = True
    kept = np.bincount(windows.series[calibration_mask(windows, calibration_share(windows, 2))])
    assert kept.tolist() == [len(windows) // 2] * 2
    residuals = Residuals.sample(Zero(), windows, 2)
    assert np.isfinite(residuals.offsets(residuals.counts(2))).all()
