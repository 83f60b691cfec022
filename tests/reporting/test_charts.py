"""Pictures that every task's results have: colours of the page, and names that can be read."""

import re

import pandas as pd
import pytest

from stages.reporting import charts
from stages.reporting.svg import SERIES, apart, look
from tests.evaluation.test_metric import ACCURACY

CURVE = pd.DataFrame({"seed": [1, 1], "epoch": [1, 2], "validation_accuracy": [0.1, 0.2]})
LENGTHS = pd.DataFrame({"part": ["train", "train", "validation"], "tokens": [3, 7, 3], "texts": [2, 1, 1]})


def test_pictures_take_all_colours_from_the_page():
    many = {f"model_{number:02}": CURVE for number in range(20)}
    for svg in (
        charts.curves(many, ACCURACY, CURVE, "curves"),
        charts.lengths(LENGTHS, "lengths"),
    ):
        colours = re.findall(r"(?:fill|stroke): (?!none)([^;\"]+)", svg)
        assert colours and all(re.fullmatch(r"var\(--[a-z]+(-\d)?\)", colour) for colour in colours), set(colours)


def test_series_differ_in_colour_or_dashes():
    looks = [str(look(number)) for number in range(3 * len(SERIES))]
    assert len(set(looks)) == len(looks)


def test_places_are_moved_apart_as_little_as_possible():
    assert apart([5.0, 1.0, 1.2], 1.0) == pytest.approx([5.0, 0.6, 1.6])
    assert apart([0.0, 2.0], 1.0) == [0.0, 2.0]
