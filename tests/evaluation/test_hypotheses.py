"""What a hypothesis is decided by, and which datasets it is asked of."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML

from stages.evaluation.hypotheses import Evidence, Hypothesis, decide, decision
from stages.evaluation.metric import Metric
from stages.evaluation.uncertainty import Independent
from stages.tasks.discovery import find_task, task_names

ERROR = Metric("error", "Error", "points", lambda sums: sums[..., 1] / sums[..., 0], "", higher_is_better=False)
LENGTHS = np.arange(400)
ALL, LONGER = Hypothesis("It helps", "gru", "rnn"), Hypothesis("It helps on long ones", "gru", "rnn", "longer")


def evidence(rnn: np.ndarray, gru: np.ndarray, **options: Any) -> Evidence:
    """Return the evidence of two networks with these errors of the items, the mean over two seeds."""
    rng = np.random.default_rng(0)

    def added(errors: np.ndarray) -> np.ndarray:
        seeds = [errors + rng.normal(0, 0.3, len(errors)) + shift for shift in (-0.01, 0.01)]
        return np.stack([np.stack([np.ones(len(errors)), seed], axis=1) for seed in seeds])

    given = {"unfinished": (), "upper_bounds": ()} | options
    return Evidence(ERROR, {"rnn": added(rnn), "gru": added(gru)}, ("rnn", "gru"), Independent(), LENGTHS, **given)


def holds(hypothesis: Hypothesis, evidence: Evidence) -> str:
    row = decide(hypothesis, evidence, 0.95)
    return decision(row | {"p_corrected": row["p"]}, ERROR, 0.95)


def test_of_all_items_it_is_a_difference():
    row = decide(ALL, evidence(np.full(400, 1.0), np.full(400, 0.5)), 0.95)
    assert (row["num_items"], row["items"], row["undecidable"]) == (400, "all", None)
    assert (row["error"], row["other_error"], row["difference"]) == pytest.approx((0.5, 1.0, -0.5), abs=0.05)
    assert holds(ALL, evidence(np.full(400, 1.0), np.full(400, 0.5))) == "yes"
    assert holds(ALL, evidence(np.full(400, 0.5), np.full(400, 1.0))) == "no"
    assert holds(ALL, evidence(np.full(400, 1.0), np.full(400, 1.0))) == "not proven"


def test_a_model_that_is_better_by_as_much_on_short_items_is_not_better_for_length():
    everywhere = evidence(np.full(400, 1.0), np.full(400, 0.5))
    row = decide(LONGER, everywhere, 0.95)
    assert (row["error"], row["other_error"], row["difference"]) == pytest.approx((-0.5, -0.5, 0), abs=0.1)
    assert row["num_items"] == 200 and holds(LONGER, everywhere) == "not proven"
    on_long = evidence(np.where(LENGTHS > 200, 1.0, 0.5), np.full(400, 0.5))
    assert holds(LONGER, on_long) == "yes"
    assert holds(LONGER, evidence(np.where(LENGTHS < 200, 1.0, 0.5), np.full(400, 0.5))) == "no"


def test_to_harm_less_on_long_items_is_not_to_help():
    rnn, gru = np.full(400, 0.5), np.where(LENGTHS > 200, 0.7, 1.5)
    assert holds(LONGER, evidence(rnn, gru)) == "not proven"


def test_too_few_lengths_or_items_decide_nothing():
    rnn, gru = np.where(LENGTHS > 200, 1.0, 0.5), np.full(400, 0.5)
    row = decide(LONGER, replace(evidence(rnn, gru), lengths=np.full(400, 7)), 0.95)
    assert (row["p"], row["low"]) == (None, None)
    few = replace(evidence(rnn[::10], gru[::10]), lengths=LENGTHS[::10])
    assert decide(LONGER, few, 0.95)["p"] is None


def test_what_is_not_known_decides_nothing():
    better, worse = np.full(400, 0.5), np.full(400, 1.0)
    assert holds(ALL, evidence(worse, better, unfinished={"rnn"})) == "unfinished"
    assert holds(ALL, evidence(worse, better, unfinished={"gru"})) == "yes"  # more training would not undo it
    assert holds(ALL, evidence(worse, better, upper_bounds={"gru"})) == "yes"  # a bound may win
    assert holds(ALL, evidence(better, worse, upper_bounds={"gru"})) == "bound"  # but not lose


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


def test_only_tasks_whose_items_have_lengths_ask_about_longer_ones():
    for name in task_names():
        task = find_task(name)
        assert task.length_column or all(hypothesis.items == "all" for hypothesis in task.hypotheses)
