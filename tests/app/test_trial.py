"""`recur try`: a verdict on one dataset within minutes, in a scratch folder."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML

from stages.app.trial import STEPS, only, prepare_trial, run_trial
from stages.config.paths import Paths
from stages.config.resolved import ModelFile, read_resolved
from stages.runtime.errors import ConfigError
from stages.runtime.files import read_json
from stages.tasks.discovery import find_task, load_params, task_names

pytestmark = pytest.mark.xdist_group("keras")

SMALL = {"min_steps": 1, "max_steps": 4}
TASKS: dict[str, dict[str, Any]] = {
    "classification": {
        "datasets": {"mine": {"source": {"path": "mine.csv"}, "tokenizer": {"vectors": "none"}}},
        "training": SMALL | {"buckets": 1},
        "models": {"majority": {}, "tfidf_logreg": {"C": [1]}, "rnn": {"units": 4}, "cnn": {"filters": 4}},
    },
    "generation": {
        "datasets": {"mine": {"source": {"path": "mine.txt"}, "window": {"length": 16}}},
        "training": SMALL | {"steps_per_epoch": 2},
        "sampling": {"temperatures": [1.0]},
        "models": {"ngram": {"order": 3}},
    },
    "forecasting": {
        "datasets": {
            "mine": {
                "source": {"path": "mine.csv"},
                "split": {"validation": 0.2, "test": 0.2},
                "window": {"look_back": 12, "horizon": 4, "season": 3},
            }
        },
        "models": {"naive": {}, "linear": {"look_back": 12}},
    },
    "seq2seq": {
        "datasets": {"mine": {"source": {"path": "mine.csv"}, "split": {"validation": 0.2, "test": 0.2}}},
        "models": {"copy": {}},
    },
}


def write_data(task: str, folder: Path) -> None:
    """Write a small dataset of a task."""
    rng, words = np.random.default_rng(0), np.array(["sea", "sail", "land", "dawn", "calm", "wind", "rope"])
    lines = [" ".join(rng.choice(words, rng.integers(4, 9))) for _ in range(600)]
    content = {
        "classification": [
            "text,label",
            *(f"{line} {n},{'good' if n % 2 else 'bad'}" for n, line in enumerate(lines[:120])),
        ],
        "generation": lines,
        "forecasting": [
            "timestamp,load",
            *(f"2024-01-{n // 24 + 1:02}T{n % 24:02}:00,{n % 3 + n % 7}" for n in range(240)),
        ],
        "seq2seq": ["source,target", *(f"{line} {n},{line.upper()}" for n, line in enumerate(lines[:120]))],
    }[task]
    (folder / ("mine.txt" if task == "generation" else "mine.csv")).write_text("\n".join(content) + "\n")


@pytest.fixture
def project(tmp_path):
    """Return a function that writes the project of a task."""

    def write(task: str) -> Paths:
        params = {"seeds": [1], "parallel": {"processes": 1}, task: TASKS[task]}
        YAML().dump(params, tmp_path / "params.yaml")
        write_data(task, tmp_path)
        return Paths(tmp_path)

    return write


@pytest.mark.parametrize("task", TASKS)
def test_a_trial_ends_with_a_verdict_and_a_page_and_leaves_the_project_alone(task, project, capsys):
    paths = project(task)
    before = {path.name for path in paths.root.iterdir()}
    run_trial(paths, "mine", minutes=5)
    output = capsys.readouterr().out
    models = set(TASKS[task]["models"])
    rows = [row for row in map(str.split, output.splitlines()) if row[1:2] in (["baseline"], ["network"])]
    assert {row[0] for row in rows} == models
    kinds = [row[1] for row in rows]
    assert kinds == sorted(kinds)  # baselines come first
    scratch = paths.root / ".recur/try/mine"
    verdict = read_json(scratch / "reports/compare/mine.json")["verdict"]
    assert " ".join(verdict.split()) in " ".join(output.split())
    assert (scratch / "reports/index.html").exists() and "recur run mine" in output
    assert {path.name for path in paths.root.iterdir()} - {".recur"} == before


def test_the_most_promising_network_comes_first_and_all_have_a_time(project, capsys):
    run_trial(project("classification"), "mine", minutes=5)
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [row[0] for row in rows if row[1:2] == ["network"]] == ["cnn", "rnn"]
    assert all(row[-2].isdigit() and row[-1] in ("s", "min") for row in rows if row[1:2] == ["baseline"])


def test_without_time_networks_are_left_out_and_the_verdict_is_the_baselines(project, capsys):
    paths = project("classification")
    run_trial(paths, "mine", minutes=0.01)
    output = " ".join(capsys.readouterr().out.split())
    assert "No time was left for cnn, rnn: give more with --minutes." in output
    scratch = paths.root / ".recur/try/mine"
    assert read_json(scratch / "reports/summary.json")["datasets"]["mine"]["models"].keys() == {
        "majority",
        "tfidf_logreg",
    }


def test_a_trials_networks_take_few_steps_and_two_seeds(project):
    paths = project("classification")
    params = load_params(paths).model_copy(update={"seeds": (3, 4, 5)})
    trial = prepare_trial(params, paths, "mine", 3)
    file = read_resolved(trial.dataset.paths.model_params("classification", "cnn"), ModelFile)
    assert file.training["max_steps"] == 4 and len(file.seeds) <= 2 and file.seeds[0] == 3
    training = find_task("seq2seq").training_config()()
    assert training.min_steps > STEPS
    section = params.classification.model_copy(update={"training": training})
    kept = only(params.model_copy(update={"classification": section}), find_task("classification"), "mine", paths.root)
    assert (kept.classification.training.min_steps, kept.classification.training.max_steps) == (STEPS, STEPS)


def test_a_file_is_tried_as_it_would_be_added_and_params_yaml_stays(project, capsys):
    paths = project("classification")
    words = {"fine": "good", "dull": "bad"}
    rows = [f"{word} film {n} was {word} again,{words[word]}" for n in range(60) for word in words]
    (paths.root / "other.csv").write_text("\n".join(["review,sentiment", *rows]) + "\n")
    before = paths.params.read_bytes()
    run_trial(paths, str(paths.root / "other.csv"), minutes=0.01)
    output = capsys.readouterr().out
    assert "reading.label" in output and "sentiment" in output
    assert f"recur add {paths.root / 'other.csv'}" in output and "recur run other" in output
    assert paths.params.read_bytes() == before
    assert (paths.root / ".recur/try/other/reports/index.html").exists()


def test_an_unknown_dataset_gets_the_nearest_name(project):
    with pytest.raises(ConfigError, match="has no dataset 'mime', nor is there such a file: did you mean 'mine'"):
        run_trial(project("classification"), "mime", 1)


@pytest.mark.parametrize("task", task_names())
def test_promising_networks_exist(task):
    task = find_task(task)
    assert set(task.promising) <= set(task.section.model_fields["models"].annotation.model_fields)
