import json
import subprocess
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_params import others

from stages import params
from stages.classification import comparison
from stages.classification.comparison import ITEM, MEASURE, by_item, by_seed
from stages.classification.metrics import figures
from stages.compare import between, compare, decide_claims, refuse_other_items, verdict
from stages.console import Problem
from stages.params import Evaluation
from stages.significance import holm, paired_test, proven, resample

ROOT = Path(__file__).parents[1]
QUICK = Evaluation(bootstrap=200, permutations=500)
PARAMS = (
    """
seeds: [1, 2]
parallel: {}
datasets:
  mine: {task: classification, source: {path: mine.csv}, reading: {}, split: {}, tokenizer: {}}
classification: {datasets: [mine], training: {}, models: MODELS}
"""
    + others("classification")
    + "evaluation: {bootstrap: 300, permutations: 300}\n"
)


def predictions(accuracies, items=200, seed=0):
    """Return a table as evaluate writes it, its seeds having the given accuracies on the same items."""
    random = np.random.default_rng(seed)
    labels = np.array(["ham", "spam"])[np.arange(items) % 2]
    tables = []
    for number, accuracy in enumerate(accuracies, start=1):
        right = np.arange(items) < round(accuracy * items)
        random.shuffle(right)
        sure = random.uniform(0.6, 1, size=items)
        spam = np.where((labels == "spam") == right, sure, 1 - sure)
        tables.append(
            pd.DataFrame(
                {
                    "id": [f"r-{n}" for n in range(1, items + 1)],
                    "seed": number,
                    "label": labels,
                    "tokens": np.arange(items) + 1,
                    "predicted": np.where(spam > 0.5, "spam", "ham"),
                    "probability.ham": 1 - spam,
                    "probability.spam": spam,
                }
            )
        )
    return pd.concat(tables)


def hits_of(accuracy, items=200, seed=0):
    return (np.random.default_rng(seed).random(items) < accuracy).astype(float)


def test_by_seed_and_by_item():
    table = predictions([0.5, 0.75], items=8)
    items = by_seed(table)
    assert items.shape[:2] == (2, 8)
    assert items[:, :, 2:4].sum((1, 2)).tolist() == [4, 6]  # hits by class
    hits = by_item(table)
    assert hits.shape == (8,)
    assert hits.mean() == 0.625


def test_same_predictions_differ_by_nothing():
    hits = hits_of(0.8)
    assert paired_test(hits, hits, QUICK) == {"difference": 0, "p": 1}


def test_better_model_has_a_small_p():
    found = paired_test(hits_of(0.9), hits_of(0.6, seed=1), QUICK)
    assert found["difference"] == pytest.approx(0.3, abs=0.1)
    assert found["p"] == 1 / 501  # none of the permutations reaches it; 0 is never claimed
    assert paired_test(hits_of(0.6, seed=1), hits_of(0.9), QUICK) == found | {"difference": -found["difference"]}


@pytest.mark.parametrize("seed", range(4))
def test_p_is_that_of_all_signs(seed):
    random = np.random.default_rng(seed)
    hits, others = random.integers(0, 4, size=(2, 9)) / 3  # means over three seeds
    differences = hits - others
    sums = np.array([np.dot(signs, differences) for signs in product([-1, 1], repeat=9)])
    exact = (np.abs(sums) >= abs(differences.sum()) - 1e-9).mean()
    choices = Evaluation(permutations=5000)
    assert paired_test(hits, others, choices)["p"] == pytest.approx(exact, abs=4 * 0.5 / np.sqrt(5000))


def test_p_is_uniform_where_models_are_alike():
    below = [paired_test(hits_of(0.7, 80, n), hits_of(0.7, 80, 1000 + n), QUICK)["p"] < 0.1 for n in range(150)]
    assert 0.01 < np.mean(below) < 0.18


def test_intervals_cover_the_true_accuracy_as_often_as_stated():
    choices = Evaluation(bootstrap=200)
    covered = 0
    for repetition in range(60):
        accuracy = hits_of(0.8, 300, repetition)
        table = predictions([accuracy.mean()], items=300, seed=repetition)
        values = resample({"m": by_seed(table)}, figures, choices)["m"]["accuracy"]
        low, high = np.quantile(values, [0.025, 0.975])
        covered += low <= 0.8 <= high
    assert 0.85 <= covered / 60


def test_resampling_draws_items_and_seeds():
    spread = {
        name: resample({"m": by_seed(predictions(accuracies))}, figures, QUICK)["m"]["accuracy"].std()
        for name, accuracies in {"one": [0.8], "alike": [0.8, 0.8], "apart": [0.6, 1.0]}.items()
    }
    assert spread["one"] == pytest.approx(np.sqrt(0.8 * 0.2 / 200), rel=0.2)
    assert spread["alike"] < spread["one"]
    assert spread["apart"] > 3 * spread["alike"]


def test_resamples_have_the_same_items_for_all_models():
    items = by_seed(predictions([0.7]))
    found = resample({"a": items, "b": items}, figures, QUICK)
    assert set(found["a"]) == {"accuracy", "macro_f1", "log_loss", "calibration_error"}
    for metric, values in found["a"].items():
        assert values.shape == (200,)
        assert np.array_equal(values, found["b"][metric])


def test_chunks_cover_every_resample(monkeypatch):
    monkeypatch.setattr("stages.significance.CHUNK", 64)
    assert len(resample({"a": by_seed(predictions([0.7]))}, figures, QUICK)["a"]["accuracy"]) == 200
    assert paired_test(hits_of(0.9), hits_of(0.6, seed=1), QUICK)["p"] == 1 / 501


@pytest.mark.parametrize(
    "spoil",
    [
        lambda table: table.assign(id=[f"other-{n}" for n in range(len(table))]),
        lambda table: table[::-1],
        lambda table: table[:-1],
        lambda table: table.assign(label="ham"),
    ],
)
def test_predictions_of_other_items_are_refused(spoil):
    good = predictions([0.7, 0.7], items=8)
    refuse_other_items({"cnn": good, "lstm": good.copy()}, ITEM)
    with pytest.raises(Problem, match=r"^the predictions of lstm \(seed [12]\) are of other test items than those of "):
        refuse_other_items({"cnn": good, "lstm": spoil(good)}, ITEM)


def outcome(best="cnn", baseline="tfidf_logreg", difference=0.02, p=0.01):
    versus = {"difference": difference, "low": difference - 0.01, "high": difference + 0.01}
    model = {"metrics": {"accuracy": {"mean": 0.955}}, "against_baseline": versus | {"p": p / 3, "p_corrected": p}}
    models = {name: model | {"baseline": name != "cnn"} for name in ("cnn", "tfidf_logreg")}
    return {"best": best, "best_baseline": baseline, "models": models}


FIGURES = "by 2.0 points of test accuracy, 95% interval of the difference"


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        ({}, f"cnn beats the baseline tfidf_logreg {FIGURES} +1.0 to +3.0, p = 0.01 after correction."),
        (
            {"difference": -0.02},
            f"cnn loses to the baseline tfidf_logreg {FIGURES} −3.0 to −1.0, p = 0.01 after correction.",
        ),
        (
            {"p": 0.3},
            f"cnn, the best on validation, is ahead of the baseline tfidf_logreg {FIGURES} +1.0 to +3.0, p = 0.3 after "
            "correction: not proven.",
        ),
        (
            {"p": 0.06, "difference": -0.02},
            f"cnn, the best on validation, is behind the baseline tfidf_logreg {FIGURES} −3.0 to −1.0, p = 0.06 after "
            "correction: not proven.",
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
def test_verdict(case, sentence):
    assert verdict(outcome(**case), MEASURE, Evaluation()) == sentence


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Return a function that writes every model's predictions and scores, compares, and returns what is written."""
    monkeypatch.chdir(tmp_path)

    def call(models):
        names = ", ".join(f"{name}: {{}}" for name in models)
        Path("params.yaml").write_text(PARAMS.replace("MODELS", f"{{{names}}}"))
        params.load.cache_clear()
        for folder in (Path("data/predictions/mine"), Path("reports/metrics/mine")):
            folder.mkdir(parents=True, exist_ok=True)
        for name, (validation, table) in models.items():
            table.to_parquet(f"data/predictions/mine/{name}.parquet", index=False)
            hits = (table["label"] == table["predicted"]).groupby(table["seed"]).mean()
            figures = {"accuracy": hits.mean(), "macro_f1": 0.5, "log_loss": 0.5, "calibration_error": 0.1}
            measured = figures | {
                "sd": dict.fromkeys(figures, 0.01),
                "seeds": {str(seed): figures for seed in hits.index},
                "validation": {"accuracy": validation},
                "signature": {"of": name},
            }
            Path(f"reports/metrics/mine/{name}.json").write_text(json.dumps(measured))
        compare("mine")
        return json.loads(Path("reports/compare/mine.json").read_text())

    yield call
    params.load.cache_clear()


def test_stage(project):
    models = {
        "majority": (0.5, predictions([0.5])),
        "tfidf_logreg": (0.7, predictions([0.7], seed=1)),
        "lstm": (0.92, predictions([0.9, 0.9], seed=2)),
        "cnn": (0.91, predictions([0.95, 0.95], seed=3)),
    }
    found = project(models)
    assert (found["best"], found["best_baseline"]) == ("lstm", "tfidf_logreg")  # by validation: on test cnn is better
    assert found["signature"] == {"of": "lstm"}
    assert found["verdict"].startswith("lstm beats the baseline tfidf_logreg by 20.0 points of test accuracy, 95% inte")
    assert {name: model["baseline"] for name, model in found["models"].items()} == {
        "cnn": False,
        "lstm": False,
        "majority": True,
        "tfidf_logreg": True,
    }
    assert "against_baseline" not in found["models"]["tfidf_logreg"]
    assert found["models"]["majority"]["against_baseline"]["difference"] == pytest.approx(-0.2)
    accuracy = found["models"]["lstm"]["metrics"]["accuracy"]
    assert accuracy["low"] < accuracy["mean"] == 0.9 < accuracy["high"]
    assert (accuracy["sd"], accuracy["seeds"]) == (0.01, 2)
    versus = found["models"]["cnn"]["against_baseline"]
    assert 0 < versus["low"] < versus["difference"] < versus["high"]
    assert versus["p"] == pytest.approx(1 / 301, abs=1e-6)
    assert versus["p"] < versus["p_corrected"] < 0.05
    assert len(found["pairs"]) == 6
    assert found["verdict"].endswith("Also better than tfidf_logreg: cnn.")
    first = Path("reports/compare/mine.json").read_bytes()
    project(models)
    assert Path("reports/compare/mine.json").read_bytes() == first


def test_same_predictions_twice(project):
    same = predictions([0.8])
    versus = project({"majority": (0.7, same), "cnn": (0.8, same)})["models"]["cnn"]["against_baseline"]
    assert versus == {"difference": 0, "p": 1, "p_corrected": 1, "low": 0, "high": 0}


def test_no_baseline(project):
    found = project({"cnn": (0.8, predictions([0.8, 0.7])), "lstm": (0.7, predictions([0.7, 0.7]))})
    assert (found["best"], found["best_baseline"]) == ("cnn", None)
    assert found["verdict"].endswith("there is no baseline to compare with.")
    assert all("against_baseline" not in model for model in found["models"].values())


@pytest.mark.parametrize("name", ["cnn", "majority"])
def test_one_model(project, name):
    found = project({name: (0.8, predictions([0.8]))})
    assert found["best"] == name
    assert found["best_baseline"] == (name if name == "majority" else None)


def test_stage_refuses_other_items(project):
    with pytest.raises(Problem, match="are of other test items than those of cnn"):
        project({"cnn": (0.8, predictions([0.8])), "lstm": (0.7, predictions([0.8], items=100))})
    assert not Path("reports/compare/mine.json").exists()


def test_neither_keras_nor_jax_is_imported():
    heavy = "{'keras', 'jax', 'great_expectations', 'sklearn', 'tensorflow', 'torch'}"
    code = f"import sys, stages.compare; sys.exit(', '.join({heavy} & set(sys.modules)) or 0)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_holm_is_the_papers_procedure():
    assert holm([0.01, 0.04, 0.03, 0.005]).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.9]).tolist() == [1, 1]
    assert holm([]).tolist() == []


@pytest.mark.parametrize(
    ("p", "low", "high", "expected"),
    [(0.05, 0.1, 0.2, True), (0.051, 0.1, 0.2, False), (0.01, -0.1, 0.2, False), (0.01, -0.2, -0.1, True)],
)
def test_proven_takes_test_and_interval(p, low, high, expected):
    assert proven({"p": 0.001, "p_corrected": p, "low": low, "high": high}, 0.95) is expected


def test_a_pair_is_turned_towards_the_model_asked_for():
    pair = {"one": "a", "other": "b", "difference": 0.2, "low": 0.1, "high": 0.4, "p": 0.01, "p_corrected": 0.02}
    assert between([pair], "a", "b")["low"] == 0.1
    assert between([pair], "b", "a") == {"difference": -0.2, "low": -0.4, "high": -0.1, "p": 0.01, "p_corrected": 0.02}


def test_claims_are_decided_on_the_texts_that_they_speak_of():
    good, poor = predictions([0.9], items=400), predictions([0.9], items=400)
    long, wrong = poor["tokens"] > 300, np.where(poor["label"] == "ham", "spam", "ham")
    poor["predicted"] = poor["predicted"].where(~long, wrong)
    for label in ("ham", "spam"):
        poor[f"probability.{label}"] = poor[f"probability.{label}"].where(~long, (wrong == label).astype(float))
    rows = {
        (row["words"], row["better"], row["texts"]): row
        for row in decide_claims(comparison, {"lstm": good, "rnn": poor}, QUICK)
    }
    assert {claim[1] for claim in rows} == {"lstm"}  # claims about models that are not there are left out
    longest = rows["Gates help on longer texts", "lstm", "longest"]
    assert (longest["holds"], longest["items"], longest["other_accuracy"]) == ("yes", 100, 0)
    shortest = next(row for row in rows.values() if row["texts"] == "shortest")
    assert (shortest["holds"], shortest["difference"]) == ("not proven", 0)
