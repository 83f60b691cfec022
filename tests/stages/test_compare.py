"""`compare`: intervals, tests of all pairs, hypotheses and a verdict, from predictions of the toy task."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stages import compare as module
from stages.compare import compare, refuse_other_items
from stages.config.dataset import Dataset
from stages.config.paths import Paths
from stages.config.resolved import ComparisonFile
from stages.config.schema import EvaluationConfig
from stages.evaluation.hypotheses import Hypothesis
from stages.runtime.errors import UserError
from stages.runtime.files import write_json
from tests.toy_task import TASK

PROJECT = Path(__file__).parents[2]
BASELINES = ("last", "mean")
Models = dict[str, tuple[float, pd.DataFrame]]  # by name, the MAE on validation and the predictions


def predictions(*errors: float, items: int = 200, seed: int = 0) -> pd.DataFrame:
    """Return a table as evaluate writes it, each seed with this mean absolute error."""
    rng = np.random.default_rng(seed)
    target = np.arange(items, dtype=float)
    tables = []
    for number, error in enumerate(errors, start=1):
        sizes = rng.uniform(0.5, 1.5, items)
        predicted = target + rng.choice([-1, 1], items) * error * sizes / sizes.mean()
        table = {"id": [f"r-{n}" for n in range(1, items + 1)], "seed": number, "target": target}
        tables.append(pd.DataFrame(table | {"tokens": np.arange(items) + 1, "predicted": predicted}))
    return pd.concat(tables)


def metrics_of(table: pd.DataFrame) -> dict[str, Any]:
    """Return what evaluate writes about metrics."""
    sums = TASK.per_seed(table).sum(1)
    rows = [{metric.name: float(metric.from_sums(seed)) for metric in TASK.metrics} for seed in sums]
    mean = {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
    seeds = {str(number): row for number, row in enumerate(rows, start=1)}
    return {"mean": mean, "sd": dict.fromkeys(mean, 0.01), "seeds": seeds}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Models], dict[str, Any]]:
    """A function that writes what `compare` reads, runs it, and returns what it writes."""
    monkeypatch.setattr(module, "find_task", lambda name: TASK)
    dataset = Dataset(Paths(tmp_path), "toy", "mine")

    def call(models: Models, unfinished: str | None = None) -> dict[str, Any]:
        baselines = tuple(name for name in models if name in BASELINES)
        networks = tuple(name for name in models if name not in BASELINES)
        file = ComparisonFile(baselines=baselines, networks=networks, evaluation=EvaluationConfig())
        write_json(dataset.paths.task_params("toy", "comparison"), file.model_dump(mode="json"))
        for name, (validation, table) in models.items():
            dataset.predictions(name).parent.mkdir(parents=True, exist_ok=True)
            table.to_parquet(dataset.predictions(name), index=False)
            about = {"metrics": metrics_of(table), "validation": {"mae": validation}, "signature": {"of": name}}
            about["still_improving"] = name == unfinished
            write_json(dataset.report("evaluation", name), about)
        compare(dataset)
        return json.loads(dataset.report("compare").read_text())

    return call


def test_stage(run, tmp_path):
    models = {
        "mean": (5.0, predictions(5.0)),
        "last": (3.0, predictions(3.0, seed=1)),
        "lstm": (0.8, predictions(1.0, 1.0, seed=2)),
        "gru": (0.9, predictions(0.5, 0.5, seed=3)),
    }
    outcome = run(models)
    assert (outcome["best"], outcome["best_baseline"]) == ("lstm", "last")  # by validation: on test gru is better
    assert outcome["signature"] == {"of": "lstm"}
    assert outcome["verdict"].startswith(
        "lstm beats last, the best baseline on validation, by 2.000 points of MAE, 95% interval of the "
    )
    assert "after correction, and every other baseline. Also better than last: gru." in outcome["verdict"]
    assert {name: model["baseline"] for name, model in outcome["models"].items()} == {
        "gru": False,
        "last": True,
        "lstm": False,
        "mean": True,
    }
    assert "against_baseline" not in outcome["models"]["last"]
    assert outcome["models"]["mean"]["against_baseline"]["difference"] == pytest.approx(2.0)
    mae = outcome["models"]["lstm"]["metrics"]["mae"]
    assert mae["low"] < mae["mean"] == 1.0 < mae["high"]
    assert (mae["sd"], mae["seeds"]) == (0.01, 2)
    assert set(outcome["models"]["lstm"]["metrics"]) == {"mae", "rmse"}
    assert outcome["models"]["lstm"]["validation_mae"] == 0.8
    versus = outcome["models"]["gru"]["against_baseline"]
    assert versus["low"] < versus["difference"] < versus["high"] < 0
    assert 0 <= versus["p_corrected"] < 0.05 and versus["over_seeds"]
    words = "items, of which each counts by itself"
    assert outcome["sample"] == {"items": 200, "independent": 200, "fewest": 5, "words": words}
    assert len(outcome["pairs"]) == 6
    first = (tmp_path / "reports/compare/mine.json").read_bytes()
    run(models)
    assert (tmp_path / "reports/compare/mine.json").read_bytes() == first


def test_same_predictions_twice(run):
    same = predictions(1.0)
    versus = run({"mean": (2.0, same), "gru": (1.0, same)})["models"]["gru"]["against_baseline"]
    same = {"difference": 0, "low": 0, "high": 0, "p": 1, "p_corrected": 1, "independent": 200}
    assert versus == same | {"over_seeds": False}  # the network has one seed


def test_of_two_that_are_equal_on_validation_the_baseline_is_best(run):
    outcome = run({"mean": (1.0, predictions(1.0)), "gru": (1.0, predictions(1.0, seed=1))})
    assert outcome["best"] == outcome["best_baseline"] == "mean"
    assert outcome["verdict"].startswith("mean, a baseline, is the best on validation")


def test_no_baseline(run):
    outcome = run({"gru": (1.0, predictions(1.0, 1.1)), "lstm": (2.0, predictions(2.0, 2.0))})
    assert (outcome["best"], outcome["best_baseline"]) == ("gru", None)
    assert outcome["verdict"].endswith("there is no baseline to compare with.")
    assert all("against_baseline" not in model for model in outcome["models"].values())


@pytest.mark.parametrize("name", ["gru", "mean"])
def test_one_model(run, name):
    outcome = run({name: (1.0, predictions(1.0))})
    assert outcome["best"] == name
    assert outcome["best_baseline"] == (name if name == "mean" else None)
    assert outcome["pairs"] == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda table: table.assign(id=[f"other-{n}" for n in range(len(table))]),
        lambda table: table[::-1],
        lambda table: table[:-1],
        lambda table: table.assign(target=0.0),
    ],
)
def test_predictions_of_other_items_are_refused(spoil):
    good = predictions(1.0, 1.0, items=8)
    refuse_other_items({"gru": good, "lstm": good.copy()}, TASK.item_columns)
    message = r"^the predictions of lstm \(seed [12]\) are of other test items than those of (gru|lstm)"
    with pytest.raises(UserError, match=message):
        refuse_other_items({"gru": good, "lstm": spoil(good)}, TASK.item_columns)


def test_the_stage_refuses_other_items(run, tmp_path):
    with pytest.raises(UserError, match="are of other test items than those of gru"):
        run({"gru": (1.0, predictions(1.0)), "lstm": (1.0, predictions(1.0, items=100))})
    assert not (tmp_path / "reports/compare/mine.json").exists()


def test_neither_keras_nor_jax_is_imported():
    heavy = "{'keras', 'jax', 'great_expectations', 'sklearn', 'tensorflow', 'torch'}"
    code = f"import sys, stages.compare; sys.exit(', '.join({heavy} & set(sys.modules)) or 0)"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_model_that_was_still_improving_decides_no_hypothesis(run, monkeypatch):
    monkeypatch.setattr(TASK, "hypotheses", (Hypothesis("Fewer gates do", "gru", "lstm"),), raising=False)
    models = {
        "mean": (5.0, predictions(5.0)),
        "gru": (0.8, predictions(1.0, 1.0, seed=2)),
        "lstm": (0.9, predictions(3.0, 3.0, seed=3)),
    }
    assert [row["undecidable"] for row in run(models)["hypotheses"]] == [None]
    result = run(models, unfinished="lstm")  # which is behind
    assert result["models"]["lstm"]["still_improving"] and not result["models"]["gru"]["still_improving"]
    assert [row["undecidable"] for row in result["hypotheses"]] == ["unfinished"]
    assert "Still improving when training ended, so more epochs may help: lstm." in result["verdict"]
