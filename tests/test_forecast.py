"""A trained forecaster tells what comes next, and is judged from several cut-offs."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_params import others

import stages.params
from stages.backtest import backtest
from stages.console import Problem
from stages.forecast import forecast
from stages.forecasting.params import Reading
from stages.forecasting.reading import read
from stages.split import split
from stages.train import train
from stages.validate import write_table
from stages.window import window

PARAMS = (
    """
seeds: [1]
parallel: {}
datasets:
  mine:
    task: forecasting
    source: {path: mine.csv}
    reading: {values: [load], covariates: [holiday], time_zone: Europe/Berlin}
    split: {validation: 0.2, test: 0.2}
    window: {look_back: 24, horizon: 6, season: 24, logarithm: true}
forecasting: {datasets: [mine], training: {}, models: {naive: {}, linear: {}}}
"""
    + others("forecasting")
    + "evaluation: {}\n"
)
COMING = pd.date_range("2024-01-11", periods=6, freq="h", tz="UTC")


def load(hour):
    """Return what the series is at an hour: a day's wave that rises."""
    return 10 + np.sin(hour * np.pi / 12) + 0.01 * hour


def lines(stamps, values, holidays) -> str:
    """Return rows of CSV."""
    return "".join(f"{s:%Y-%m-%dT%H:%M}Z,{v},{h}\n" for s, v, h in zip(stamps, values, holidays, strict=True))


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project in which two baselines are trained on ten days of hours; `new.csv` adds rows with holidays to come."""
    folder = tmp_path_factory.mktemp("project")
    stamps = pd.date_range("2024-01-01", periods=240, freq="h", tz="UTC")
    values = np.round(load(np.arange(240)), 3)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        stages.params.load.cache_clear()
        Path("params.yaml").write_text(PARAMS)
        Path("data/raw/mine").mkdir(parents=True)
        history = "timestamp,load,holiday\n" + lines(stamps, values, [False] * 240)
        Path("data/raw/mine/mine.csv").write_text(history)
        Path("new.csv").write_text(history + lines(COMING, [""] * 6, [True, False, False, False, False, False]))
        reading = Reading(values=("load",), covariates=("holiday",), time_zone="Europe/Berlin")
        write_table(Path("data/prepared/mine/table.parquet"), read(Path("data/raw/mine"), reading).rows)
        split("mine")
        window("mine")
        for model in ("naive", "linear"):
            train("mine", model)
        yield folder
    stages.params.load.cache_clear()


def test_what_comes_next_has_times_and_intervals(project, capsys):
    forecast("mine", "linear", Path("new.csv"), "jsonl", None)
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["timestamp"] for row in rows] == [str(stamp.tz_convert("Europe/Berlin")) for stamp in COMING]
    for step, row in enumerate(rows):
        assert row["low_95"] <= row["low_80"] <= row["median"] <= row["high_80"] <= row["high_95"]
        assert row["median"] == pytest.approx(load(240 + step), abs=0.05)


def test_the_forecast_may_go_to_a_file(project):
    forecast("mine", "naive", Path("new.csv"), "csv", Path("out/forecast.csv"))
    assert list(pd.read_csv("out/forecast.csv")) == [
        "series",
        "timestamp",
        "low_95",
        "low_80",
        "median",
        "high_80",
        "high_95",
    ]


def test_the_latest_errors_of_a_file_settle_the_intervals(project, capsys):
    """Of a file whose last days are as restless as the model never saw, the intervals are wider."""
    widths = []
    for noise in (0.0, 3.0):
        values = load(np.arange(240)) + noise * np.random.default_rng(0).normal(size=240) * (np.arange(240) > 180)
        stamps = pd.date_range("2024-01-01", periods=240, freq="h", tz="UTC")
        rows = lines(stamps, np.round(values, 3), [False] * 240) + lines(COMING, [""] * 6, [False] * 6)
        Path("restless.csv").write_text("timestamp,load,holiday\n" + rows)
        forecast("mine", "naive", Path("restless.csv"), "jsonl", None)
        rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        widths.append(np.mean([row["high_80"] - row["low_80"] for row in rows]))
    assert widths[1] > 2 * widths[0]


def test_covariates_must_be_known_ahead(project):
    with pytest.raises(
        Problem, match="the forecast needs holiday for the next 6 steps: give --from FILE with rows for"
    ):
        forecast("mine", "linear", None, "table", None)
    history = Path("data/raw/mine/mine.csv").read_text()
    Path("short.csv").write_text(history + lines(COMING[:4], [""] * 4, [True] * 4))
    with pytest.raises(Problem, match=r"series 'load': holiday is missing for 2024-01-11 04:00:00\+00:00, step 5 of 6"):
        forecast("mine", "linear", Path("short.csv"), "table", None)


def test_times_without_an_offset_are_refused_where_the_model_knows_offsets(project):
    history = Path("data/raw/mine/mine.csv").read_text().replace("Z,", ",")
    Path("bare.csv").write_text(history)
    stages.params.load.cache_clear()
    params = Path("params.yaml").read_text()
    Path("params.yaml").write_text(params.replace(", time_zone: Europe/Berlin", ""))
    try:
        with pytest.raises(Problem, match="the times have no offset from UTC, but those that the model was fitted on"):
            forecast("mine", "linear", Path("bare.csv"), "table", None)
    finally:
        Path("params.yaml").write_text(params)
        stages.params.load.cache_clear()


def test_a_history_shorter_than_a_window_is_told_by_how_much(project):
    rows = Path("data/raw/mine/mine.csv").read_text().splitlines()[:21]
    Path("young.csv").write_text("\n".join(rows) + "\n")
    with pytest.raises(Problem, match="series 'load' has 20 values, but a window reads 24: give at least 4 more"):
        forecast("mine", "linear", Path("young.csv"), "table", None)


@pytest.mark.parametrize("refit", [False, True])
def test_a_backtest_measures_after_every_cut_off(project, capsys, refit):
    backtest("mine", "linear", 3, refit)
    found = json.loads(Path(f"reports/backtest/mine/linear{'-refitted' * refit}.json").read_text())
    assert found["refitted"] is refit and [row["windows"] for row in found["cutoffs"]] == [11, 11, 11]
    assert [row["from"] for row in found["cutoffs"]] == [
        f"2024-01-{stamp}:00:00+00:00" for stamp in ("09 00", "09 16", "10 08")
    ]
    assert all(row["mae"] < 0.05 for row in found["cutoffs"])
    assert "coverage_80" in capsys.readouterr().out


def test_more_cut_offs_than_there_is_room_for_are_refused(project):
    with pytest.raises(Problem, match="--cutoffs is 9: the test part has room for 1 to 8"):
        backtest("mine", "linear", 9, False)


@pytest.mark.parametrize("output", [".", "models"])
def test_a_folder_is_never_written_over(project, output):
    Path("models").mkdir(exist_ok=True)
    with pytest.raises(Problem, match="is a folder: name a file"):
        forecast("mine", "naive", Path("new.csv"), "csv", Path(output))
    assert Path("models/mine/naive/model.json").exists()


def test_values_that_come_at_other_steps_are_refused(project):
    stamps = pd.date_range("2024-01-01", periods=60, freq="2h", tz="UTC")
    Path("slow.csv").write_text("timestamp,load,holiday\n" + lines(stamps, [5] * 60, [0] * 60))
    with pytest.raises(Problem, match="fitted on values that come every h, but here one stands at 2024-01-01 02:00"):
        forecast("mine", "naive", Path("slow.csv"), "csv", None)


def test_a_time_to_come_stands_once(project):
    twice = Path("new.csv").read_text().splitlines()
    Path("twice.csv").write_text("\n".join([*twice, twice[-1]]))
    with pytest.raises(Problem, match="stand\\(s\\) twice"):
        forecast("mine", "naive", Path("twice.csv"), "csv", None)
