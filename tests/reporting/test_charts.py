"""Pictures that every task's results have: colours of the page, and names that can be read."""

import re
from itertools import combinations
from xml.etree import ElementTree

import pandas as pd
import pytest

from stages.reporting import charts
from stages.reporting.svg import SERIES, apart, look
from tests.evaluation.test_metric import ACCURACY, MASE
from tests.reporting.results import TEST

VALUES = {name: {"mean": mean, "low": mean - 0.1, "high": mean + 0.1} for name, mean in TEST.items()}
CURVE = pd.DataFrame({"seed": [1, 1], "epoch": [1, 2], "validation_accuracy": [0.1, 0.2]})
LENGTHS = pd.DataFrame({"part": ["train", "train", "validation"], "tokens": [3, 7, 3], "texts": [2, 1, 1]})


def labels(svg: str) -> dict[str, tuple[float, float]]:
    """Return where each model's name is in a picture."""
    places = {}
    for text in ElementTree.fromstring(svg).iter("text"):
        if text.text in TEST:
            x, y = re.search(r"translate\(([\d.]+) ([\d.]+)\)|$", text.get("transform", "")).groups()
            places[text.text] = (float(x or text.get("x")), float(y or text.get("y")))
    return places


def test_pictures_take_all_colours_from_the_page():
    many = {f"model_{number:02}": CURVE for number in range(20)}
    for svg in (
        charts.intervals(VALUES, ACCURACY, "lstm", "majority", "intervals"),
        charts.cost(VALUES, ACCURACY, dict.fromkeys(VALUES, 0.0), "lstm", "cost"),
        charts.curves(many, "validation_accuracy", CURVE, "curves"),
        charts.lengths(LENGTHS, "lengths"),
    ):
        colours = re.findall(r"(?:fill|stroke): (?!none)([^;\"]+)", svg)
        assert colours and all(re.fullmatch(r"var\(--[a-z]+(-\d)?\)", colour) for colour in colours), set(colours)


def test_a_picture_says_in_words_what_it_shows():
    title = ElementTree.fromstring(charts.intervals(VALUES, ACCURACY, "lstm", None, "name")).find("title").text
    assert title.startswith("test accuracy and its interval: cnn 0.900 (0.800 to 1.000); cnn_lstm 0.880 ")
    down = ElementTree.fromstring(charts.intervals(VALUES, MASE, "lstm", None, "name")).find("title").text
    assert down.startswith("test MASE and its interval: majority 0.500")


def test_names_beside_dots_do_not_overlap():
    same = {name: {"mean": 0.8, "low": 0.7, "high": 0.9} for name in TEST}
    places = labels(charts.cost(same, ACCURACY, dict.fromkeys(TEST, 12.5), "lstm", "cost"))  # all dots in one place
    assert set(places) == set(TEST)
    for (one, (x, y)), (other, (across, down)) in combinations(places.items(), 2):
        assert abs(y - down) > 9 or abs(x - across) > 5 * min(len(one), len(other)), (one, other)


def test_a_picture_is_the_same_each_time_and_its_ids_are_its_own():
    first, again, other = (charts.intervals(VALUES, ACCURACY, "lstm", None, name) for name in ("a", "a", "b"))
    assert first == again
    ids = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in (first, other)]
    assert ids[0] and not ids[0] & ids[1]


def test_names_are_never_read_as_mathematics_or_markup():
    name = "a$b_c|d$ <script>"
    svg = charts.intervals({name: VALUES["cnn"]}, ACCURACY, name, None, "name")
    assert "<script>" not in svg
    assert name in [text.text for text in ElementTree.fromstring(svg).iter("text")]


def test_series_differ_in_colour_or_dashes():
    looks = [str(look(number)) for number in range(3 * len(SERIES))]
    assert len(set(looks)) == len(looks)


def test_places_are_moved_apart_as_little_as_possible():
    assert apart([5.0, 1.0, 1.2], 1.0) == pytest.approx([5.0, 0.6, 1.6])
    assert apart([0.0, 2.0], 1.0) == [0.0, 2.0]
