"""The verdict in words, for every outcome of a comparison."""

from itertools import combinations
from typing import Any

import pytest

from stages.evaluation.pairs import turned
from stages.evaluation.verdict import beats_baselines, verdict
from tests.evaluation.test_metric import ACCURACY, MASE

NUMBERS = "by 2.0 points of accuracy, 95% interval of the difference"
TFIDF = "tfidf_logreg, the best baseline on validation,"
BASELINES = ("tfidf_logreg", "majority")
BEST = "tfidf_logreg, a baseline, is the best on validation (test accuracy: 95.5%)."


def outcome(
    best: str = "cnn",
    baseline: str | None = "tfidf_logreg",
    gaps: dict[str, float] | None = None,
    p: float | None = 0.01,
    over_seeds: bool = True,
) -> dict[str, Any]:
    """Return a comparison in which each model is so far ahead of tfidf_logreg, p being that of every pair.

    Pairs of models that are alike have a p of 1.
    """
    values = {"tfidf_logreg": 0.0} | (gaps or {"cnn": 0.02})
    pairs = []
    for one, other in combinations(values, 2):
        gap = values[one] - values[other]
        row = {"difference": gap, "low": gap - 0.01, "high": gap + 0.01, "independent": 99.0, "over_seeds": over_seeds}
        if p is None:
            row |= {"low": None, "high": None}
        of_pair = p if gap else 1.0
        pairs.append({"one": one, "other": other, "p": of_pair, "p_corrected": of_pair} | row)
    models = {
        name: {
            "metrics": {"accuracy": {"mean": 0.955}, "mase": {"mean": 0.955}},
            "still_improving": False,
            "baseline": name in BASELINES,
        }
        for name in values
    }
    outcome = {"best": best, "best_baseline": baseline, "models": models, "pairs": pairs}
    for name in set(values) - {baseline}:
        models[name]["against_baseline"] = turned(pairs, name, "tfidf_logreg") if name != "tfidf_logreg" else {}
    return outcome | {"sample": {"items": 99, "independent": 99.0, "fewest": 5, "words": "items"}}


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        ({}, f"cnn beats {TFIDF} {NUMBERS} +1.0 to +3.0, p = 0.01 after correction."),
        ({"gaps": {"cnn": -0.02}}, f"cnn loses to {TFIDF} {NUMBERS} −3.0 to −1.0, p = 0.01 after correction."),
        (
            {"p": 0.3},
            f"cnn, the best on validation, is ahead of {TFIDF} {NUMBERS} +1.0 to +3.0, p = 0.3 after correction: not "
            "proven.",
        ),
        (
            {"p": 0.06, "gaps": {"cnn": -0.02}},
            f"cnn, the best on validation, is behind {TFIDF} {NUMBERS} −3.0 to −1.0, p = 0.06 after correction: not "
            "proven.",
        ),
        (
            {"over_seeds": False},
            f"cnn, the best on validation, is ahead of {TFIDF} {NUMBERS} +1.0 to +3.0, p = 0.01 after correction: true "
            "of these trained models, but one seed does not tell what others would give.",
        ),
        (
            {"p": None},
            f"cnn, the best on validation, is ahead of {TFIDF} by 2.0 points of accuracy: too few independent items to "
            "tell whether that is chance.",
        ),
        (
            {"baseline": None},
            "cnn is the best on validation (test accuracy 95.5%); there is no baseline to compare with.",
        ),
        (
            {"best": "tfidf_logreg", "gaps": {"cnn": -0.02}},
            f"{BEST} On test it is proven to be ahead of every network: use it.",
        ),
        (
            {"best": "tfidf_logreg", "gaps": {"cnn": -0.02}, "p": 0.3},
            f"{BEST} On test no model is proven to be ahead: use it.",
        ),
        ({"best": "tfidf_logreg"}, f"{BEST} On test cnn is proven to be ahead of it."),
        (
            {"best": "tfidf_logreg", "gaps": {"cnn": 0.02, "majority": 0.03}},
            f"{BEST} On test cnn and majority are proven to be ahead of it.",
        ),
        (
            {"best": "tfidf_logreg", "over_seeds": False},
            f"{BEST} On test cnn is ahead of it: true of these trained models, but one seed does not tell what others "
            "would give.",
        ),
        (
            {"best": "tfidf_logreg", "p": None},
            f"{BEST} The test part has too few independent items to tell whether any other model is ahead of it.",
        ),
        (
            {"gaps": {"cnn": 0.0}},
            f"cnn, the best on validation, is level with {TFIDF} by 0.0 points of accuracy, 95% interval of the "
            "difference −1.0 to +1.0, p = 1 after correction: not proven.",
        ),
    ],
)
def test_a_verdict(case, sentence):
    assert verdict(outcome(**case), ACCURACY, 0.95) == sentence


def test_to_beat_the_baselines_is_to_beat_each():
    every = outcome(gaps={"cnn": 0.02, "majority": -0.3})
    assert verdict(every, ACCURACY, 0.95).endswith("after correction, and every other baseline.")
    assert beats_baselines(every, ACCURACY, 0.95)
    one = outcome(gaps={"cnn": 0.02, "majority": 0.02})  # as good on test as the network
    assert verdict(one, ACCURACY, 0.95).endswith("after correction, but is not proven to be ahead of majority.")
    assert not beats_baselines(one, ACCURACY, 0.95)
    assert not beats_baselines(outcome(over_seeds=False), ACCURACY, 0.95)
    assert not beats_baselines(outcome(best="tfidf_logreg"), ACCURACY, 0.95)


@pytest.mark.parametrize("gap", [0.02, -0.02])
def test_a_baseline_that_is_ahead_of_the_best_model_is_named(gap):
    sentence = verdict(outcome(gaps={"cnn": gap, "majority": 0.3}), ACCURACY, 0.95)
    assert sentence.endswith("after correction. It is proven to be behind majority.")


def test_a_bound_that_is_behind_proves_nothing():
    bound = outcome(gaps={"deconv": -0.02}, best="deconv")
    bound["models"]["deconv"]["against_baseline"] |= {"p": None, "p_corrected": None}
    sentence = verdict(bound, ACCURACY, 0.95)
    assert sentence.endswith("−3.0 to −1.0: its figure is a bound of what it would be, so nothing is proven.")


def test_where_lower_is_better_less_is_a_win():
    numbers = "by 0.020 points of MASE, 95% interval of the difference"
    assert verdict(outcome(gaps={"cnn": -0.02}), MASE, 0.95) == (
        f"cnn beats {TFIDF} {numbers} −0.030 to −0.010, p = 0.01 after correction."
    )
    assert verdict(outcome(), MASE, 0.95).startswith(f"cnn loses to {TFIDF} {numbers}")


def test_other_models_that_beat_the_baseline_are_named_and_those_that_do_not():
    comparison = outcome(gaps={"cnn": 0.02, "gru": 0.02, "rnn": 0.0, "lstm": 0.02})
    sentences = verdict(comparison, ACCURACY, 0.95)
    assert sentences.endswith(
        " Also better than tfidf_logreg: gru, lstm. Not shown to be better than tfidf_logreg: rnn."
    )


def test_the_confidence_decides():
    assert "not proven" in verdict(outcome(p=0.02), ACCURACY, 0.99)
    assert "90% interval" in verdict(outcome(p=0.08), ACCURACY, 0.9)


def test_few_independent_items_are_told():
    few = outcome() | {"sample": {"items": 500, "independent": 4, "fewest": 4, "words": "items of 4 works"}}
    told = "after correction. It rests on few independent items: 500 items of 4 works."
    assert verdict(few, ACCURACY, 0.95).endswith(told)


def test_nothing_is_said_against_a_model_that_was_still_improving():
    comparison = outcome(best="tfidf_logreg", gaps={"cnn": -0.02})
    comparison["models"]["cnn"]["still_improving"] = True
    more = " Still improving when training ended, so more epochs may help: cnn."
    assert verdict(comparison, ACCURACY, 0.95) == f"{BEST} On test it is proven to be ahead of every network.{more}"
    comparison = outcome(gaps={"cnn": -0.02, "rnn": -0.02})
    for name in ("cnn", "rnn"):
        comparison["models"][name]["still_improving"] = True
    sentences = verdict(comparison, ACCURACY, 0.95)
    assert sentences.startswith(f"cnn, the best on validation, is behind {TFIDF}")
    assert sentences.endswith(f", but was still improving.{more.removesuffix('.')}, rnn.")
    assert "loses" not in sentences and "Not shown" not in sentences
