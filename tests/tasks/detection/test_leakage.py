"""Planted leaks between parts of pictures with objects, and in what was fitted on them, are found."""

import json

import numpy as np
import pandas as pd
import pytest

from stages.runtime.files import read_json
from stages.tasks.detection.leakage import check_leaks
from tests.tasks.detection.small import make_dataset


@pytest.fixture
def dataset(tmp_path):
    return make_dataset(tmp_path)


def findings(dataset) -> dict[str, list[str]]:
    return {check: lines for check, lines in check_leaks(dataset).items() if lines}


def change_part(dataset, name, change):
    part = pd.read_parquet(dataset.part(name))
    change(part).to_parquet(dataset.part(name), index=False)


@pytest.mark.parametrize("window", [{}, {"height": 32, "width": 24}])
@pytest.mark.parametrize("split", [{}, {"compose": None}])
def test_clean_parts_have_none(tmp_path, window, split):
    entry = {"window": {"height": 20, "width": 20, "filters": [4]} | window}
    if split:
        entry["split"] = {"test": 0.2} | split
    assert findings(make_dataset(tmp_path, entry=entry)) == {}


def test_a_scene_with_a_picture_of_another_part(dataset):
    other = pd.read_parquet(dataset.part("test")).head(1)
    change_part(dataset, "train", lambda part: pd.concat([part, other]))
    found = findings(dataset)
    assert found["shared_pictures"][0].startswith("train and test share") and "arrays" in found


@pytest.mark.parametrize(
    "change",
    [
        lambda part: part.assign(pixels=[bytes(reversed(pixels)) for pixels in part["pixels"]]),
        lambda part: part.assign(labels=[["ring"] * (len(labels) + 1) for labels in part["labels"]]),
        lambda part: part.assign(boxes=[boxes + 1 for boxes in part["boxes"]]),
    ],
)
def test_scenes_that_are_not_what_they_are_made_of(dataset, change):
    change_part(dataset, "validation", change)
    assert findings(dataset).keys() == {"scenes"}


def test_objects_that_are_not_the_tables(tmp_path):
    dataset = make_dataset(tmp_path, entry={"split": {"compose": None}})
    change_part(dataset, "test", lambda part: part.assign(boxes=[boxes / 2 for boxes in part["boxes"]]))
    assert findings(dataset).keys() == {"scenes"}


def test_means_and_classes_of_more_than_train(dataset):
    path = dataset.prepared / "regions" / "preprocessor.json"
    content = read_json(path)
    content["mean"][0] += 0.1
    content["classes"].append("zebra")
    path.write_text(json.dumps(content))
    found = findings(dataset)
    assert found.keys() == {"arrays", "classes"} and "means and deviations" in found["arrays"][0]


@pytest.mark.parametrize("name", ["train.pictures", "train.objects"])
def test_arrays_that_are_not_trains(dataset, name):
    path = dataset.prepared / "regions" / f"{name}.npy"
    np.save(path, np.load(path)[::-1])
    assert findings(dataset).keys() == {"arrays"}
