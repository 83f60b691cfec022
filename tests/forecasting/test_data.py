"""Parts, scalers and windows: no leak, no copy, and words for what is too short."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from stages.console import Problem
from stages.files import read_json, write_json
from stages.forecasting import auditing
from stages.forecasting.data import LEVELS, Panel, Prepared, Windows, arrange, fit, starts_within
from stages.forecasting.evaluation import _blocks, _updates, later_windows
from stages.forecasting.intervals import added, quantiles
from stages.forecasting.metrics import COLUMNS, contributions, figures
from stages.forecasting.params import Reading, Split, Window
from stages.forecasting.splitting import split_table
from stages.forecasting.timing import cycles
from stages.forecasting.windowing import write_windows


def series_table(count: int = 100, names=("a", "b"), values=None) -> pd.DataFrame:
    """Return a tidy table of some series."""
    random, tables = np.random.default_rng(0), []
    for name in names:
        own = random.normal(size=count).cumsum() if values is None else values
        stamps = pd.date_range("2024-01-01", periods=count, freq="h")
        tables.append(pd.DataFrame({"series": name, "timestamp": stamps, "value": own, "filled": False}))
    return pd.concat(tables, ignore_index=True)


def test_parts_follow_each_other_and_nothing_is_lost():
    parts, dropped = split_table(series_table(), Split(validation=0.2, test=10))
    assert [len(part) for part in parts.values()] == [140, 40, 20] and dropped == {}
    assert parts["train"]["timestamp"].max() < parts["validation"]["timestamp"].min()
    assert parts["validation"]["timestamp"].max() < parts["test"]["timestamp"].min()


def test_what_follows_the_official_parts_is_dropped_and_counted():
    parts, dropped = split_table(series_table(), Split(train=50, validation=20, test=20))
    assert [len(part) for part in parts.values()] == [100, 40, 40] and dropped == {"after test": 20}


def test_a_series_that_has_nothing_in_a_part_is_named():
    table = series_table()
    late = table[(table["series"] == "a") | (table["timestamp"] > "2024-01-04")]
    with pytest.raises(Problem, match="series 'b' has no value in train"):
        split_table(late, Split(validation=0.2, test=0.2))
    with pytest.raises(Problem, match="the series have 100 times, but train 90, validation 20 and test 20 need 130"):
        split_table(table, Split(train=90, validation=20, test=20))


def prepared(tmp_path, table=None, split=None, **window):
    """Split a table and write its windows."""
    parts, _ = split_table(series_table() if table is None else table, split or Split(validation=0.2, test=0.2))
    choices = Window(**({"look_back": 12, "horizon": 4, "season": 3} | window))
    write_windows(parts, Reading(), choices, tmp_path / "window")
    return parts, Prepared.open(tmp_path / "window")


def test_the_scaler_is_fitted_on_train_alone(tmp_path):
    parts, data = prepared(tmp_path)
    own = parts["train"][parts["train"]["series"] == "b"]["value"].to_numpy()
    assert data.fitted.center[1] == pytest.approx(own.mean()) and data.fitted.scale[1] == pytest.approx(own.std())
    assert data.fitted.naive_error[1] == pytest.approx(np.abs(own[3:] - own[:-3]).mean())


def test_targets_lie_in_their_part_and_the_past_may_not(tmp_path):
    parts, data = prepared(tmp_path)
    again, test = later_windows(parts, data.fitted)
    assert (again.steps == data.validation.steps).all() and (again.targets() == data.validation.targets()).all()
    for name, windows in (("train", data.train), ("validation", data.validation), ("test", test)):
        offset = {"train": 0, "validation": 60, "test": 80}[name]
        for number, series in enumerate("ab"):
            own = parts[name][parts[name]["series"] == series]["value"].to_numpy()
            some = windows.some(windows.series == number)
            truth = some.targets() * data.fitted.scale[number] + data.fitted.center[number]
            first = 12 if name == "train" else 0  # before it there is nothing to look back on
            expected = np.lib.stride_tricks.sliding_window_view(own, 4)[first:]
            assert truth == pytest.approx(expected, abs=1e-4)
            assert (windows.panel.steps[some.origins] == offset + first + np.arange(len(expected))).all()


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
    past, covariates = windows.some(slice(500_000, 500_002)).past(720)
    assert past.shape == (2, 720) and covariates.shape == (2, 720, 0) and past[1, 0] == 500_001
    assert windows.some(slice(-1, None)).targets()[0, -1] == 999_999


def test_series_may_have_other_lengths(tmp_path):
    table = series_table()
    table = table[(table["series"] == "a") | (table["timestamp"] >= "2024-01-02")]
    _, data = prepared(tmp_path, table)
    counts = np.bincount(data.train.series)
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
def test_a_series_too_short_is_told_by_how_much(tmp_path, window, message):
    with pytest.raises(Problem) as problem:
        prepared(tmp_path, **window)
    assert message in str(problem.value)


@pytest.mark.parametrize("choice", [{"horizon": 0}, {"look_back": 0}, {"season": 0}, {"stride": 0}])
def test_a_window_of_nothing_is_refused(choice):
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        Window(**choice)


@pytest.mark.parametrize(
    "reading, words",
    [
        ({"time_zone": "Berlin"}, "must be a time zone"),
        ({"frequency": "often"}, "must be a frequency as pandas names it"),
    ],
)
def test_a_time_zone_or_frequency_that_nobody_knows_is_refused(reading, words):
    with pytest.raises(ValidationError, match=words):
        Reading(**reading)


def test_logarithms_are_scaled_and_undone(tmp_path):
    table = series_table()
    table["value"] = np.exp(table["value"])
    parts, data = prepared(tmp_path, table, logarithm=True)
    own = np.log(parts["train"].query("series == 'b'")["value"])
    assert (data.fitted.center[1], data.fitted.scale[1]) == pytest.approx((own.mean(), own.std(ddof=0)))
    windows = data.validation
    last = windows.targets()[:, -1].astype(float)
    whole = table["value"].to_numpy()[[*range(63, 80), *range(163, 180)]]  # the last targets of validation's windows
    assert data.fitted.restored(last, windows.series) == pytest.approx(whole, rel=1e-4)


@pytest.mark.parametrize("place", [5, 70])  # in train, in validation
def test_what_has_no_logarithm_is_named(tmp_path, place):
    values = np.arange(1.0, 101) ** 1.5
    values[place] = -3
    with pytest.raises(Problem, match="series 'a' has the value -3, which has no logarithm"):
        prepared(tmp_path, series_table(values=values), logarithm=True)


def test_a_constant_series_is_named(tmp_path):
    with pytest.raises(Problem, match="series 'a' is constant in train"):
        prepared(tmp_path, series_table(values=np.ones(100)))


def test_a_series_unknown_to_the_scaler_is_refused(tmp_path):
    _, data = prepared(tmp_path)
    with pytest.raises(Problem, match="series 'c' was not in train: known are a, b"):
        arrange(series_table(names=("c",)), data.fitted)


def test_places_on_the_grid_count_from_trains_begin(tmp_path):
    table = series_table()
    _, data = prepared(tmp_path, table)
    later = table[table["timestamp"] >= "2024-01-03"]
    assert arrange(later, data.fitted).steps[0] == 48


def test_the_calendar_goes_round():
    stamps = pd.date_range("2024-01-01", periods=48, freq="30min", tz="UTC")
    waves = cycles(stamps, ("hour",), None)
    assert waves.shape == (48, 2) and waves[12] == pytest.approx([1, 0], abs=1e-6)
    assert cycles(stamps, ("hour",), "Asia/Tokyo")[0] == pytest.approx(waves[18], abs=1e-6)


def test_figures_of_a_forecast_known_by_hand():
    forecasts = np.array([[[0.0, 1, 2, 3, 4], [0.0, 1, 2, 3, 4]]])
    targets = np.array([[2.0, 5.0]])
    own = (10 * values for values in (forecasts[..., 2], targets))  # in the data's units
    sums = contributions(forecasts, targets, *own, np.array([20.0])).sum(axis=(0, 1))
    found = figures(sums)
    assert sums[COLUMNS.index("values")] == 2
    assert found["mae"] == 15 and found["rmse"] == pytest.approx(np.sqrt(450)) and found["mase"] == 0.75
    assert found["mse_standardised"] == 4.5 and found["mae_standardised"] == 1.5
    assert found["smape"] == pytest.approx((0 + 200 * 30 / 70) / 2)
    assert found["coverage_80"] == 0.5 and found["coverage_95"] == 0.5 and found["width_80"] == 2
    first = [(0.025 * 2), (0.1 * 1), 0, (0.1 * 1), (0.025 * 2)]
    second = [0.025 * 5, 0.1 * 4, 0.5 * 3, 0.9 * 2, 0.975 * 1]
    assert found["pinball"] == pytest.approx((np.mean(first) + np.mean(second)) / 2)
    assert LEVELS == (0.025, 0.1, 0.5, 0.9, 0.975)


def windows_at_each_step(span: int, horizon: int) -> Windows:
    """Return windows without values, one at each of so many steps."""
    bounds = np.array([0, span + 4])
    return Windows(
        Panel(np.zeros(0), np.zeros((0, 0)), np.arange(span + 4), np.zeros(0, bool), bounds),
        np.arange(span),
        4,
        horizon,
    )


@pytest.mark.parametrize("span, horizon, sizes", [(100, 8, [16, 16, 16, 16, 16, 20]), (25, 12, [12, 13]), (1, 8, [1])])
def test_blocks_are_two_horizons_long_and_hold_every_window_once(span, horizon, sizes):
    """The last one takes what is left; a short test part has two, however short."""
    block = _blocks(windows_at_each_step(span, horizon), SimpleNamespace(horizon=horizon))
    assert np.bincount(block).tolist() == sizes and (np.diff(block) >= 0).all()


@pytest.mark.parametrize("span, horizon, count", [(25, 12, 25), (2785, 96, 32), (5214, 48, 109)])
def test_intervals_are_updated_often_and_once_a_horizon_at_least(span, horizon, count):
    update = _updates(windows_at_each_step(span, horizon), SimpleNamespace(horizon=horizon))
    assert update.max() + 1 == count and np.bincount(update).max() <= horizon


def test_what_was_filled_is_no_truth(tmp_path):
    """Neither as a target nor, where a gap is interpolated, as a value that knows the next one."""
    data = prepared(tmp_path)[1]
    windows = data.validation.some(data.validation.series == 0)
    filled = np.zeros(len(windows.panel.values), bool)
    filled[windows.origins[10]] = True
    holed = replace(windows, panel=replace(windows.panel, filled=filled))
    found = added(quantiles(windows.targets() + 1), holed, data.fitted)
    assert found[..., 0].sum() == windows.targets().size - 8
    left_out = ~found.any(axis=-1)
    assert left_out[7:12].tolist() == [[0, 0, 0, 1], [0, 0, 1, 0], [0, 1, 0, 0], [1, 0, 0, 0], [1, 1, 1, 1]]


def audited(tmp_path, monkeypatch, change, logarithm: bool) -> dict:
    """Return the findings on a small dataset that `change` was done to."""
    folder, table = tmp_path / "data/prepared/mine", series_table()
    folder.mkdir(parents=True)
    table["covariate.heat"] = np.cos(np.arange(len(table)))
    table["value"] = np.exp(table["value"])
    parts, _ = prepared(folder, table, logarithm=logarithm)
    table.to_parquet(folder / "table.parquet")
    change(parts, folder)
    for name, part in parts.items():
        part.to_parquet(folder / f"{name}.parquet")
    monkeypatch.chdir(tmp_path)
    return {check: found for check, found in auditing.findings("mine")[0].items() if found}


def rewrite(folder, **changed):
    """Change what scaler.json says."""
    write_json(folder / "window/scaler.json", read_json(folder / "window/scaler.json") | changed)


def rescaled(_parts, folder):
    """Fit the scaler on other values."""
    rewrite(folder, center=[center + 1 for center in read_json(folder / "window/scaler.json")["center"]])


def overlapped(parts, _folder):
    """Let train go on into validation."""
    parts["train"] = pd.concat([parts["train"], parts["validation"].head(1)])


def mismeasured(_parts, folder):
    """Measure MASE in another naive error."""
    rewrite(folder, naive_error=[99.0, 99.0])


def overheated(_parts, folder):
    """Scale a covariate by more than train."""
    np.save(folder / "window/covariates.npy", np.load(folder / "window/covariates.npy") * 1.1)


def shortened(parts, _folder):
    """Leave less of test than a forecast takes."""
    ends = parts["test"]["timestamp"].sort_values().unique()[2]
    parts["test"] = parts["test"][parts["test"]["timestamp"] < ends].iloc[1:]


def strayed(_parts, folder):
    """Let a window of train end in validation."""
    starts = np.load(folder / "window/train.starts.npy")
    np.save(folder / "window/train.starts.npy", starts + 1)


def test_the_audit_finds_what_has_no_logarithm_in_test(tmp_path, monkeypatch):
    def change(parts, _folder):
        parts["test"].loc[parts["test"].index[3], "value"] = -2

    found = audited(tmp_path, monkeypatch, change, logarithm=True)
    assert found["logarithms"] == ["a has the value -2 at 2024-01-04 11:00:00"]


@pytest.mark.parametrize("logarithm", [False, True])
@pytest.mark.parametrize(
    "change, checks",
    [
        (lambda parts, folder: None, set()),
        (rescaled, {"scaler", "scaled_values"}),
        (
            overlapped,
            {"order_of_parts", "lost_values", "scaler", "naive_error", "covariates", "scaled_values", "targets"},
        ),
        (strayed, {"targets"}),
        (mismeasured, {"naive_error"}),
        (overheated, {"covariates"}),
        (shortened, {"lost_values", "room"}),
    ],
)
def test_the_audit_finds_leaks(tmp_path, monkeypatch, change, checks, logarithm):
    found = audited(tmp_path, monkeypatch, change, logarithm)
    assert set(found) == checks


def test_fit_and_starts_agree_on_what_is_too_short():
    table = series_table(20)
    fitted = fit(table, table, Window(look_back=12, horizon=4), "h", None)
    panel = arrange(table, fitted)
    starts = starts_within(fitted, panel, panel.bounds[:-1], panel.bounds[1:], 1, "train")
    assert len(starts) == 2 * (20 - 16 + 1)
