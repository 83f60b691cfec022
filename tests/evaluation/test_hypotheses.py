"""Which items a hypothesis speaks of, and which datasets it is asked of."""

from pathlib import Path

import pandas as pd
from ruamel.yaml import YAML

from stages.evaluation.hypotheses import Hypothesis, items_of
from stages.tasks.discovery import find_task, task_names

TABLE = pd.DataFrame({"id": list("abcdefgh"), "tokens": [8, 7, 6, 5, 4, 3, 2, 1]})


def test_a_quarter_of_the_items_by_their_length():
    assert list(items_of(TABLE, "shortest", "tokens")["id"]) == ["g", "h"]
    assert list(items_of(TABLE, "longest", "tokens")["id"]) == ["a", "b"]


def test_all_items_and_items_without_a_length():
    assert items_of(TABLE, "all", "tokens") is TABLE
    assert items_of(TABLE, "longest", None) is TABLE


def test_a_hypothesis_is_asked_of_the_datasets_that_it_names():
    named = Hypothesis("It helps", "gru", "rnn", datasets=("mine",))
    assert named.asked_of("mine") and not named.asked_of("yours")
    assert Hypothesis("It helps", "gru", "rnn").asked_of("yours")


def test_all_hypotheses_name_datasets_that_are_shipped():
    params = YAML(typ="safe").load(Path(__file__).parents[2] / "params.yaml")
    for name in task_names():
        asked = {dataset for hypothesis in find_task(name).hypotheses for dataset in hypothesis.datasets}
        assert all(hypothesis.datasets for hypothesis in find_task(name).hypotheses)
        assert asked <= set(params.get(name, {}).get("datasets", ()))
