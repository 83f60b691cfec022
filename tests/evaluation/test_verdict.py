"""The verdict in words, for every outcome of a comparison."""

from typing import Any

import pytest

from stages.config.schema import EvaluationConfig
from stages.evaluation.verdict import verdict
from tests.evaluation.test_metric import ACCURACY, MASE

NUMBERS = "by 2.0 points of accuracy, 95% interval of the difference"
TFIDF = "tfidf_logreg, the best baseline on validation,"


def outcome(
    best: str = "cnn", baseline: str | None = "tfidf_logreg", difference: float = 0.02, p: float = 0.01
) -> dict[str, Any]:
    """Return a comparison of a network and a baseline."""
    versus = {"difference": difference, "low": difference - 0.01, "high": difference + 0.01}
    mean = {"accuracy": {"mean": 0.955}, "mase": {"mean": 0.955}}
    model = {"metrics": mean, "still_improving": False, "against_baseline": versus | {"p": p / 3, "p_corrected": p}}
    models = {name: model | {"baseline": name != "cnn"} for name in ("cnn", "tfidf_logreg")}
    return {"best": best, "best_baseline": baseline, "models": models}


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        ({}, f"cnn beats {TFIDF} {NUMBERS} +1.0 to +3.0, p = 0.01 after correction."),
        ({"difference": -0.02}, f"cnn loses to {TFIDF} {NUMBERS} −3.0 to −1.0, p = 0.01 after correction."),
        (
            {"p": 0.3},
            f"cnn, the best on validation, is ahead of {TFIDF} {NUMBERS} +1.0 to +3.0, p = 0.3 after correction: not "
            "proven.",
        ),
        (
            {"p": 0.06, "difference": -0.02},
            f"cnn, the best on validation, is behind {TFIDF} {NUMBERS} −3.0 to −1.0, p = 0.06 after correction: not "
            "proven.",
        ),
        (
            {"baseline": None},
            "cnn is the best on validation (test accuracy 95.5%); there is no baseline to compare with.",
        ),
        (
            {"best": "tfidf_logreg"},
            "No model beats the baseline tfidf_logreg on validation (its test accuracy: 95.5%); use it.",
        ),
    ],
)
def test_a_verdict(case, sentence):
    assert verdict(outcome(**case), ACCURACY, EvaluationConfig()) == sentence


def test_where_lower_is_better_less_is_a_win():
    numbers = "by 0.020 points of MASE, 95% interval of the difference"
    assert verdict(outcome(difference=-0.02), MASE, EvaluationConfig()) == (
        f"cnn beats {TFIDF} {numbers} −0.030 to −0.010, p = 0.01 after correction."
    )
    assert verdict(outcome(difference=0.02), MASE, EvaluationConfig()).startswith(f"cnn loses to {TFIDF} {numbers}")


def test_other_models_that_beat_the_baseline_are_named_and_those_that_do_not():
    comparison = outcome()
    model = comparison["models"]["cnn"]
    poor = model | {"against_baseline": model["against_baseline"] | {"p_corrected": 0.3}}
    comparison["models"] |= {"gru": model, "rnn": poor, "lstm": model}
    sentences = verdict(comparison, ACCURACY, EvaluationConfig())
    assert sentences.endswith(
        " Also better than tfidf_logreg: gru, lstm. Not shown to be better than tfidf_logreg: rnn."
    )


def test_the_confidence_decides():
    assert "not proven" in verdict(outcome(p=0.02), ACCURACY, EvaluationConfig(confidence=0.99))
    assert "90% interval" in verdict(outcome(p=0.08), ACCURACY, EvaluationConfig(confidence=0.9))


def test_nothing_is_said_against_a_model_that_was_still_improving():
    comparison = outcome(best="tfidf_logreg")
    comparison["models"]["cnn"]["still_improving"] = True
    more = " Still improving when training ended, so more epochs may help: cnn."
    assert verdict(comparison, ACCURACY, EvaluationConfig()) == (
        f"No model beats the baseline tfidf_logreg on validation (its test accuracy: 95.5%).{more}"
    )
    comparison = outcome(difference=-0.02)
    comparison["models"] |= {"cnn": comparison["models"]["cnn"] | {"still_improving": True}}
    comparison["models"]["rnn"] = comparison["models"]["cnn"]
    sentences = verdict(comparison, ACCURACY, EvaluationConfig())
    assert sentences.startswith(f"cnn, the best on validation, is behind {TFIDF}")
    assert sentences.endswith(f", but was still improving.{more.removesuffix('.')}, rnn.")
    assert "loses" not in sentences and "Not shown" not in sentences
