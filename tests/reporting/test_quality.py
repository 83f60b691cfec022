"""Pictures of models' quality: all beside the best baseline, far ones at the axis' end, names that can be read."""

import re
from collections.abc import Mapping
from itertools import combinations
from xml.etree import ElementTree

import pytest

from stages.evaluation.metric import Metric
from stages.reporting.quality import Quality, cost, intervals
from tests.evaluation.test_metric import ACCURACY, MASE
from tests.reporting.results import BASELINES, TEST


def quality(
    means: Mapping[str, float] = TEST, best: str = "lstm", baseline: str | None = "majority", primary: Metric = ACCURACY
) -> Quality:
    """Return models with intervals of ±0.1."""
    values = {name: {"mean": mean, "low": mean - 0.1, "high": mean + 0.1} for name, mean in means.items()}
    return Quality(values, primary, best, baseline, frozenset(BASELINES))


def labels(svg: str) -> dict[str, tuple[float, float]]:
    """Return where each model's name is in a picture."""
    places = {}
    for text in ElementTree.fromstring(svg).iter("text"):
        if text.text in TEST:
            x, y = re.search(r"translate\(([\d.]+) ([\d.]+)\)|$", text.get("transform", "")).groups()
            places[text.text] = (float(x or text.get("x")), float(y or text.get("y")))
    return places


def test_pictures_take_all_colours_from_the_page():
    unfinished = Quality(quality().values, ACCURACY, "lstm", "majority", still_improving=frozenset({"gru"}))
    for svg in (intervals(unfinished, "intervals"), cost(unfinished, dict.fromkeys(TEST, 0.0), "cost")):
        colours = re.findall(r"(?:fill|stroke): (?!none)([^;\"]+)", svg)
        assert colours and all(re.fullmatch(r"var\(--[a-z]+(-\d)?\)", colour) for colour in colours), set(colours)
        assert "var(--back)" in svg  # what was still improving is hollow


def test_a_picture_says_in_words_what_it_shows():
    title = ElementTree.fromstring(intervals(quality(), "name")).findtext("title")
    assert title.startswith(
        "test accuracy and its interval, the best first: cnn 0.900 (0.800 to 1.000); cnn_lstm 0.880 "
    )
    assert "; lstm 0.850 (0.750 to 0.950), best on validation; " in title
    assert title.endswith("; majority 0.500 (0.400 to 0.600), best baseline on validation")
    down = ElementTree.fromstring(intervals(quality(primary=MASE), "name")).findtext("title")
    assert down.startswith("test MASE and its interval, the best first: majority 0.500")


def test_networks_and_baselines_differ_in_shape():
    model = quality()
    assert {name: model.marker(name)["marker"] for name in ("lstm", "gru", "majority", "nbsvm")} == {
        **{"lstm": "o", "gru": "o"},
        **{"majority": "s", "nbsvm": "s"},
    }


def test_a_model_far_behind_leaves_the_axis_to_the_others():
    low, high = quality({"cnn": 9.0, "lstm": 8.9, "gru": 8.8, "majority": 1.0}, baseline=None).axis()
    assert 8.0 < low < 8.7 and 9.1 < high < 9.5
    worse = quality({"cnn": 0.5, "lstm": 0.6, "naive": 20.0, "ets": 9.0}, "lstm", None, MASE)
    assert worse.axis()[1] < 1
    svg = intervals(worse, "name")
    assert "20.000" in svg and "9.000" in svg  # their means are told all the same


@pytest.mark.parametrize("chosen", [{"best": "majority"}, {"baseline": "majority"}])
def test_the_axis_always_holds_the_best_model_and_the_best_baseline(chosen):
    low, _ = quality({"cnn": 9.0, "lstm": 8.9, "gru": 8.8, "majority": 1.0}, **chosen).axis()
    assert low < 0.9


def test_the_axis_of_models_that_are_all_the_same():
    same = {"mean": 0.5, "low": 0.5, "high": 0.5}
    low, high = Quality({"cnn": same, "lstm": same, "gru": same}, ACCURACY, "cnn", None).axis()
    assert low < 0.5 < high


def test_names_beside_dots_do_not_overlap():
    places = labels(cost(quality(dict.fromkeys(TEST, 0.8)), dict.fromkeys(TEST, 12.5), "cost"))  # all in one place
    assert set(places) == set(TEST)
    for (one, (x, y)), (other, (across, down)) in combinations(places.items(), 2):
        assert abs(y - down) > 9 or abs(x - across) > 5 * min(len(one), len(other)), (one, other)


def test_a_picture_is_the_same_each_time_and_its_ids_are_its_own():
    first, again, other = (intervals(quality(), name) for name in ("a", "a", "b"))
    assert first == again
    ids = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in (first, other)]
    assert ids[0] and not ids[0] & ids[1]


def test_names_are_never_read_as_mathematics_or_markup():
    name = "a$b_c|d$ <script>"
    svg = intervals(quality({name: 0.5}, name, None), "name")
    assert "<script>" not in svg
    assert name in [text.text for text in ElementTree.fromstring(svg).iter("text")]
