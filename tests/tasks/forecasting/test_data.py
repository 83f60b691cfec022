"""Parts, scalers and windows: no leak, no copy, and clear messages about what is too short."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from stages.runtime.errors import UserError
from stages.tasks.forecasting.config import Reading, WindowConfig
from stages.tasks.forecasting.modeling.calendar import calendar_features
from stages.tasks.forecasting.modeling.data import Panel, Windows
from stages.tasks.forecasting.modeling.scaler import fit_scaler
from stages.tasks.forecasting.modeling.tables import later_windows, to_panel, window_starts
from tests.tasks.forecasting.small import WINDOW, prepared, series_table, split_table


def test_parts_follow_each_other_and_nothing_is_lost():
    result = split_table(series_table(), validation=0.2, test=10)
    assert [len(part) for part in result.parts.values()] == [140, 40, 20] and result.dropped == {}
    for one, other in pairwise(result.parts.values()):
        assert one["timestamp"].max() < other["timestamp"].min()


def test_what_follows_the_official_parts_is_dropped_and_counted():
    result = split_table(series_table(), train=50, validation=20, test=20)
    assert [len(part) for part in result.parts.values()] == [100, 40, 40] and result.dropped == {"after test": 20}


def test_a_series_without_a_value_in_a_part_is_named():
    table = series_table()
    late = table[(table["series"] == "a") | (table["timestamp"] > "2024-01-04")]
    with pytest.raises(UserError, match="series 'b' has no value in train"):
        split_table(late, validation=0.2, test=0.2)
    with pytest.raises(UserError, match="the series have 100 times, but train 90, validation 20 and test 20 need 130"):
        split_table(table, train=90, validation=20, test=20)


def test_all_unfit_series_are_named_at_once_or_dropped_and_counted():
    still, short = series_table(names=("still",), values=3.0), series_table(70, names=("short",))
    table = pd.concat([series_table(), still, short], ignore_index=True)
    table.attrs["frequency"] = "h"
    with pytest.raises(UserError) as problem:
        split_table(table, validation=0.2, test=0.2)
    lines = str(problem.value).splitlines()
    assert lines[0] == "2 of 4 series cannot be used; to leave them out, set reading.unfit_series to drop:"
    assert "series 'short' has no value in test" in lines[1] and "series 'still' is constant in train" in lines[2]
    result = split_table(table, "drop", validation=0.2, test=0.2)
    assert result.dropped == {"of a series without a value in a part": 70, "of a series that cannot be scaled": 100}
    assert [set(part["series"]) for part in result.parts.values()] == [{"a", "b"}] * 3
    with pytest.raises(UserError, match="series 'still' is constant"):
        split_table(still.assign(), "drop", validation=0.2, test=0.2)  # nothing would be left


def test_many_unfit_series_are_counted():
    table = series_table(names=[f"s{n}" for n in range(30)], values=1.0)
    with pytest.raises(UserError, match="30 of 30 series cannot be used:") as problem:
        split_table(table, validation=0.2, test=0.2)
    lines = str(problem.value).splitlines()
    assert len(lines) == 22 and lines[-1] == "  … and 10 more"


@pytest.mark.parametrize(
    ("values", "window", "message"),
    [
        (1e8 + np.arange(100) % 7, {"scaler": "none"}, "single precision, .* set window.scaler to standard"),
        (np.where(np.arange(100) < 20, 1e9, 0) + np.arange(100) % 7, {}, "begin the series after its jump"),
        (np.arange(100) % 7 * 1e-300, {}, r"so small \(at most 6e-300\) that their squares vanish"),
    ],
)
def test_what_numbers_of_a_machine_cannot_hold_is_refused(values, window, message):
    window = WINDOW.model_copy(update=window)
    with pytest.raises(UserError, match=message):
        split_table(series_table(names=("a",), values=values), window=window, validation=0.2, test=0.2)


def test_the_truth_is_not_rounded(tmp_path):
    values = 1e6 + np.random.default_rng(0).normal(size=100)
    parts, data = prepared(tmp_path, series_table(names=("a",), values=values))
    _, windows = later_windows(parts, data.state)
    truth = data.state.inverse_transform(windows.targets(), windows.series)
    assert np.abs(truth[:, 0] - parts["test"]["value"].to_numpy()[: len(truth)]).max() < 1e-9


def test_the_scaler_is_fitted_on_train_alone(tmp_path):
    parts, data = prepared(tmp_path)
    values = parts["train"][parts["train"]["series"] == "b"]["value"].to_numpy()
    assert data.state.center[1] == pytest.approx(values.mean()) and data.state.scale[1] == pytest.approx(values.std())
    assert data.state.naive_error[1] == pytest.approx(np.abs(values[3:] - values[:-3]).mean())


def test_targets_are_in_their_part_and_the_past_may_be_before_it(tmp_path):
    parts, data = prepared(tmp_path)
    again, test = later_windows(parts, data.state)
    assert (again.steps == data.validation.steps).all() and (again.targets() == data.validation.targets()).all()
    for name, windows in (("train", data.train), ("validation", data.validation), ("test", test)):
        offset = {"train": 0, "validation": 60, "test": 80}[name]
        for number, series in enumerate("ab"):
            values = parts[name][parts[name]["series"] == series]["value"].to_numpy()
            of_series = windows.take(windows.series == number)
            truth = data.state.inverse_transform(of_series.targets(), of_series.series)
            first = 12 if name == "train" else 0  # before it there is nothing to look back on
            expected = np.lib.stride_tricks.sliding_window_view(values, 4)[first:]
            assert truth == pytest.approx(expected, abs=1e-4)
            assert (windows.panel.steps[of_series.origins] == offset + first + np.arange(len(expected))).all()


def test_a_million_values_make_windows_without_a_copy():
    values = np.arange(1_000_000, dtype=np.float32)
    panel = Panel(
        values,
        np.zeros((len(values), 0), np.float32),
        np.arange(len(values)),
        np.zeros(len(values), bool),
        np.array([0, len(values)]),
    )
    windows = Windows(panel, np.arange(len(values) - 720 - 96 + 1), 720, 96)
    assert len(windows) == 999_185 and windows.starts.nbytes + values.nbytes < 13e6
    past, covariates = windows.take(slice(500_000, 500_002)).past(720)
    assert past.shape == (2, 720) and covariates.shape == (2, 720, 0) and past[1, 0] == 500_001
    assert windows.take(slice(-1, None)).targets()[0, -1] == 999_999


def test_a_subsample_is_evenly_spaced_and_never_larger_than_all(tmp_path):
    windows = prepared(tmp_path)[1].validation
    assert np.searchsorted(windows.starts, windows.subsample(3).starts).tolist() == [0, 16, 33]
    assert (windows.subsample(1000).starts == windows.starts).all()


def test_series_may_have_different_lengths(tmp_path):
    table = series_table()
    table = table[(table["series"] == "a") | (table["timestamp"] >= "2024-01-02")]
    counts = np.bincount(prepared(tmp_path, table)[1].train.series)
    assert counts[0] - counts[1] == 24


@pytest.mark.parametrize(
    "window, message",
    [
        ({"look_back": 90}, "series 'a' has 60 steps up to the end of train, 34 fewer than look_back 90 and horizon 4"),
        ({"look_back": 90}, "a window.look_back of at most 56 would fit"),
        ({"horizon": 30}, "series 'a' has 20 steps in validation, 10 fewer than the horizon 30"),
        ({"season": 60}, "series 'a' has 60 steps in train, window.season is 60"),
    ],
)
def test_the_message_about_a_short_series_says_by_how_much(tmp_path, window, message):
    with pytest.raises(UserError) as problem:
        prepared(tmp_path, **window)
    assert message in str(problem.value)


@pytest.mark.parametrize("key", ["horizon", "look_back", "season", "stride"])
def test_a_window_of_nothing_is_refused(key):
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        WindowConfig(**{key: 0})


@pytest.mark.parametrize(
    "reading, message",
    [
        ({"time_zone": "Berlin"}, "must be a time zone"),
        ({"frequency": "often"}, "must be a frequency as pandas names it"),
    ],
)
def test_an_unknown_time_zone_or_frequency_is_refused(reading, message):
    with pytest.raises(ValidationError, match=message):
        Reading(**reading)


def test_logarithms_are_scaled_and_undone(tmp_path):
    table = series_table()
    table["value"] = np.exp(table["value"])
    parts, data = prepared(tmp_path, table, logarithm=True)
    logarithms = np.log(parts["train"].query("series == 'b'")["value"])
    assert (data.state.center[1], data.state.scale[1]) == pytest.approx((logarithms.mean(), logarithms.std(ddof=0)))
    windows = data.validation
    last = windows.targets()[:, -1].astype(float)
    expected = table["value"].to_numpy()[[*range(63, 80), *range(163, 180)]]  # the last targets of validation's windows
    assert data.state.inverse_transform(last, windows.series) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("place", [5, 70])  # in train, in validation
def test_a_value_without_a_logarithm_is_named(tmp_path, place):
    values = np.arange(1.0, 101) ** 1.5
    values[place] = -3
    with pytest.raises(UserError, match="series 'a' has the value -3, which has no logarithm"):
        prepared(tmp_path, series_table(values=values), logarithm=True)


def test_a_constant_series_is_named(tmp_path):
    with pytest.raises(UserError, match="series 'a' is constant in train"):
        prepared(tmp_path, series_table(values=np.ones(100)))


def test_a_series_unknown_to_the_scaler_is_refused(tmp_path):
    _, data = prepared(tmp_path)
    with pytest.raises(UserError, match="series 'c' was not in train: known are a, b"):
        to_panel(series_table(names=("c",)), data.state)


def test_steps_on_the_grid_count_from_trains_begin(tmp_path):
    table = series_table()
    _, data = prepared(tmp_path, table)
    later = table[table["timestamp"] >= "2024-01-03"]
    assert to_panel(later, data.state).steps[0] == 48


def test_the_calendars_features_go_round():
    stamps = pd.date_range("2024-01-01", periods=48, freq="30min", tz="UTC")
    waves = calendar_features(stamps, ("hour",), None)
    assert waves.shape == (48, 2) and waves[12] == pytest.approx([1, 0], abs=1e-6)
    assert calendar_features(stamps, ("hour",), "Asia/Tokyo")[0] == pytest.approx(waves[18], abs=1e-6)


def test_the_scaler_and_windows_agree_on_what_is_too_short():
    table = series_table(20)
    state = fit_scaler(table, table, WindowConfig(look_back=12, horizon=4), "h", None)
    panel = to_panel(table, state)
    starts = window_starts(state, panel, panel.bounds[:-1], panel.bounds[1:], 1, "train")
    assert len(starts) == 2 * (20 - 16 + 1)
