"""The commands that forecast what comes next, and that measure a forecaster after several cut-offs."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stages.app.backtest import backtest
from stages.app.common import TableFormat
from stages.app.forecast import forecast
from stages.config.dataset import Dataset
from stages.config.paths import Paths
from stages.runtime.errors import ConfigError, UserError
from stages.runtime.files import read_json
from tests.app.small import json_objects, make_project, run_program

ENTRY = {
    "reading": {"values": ["load"], "covariates": ["holiday"], "time_zone": "Europe/Berlin"},
    "split": {"validation": 0.2, "test": 0.2},
    "window": {"look_back": 24, "horizon": 6, "season": 24, "logarithm": True},
}
HOURS = pd.date_range("2024-01-01", periods=240, freq="h", tz="UTC")
COMING = pd.date_range("2024-01-11", periods=6, freq="h", tz="UTC")
HEADER = "timestamp,load,holiday\n"


def load(hour):
    """Return what the series is at an hour: a day's wave that rises."""
    return 10 + np.sin(hour * np.pi / 12) + 0.01 * hour


def lines(stamps, values, holidays) -> str:
    """Return rows of CSV."""
    return "".join(f"{s:%Y-%m-%dT%H:%M}Z,{v},{h}\n" for s, v, h in zip(stamps, values, holidays, strict=True))


HISTORY = HEADER + lines(HOURS, np.round(load(np.arange(240)), 3), [False] * 240)
NEW = HISTORY + lines(COMING, [""] * 6, [True, False, False, False, False, False])


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> Dataset:
    """A dataset of ten days of hours, and two baselines; not to be changed."""
    root = tmp_path_factory.mktemp("project")
    return make_project(root, "forecasting", {"mine.csv": HISTORY}, ENTRY, {"naive": {}, "linear": {}})


@pytest.fixture
def ask(dataset, tmp_path, capsys):
    """Call `forecast` after the values of a file with some content; return what it printed."""

    def call(content: str | None, model: str = "linear", paths: Paths | None = None, **options) -> str:
        source = None
        if content is not None:
            source = tmp_path / "new.csv"
            source.write_text(content)
        options = {"output_format": TableFormat.JSONL} | options
        forecast(paths or dataset.paths, "mine", model, source, **options)
        return capsys.readouterr().out

    return call


def test_what_comes_next_has_times_and_intervals(ask):
    rows = json_objects(ask(NEW))
    assert [row["timestamp"] for row in rows] == [str(stamp.tz_convert("Europe/Berlin")) for stamp in COMING]
    for step, row in enumerate(rows):
        assert row["low_95"] <= row["low_80"] <= row["median"] <= row["high_80"] <= row["high_95"]
        assert row["median"] == pytest.approx(load(240 + step), abs=0.05)


def test_the_forecast_may_go_to_a_file(ask, tmp_path):
    assert ask(NEW, "naive", output_format=TableFormat.CSV, output=tmp_path / "out/forecast.csv") == ""
    columns = ["series", "timestamp", "low_95", "low_80", "median", "high_80", "high_95"]
    assert list(pd.read_csv(tmp_path / "out/forecast.csv")) == columns
    assert ask(NEW, "naive", output_format=TableFormat.TABLE).split()[:7] == columns


def test_the_latest_errors_of_a_file_settle_the_intervals(ask):
    """If a file's last days are restless as the model never saw them, the intervals are wider."""
    widths = []
    for noise in (0.0, 3.0):
        values = load(np.arange(240)) + noise * np.random.default_rng(0).normal(size=240) * (np.arange(240) > 180)
        history = lines(HOURS, np.round(values, 3), [False] * 240) + lines(COMING, [""] * 6, [False] * 6)
        rows = json_objects(ask(HEADER + history, "naive"))
        widths.append(np.mean([row["high_80"] - row["low_80"] for row in rows]))
    assert widths[1] > 2 * widths[0]


def test_covariates_must_be_known_ahead(ask):
    with pytest.raises(UserError, match="the forecast needs holiday for the next 6 steps: give --from FILE with rows"):
        ask(None)
    with pytest.raises(UserError, match=r"series 'load': holiday is missing for 2024-01-11 04:00:00\+00:00, step 5 of"):
        ask(HISTORY + lines(COMING[:4], [""] * 4, [True] * 4))


def test_times_without_an_offset_are_refused_where_the_model_knows_offsets(dataset, ask, tmp_path):
    shutil.copytree(dataset.paths.models, tmp_path / "models")
    params = json.loads(dataset.paths.params.read_text())
    del params["forecasting"]["datasets"]["mine"]["reading"]["time_zone"]
    (tmp_path / "params.yaml").write_text(json.dumps(params))
    with pytest.raises(UserError, match="the times have no offset from UTC, but those that the model was fitted on"):
        ask(HISTORY.replace("Z,", ","), paths=Paths(tmp_path))


def test_a_dataset_that_params_does_not_name(dataset, ask, tmp_path):
    shutil.copytree(dataset.paths.models, tmp_path / "models")
    (tmp_path / "params.yaml").write_text("seeds: [1]\n")
    with pytest.raises(ConfigError, match=r"params\.yaml: forecasting\.datasets has no dataset 'mine': valid: none"):
        ask(NEW, paths=Paths(tmp_path))


def test_a_file_that_cannot_be_read_is_named_with_the_key_that_mends_it(ask):
    with pytest.raises(UserError, match=r"forecasting\.datasets\.mine\.reading\.values"):
        ask(NEW.replace("load", "other"))


def test_a_message_says_what_the_rows_of_history_and_of_times_to_come_must_be(ask):
    for text in (NEW.replace("load", "other"), "\n".join(HISTORY.splitlines()[:21]) + "\n"):
        with pytest.raises(UserError) as problem:
            ask(text)
        assert "must hold a history, at least 24 rows of each series, one every h, with the columns " in str(
            problem.value
        )
        assert "and after it 6 rows to come, in which the values are empty and holiday are known" in str(problem.value)


def test_a_history_shorter_than_a_window_says_how_many_values_are_missing(ask):
    short = "\n".join(HISTORY.splitlines()[:21]) + "\n"
    with pytest.raises(UserError, match="series 'load' has 20 values, but a window reads 24: give at least 4 more"):
        ask(short)


@pytest.mark.parametrize("name", ["", "models"])
def test_a_folder_is_never_written_over(ask, dataset, name):
    output = dataset.paths.root / name if name else Path()
    with pytest.raises(UserError, match="is a folder: name a file"):
        ask(NEW, "naive", output=output)
    assert (dataset.model("naive") / "model.json").exists()


def test_values_that_come_at_other_steps_are_refused(ask):
    stamps = pd.date_range("2024-01-01", periods=60, freq="2h", tz="UTC")
    with pytest.raises(UserError, match="fitted on values that come every h, but here one stands at 2024-01-01 02:00"):
        ask(HEADER + lines(stamps, [5] * 60, [0] * 60), "naive")


def test_a_time_to_come_stands_once(ask):
    with pytest.raises(UserError, match="stand\\(s\\) twice"):
        ask(NEW + NEW.splitlines()[-1] + "\n", "naive")


@pytest.mark.parametrize("refit", [False, True])
def test_a_backtest_measures_after_every_cut_off(dataset, capsys, refit):
    backtest(dataset.paths, "mine", "linear", 3, refit)
    report = read_json(dataset.report("backtest", f"linear{'-refitted' * refit}"))
    assert report["refitted"] is refit and [row["windows"] for row in report["cutoffs"]] == [11, 11, 11]
    assert [row["from"] for row in report["cutoffs"]] == [
        f"2024-01-{stamp}:00:00+00:00" for stamp in ("09 00", "09 16", "10 08")
    ]
    assert all(row["mase"] < 1 for row in report["cutoffs"])
    assert "coverage_80" in capsys.readouterr().out


def test_more_cut_offs_than_there_is_room_for_are_refused(dataset):
    with pytest.raises(UserError, match="--cutoffs is 9: the test part has room for 1 to 8"):
        backtest(dataset.paths, "mine", "linear", 9)


def test_as_a_command(dataset, tmp_path):
    (tmp_path / "new.csv").write_text(NEW)
    words = ("mine", "naive", "--from", str(tmp_path / "new.csv"), "--format", "csv")
    run = run_program(dataset.paths.root, "forecast", *words)
    assert (run.returncode, run.stderr) == (0, b"") and run.stdout.startswith(b"series,timestamp,low_95")
    run = run_program(dataset.paths.root, "forecast", "mine", "naive")
    assert run.returncode == 1 and run.stderr.startswith(b"error: the forecast needs holiday")
