"""Planted leaks between parts of signals, and in what was fitted on them, are found."""

import json

import numpy as np
import pandas as pd
import pytest

from stages.runtime.files import read_json
from stages.tasks.signals.leakage import check_leaks
from tests.tasks.signals.small import make_dataset


@pytest.fixture
def dataset(tmp_path):
    return make_dataset(tmp_path)


def findings(dataset) -> dict[str, list[str]]:
    return {check: lines for check, lines in check_leaks(dataset).items() if lines}


def change_array(dataset, name, change):
    path = dataset.prepared / "frames" / f"{name}.npy"
    array = np.load(path)
    np.save(path, change(array))


def change_part(dataset, name, change):
    part = pd.read_parquet(dataset.part(name))
    change(part).to_parquet(dataset.part(name), index=False)


def test_clean_parts_have_none(dataset):
    assert findings(dataset) == {}


@pytest.mark.parametrize("window", [{"scaler": "each"}, {"scaler": "none"}, {"steps_per_frame": 3}])
def test_clean_parts_have_none_however_frames_are_made(tmp_path, window):
    assert findings(make_dataset(tmp_path, entry={"window": window | {"maximum_length": 10}})) == {}


def test_a_signal_in_two_parts(dataset):
    test = pd.read_parquet(dataset.part("test"))
    change_part(dataset, "train", lambda train: pd.concat([train, test.head(1).assign(label="falls")]))
    found = findings(dataset)
    assert found["shared_signals"] == ["train and test share 1 signal(s), rows test-1 = test-1"]
    assert "arrays" in found  # train reads one signal less than the part has


def test_a_scaler_fitted_on_more_than_train(dataset):
    path = dataset.prepared / "frames" / "scaler.json"
    scaler = read_json(path)
    scaler["mean"][0] += 0.01
    path.write_text(json.dumps(scaler))
    assert findings(dataset).keys() == {"scaler"}


@pytest.mark.parametrize(
    ("array", "change"),
    [
        ("train.values", lambda values: np.where(np.arange(len(values))[:, None] == 3, 9, values)),
        ("validation.labels", lambda labels: labels[::-1]),
        ("train.labels", lambda labels: (labels + 1) % 3),
        ("train.offsets", lambda offsets: offsets[:-1]),
        ("validation.offsets", lambda offsets: np.r_[offsets[:3], offsets[3] - 1, offsets[4:]]),
    ],
)
def test_arrays_that_are_not_the_parts(dataset, array, change):
    change_array(dataset, array, change)
    assert findings(dataset).keys() == {"arrays"}


def test_test_signals_in_place_of_trains(dataset):
    test = pd.read_parquet(dataset.part("test"))
    scaler = read_json(dataset.prepared / "frames" / "scaler.json")
    values = np.asarray(test["values"].iloc[0]).reshape(-1, 2)
    frames = ((values - scaler["mean"]) / scaler["deviation"]).astype(np.float32)[:5]
    change_array(dataset, "train.values", lambda array: np.concatenate([frames, array[5:]]))
    assert findings(dataset)["arrays"][0].startswith("train: the frames of ")
