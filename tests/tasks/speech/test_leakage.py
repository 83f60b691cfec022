"""Planted leaks between parts of speech, and in what was fitted on them, are found."""

import json

import numpy as np
import pandas as pd
import pytest

from stages.runtime.files import read_json
from stages.tasks.speech.leakage import check_leaks
from tests.tasks.speech.small import make_dataset


@pytest.fixture
def dataset(tmp_path):
    return make_dataset(tmp_path)


def findings(dataset) -> dict[str, list[str]]:
    return {check: lines for check, lines in check_leaks(dataset).items() if lines}


def change_part(dataset, name, change):
    part = pd.read_parquet(dataset.part(name))
    change(part).to_parquet(dataset.part(name), index=False)


def change_preprocessor(dataset, change):
    path = dataset.prepared / "frames" / "preprocessor.json"
    content = read_json(path)
    change(content)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize("window", [{}, {"scaler": "each"}, {"steps_per_frame": 3}, {"scaler": "none"}])
def test_clean_parts_have_none(tmp_path, window):
    assert findings(make_dataset(tmp_path, entry={"window": window | {"maximum_length": 40}})) == {}


def test_a_string_with_a_recording_of_another_part(dataset):
    other = pd.read_parquet(dataset.part("test")).head(1)
    change_part(dataset, "train", lambda part: pd.concat([part, other]))
    found = findings(dataset)
    assert found["shared_recordings"][0].startswith("train and test share")
    assert "arrays" in found


def test_a_recording_in_two_strings_of_test(dataset):
    change_part(dataset, "test", lambda part: pd.concat([part, part.head(1)]))
    assert findings(dataset).keys() == {"repeated_recordings"}


@pytest.mark.parametrize(
    "change",
    [
        lambda part: part.assign(source=[values[::-1] for values in part["source"]]),
        lambda part: part.assign(targets=part["targets"][::-1].tolist()),
        lambda part: part.assign(ends=[ends + 1 for ends in part["ends"]]),
    ],
)
def test_strings_that_are_not_their_recordings(dataset, change):
    change_part(dataset, "validation", change)
    assert findings(dataset).keys() == {"strings"}


def test_lost_recordings(dataset):
    change_part(dataset, "validation", lambda part: part[1:])
    assert findings(dataset).keys() == {"lost_recordings"}


def test_a_scaler_and_a_vocabulary_of_more_than_train(dataset):
    def change(content):
        content["scaler"]["mean"][0] += 0.01
        content["target"]["model"]["vocab"]["▁foreign"] = 99

    change_preprocessor(dataset, change)
    assert findings(dataset).keys() == {"scaler", "vocabulary"}


@pytest.mark.parametrize("name", ["train.source.values", "train.target.values"])
def test_arrays_that_are_not_trains(dataset, name):
    path = dataset.prepared / "frames" / f"{name}.npy"
    np.save(path, np.load(path)[::-1])
    assert findings(dataset).keys() == {"arrays"}
