"""`make quick`: small budgets laid over params.yaml, and datasets in copies of a clone whose outputs come home."""

import os
import re
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from stages.config.paths import Paths
from stages.runtime.errors import UserError
from stages.tasks.discovery import load_params, task_names
from tests.project import PROJECT
from tools.quick import dvc, run_datasets, write_params

DVC_YAML = """
stages:
  check: {cmd: echo well > ok, deps: [params.yaml], outs: [{ok: {cache: false}}]}
  report: {cmd: cat scores/a scores/b > report, deps: [scores], outs: [report]}
"""
TASK_YAML = """
stages:
  evaluate: # listed before what it needs
    matrix: {dataset: [a, b], model: [small]}
    wdir: ../..
    cmd: mkdir -p scores && cp models/${item.dataset}/${item.model} scores/${item.dataset}
    deps: ["models/${item.dataset}/${item.model}"]
    outs: ["scores/${item.dataset}"]
  train:
    matrix: {dataset: [a, b], model: [small]}
    wdir: ../..
    cmd: mkdir -p models/${item.dataset} && cp data/raw/${item.dataset}/file models/${item.dataset}/${item.model}
    deps: ["data/raw/${item.dataset}"]
    outs: ["models/${item.dataset}/${item.model}"]
  fetch:
    matrix: {dataset: [a, b]}
    wdir: ../..
    cmd: mkdir -p data/raw/${item.dataset} && echo ${item.dataset} > data/raw/${item.dataset}/file
    deps: [ok]
    outs: ["data/raw/${item.dataset}"]
"""
PARAMS = """\
seeds: [1, 2, 3]
generation:
  datasets:
    plays: {source: {path: own/plays}, reading: {encoding: latin-1}}
    poems: {source: {path: own/poems}}
    far:
      source:
        url: https://example.org/a.txt
  models: {ngram: {}}
"""


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small project of DVC in which `check` has run."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    dvc(tmp_path, "init", "--quiet", "--no-scm")
    (tmp_path / ".dvc/config.local").write_text("[core]\n    analytics = false\n")
    (tmp_path / "params.yaml").write_text("seeds: [1]\n")
    (tmp_path / "dvc.yaml").write_text(DVC_YAML)
    (tmp_path / "stages/toy").mkdir(parents=True)
    (tmp_path / "stages/toy/dvc.yaml").write_text(TASK_YAML)
    dvc(tmp_path, "repro", "--quiet", "check")
    return tmp_path


def test_after_the_datasets_only_the_report_is_left(clone):
    run_datasets(clone)
    locks = {path: set(YAML(typ="safe").load(clone / path)["stages"]) for path in ("dvc.lock", "stages/toy/dvc.lock")}
    assert locks["dvc.lock"] == {"check"}
    of_dataset = {f"fetch@{dataset}" for dataset in "ab"}
    of_model = {f"{stage}@{dataset}-small" for stage in ("train", "evaluate") for dataset in "ab"}
    assert locks["stages/toy/dvc.lock"] == of_dataset | of_model
    ran = re.findall(r"Running stage '(.+?)'", dvc(clone, "repro", capture_output=True).stdout)
    assert ran == ["report"] and (clone / "report").read_text() == "a\nb\n"
    assert not list(clone.glob(".recur/copies/*"))


def test_a_stage_that_fails_stops_the_run(clone):
    (clone / "stages/toy/dvc.yaml").write_text(TASK_YAML.replace("cp data", "cp no/data"))
    with pytest.raises(UserError, match="the pipeline stopped; what it says above tells where"):
        run_datasets(clone)


def test_an_overlay_keeps_some_datasets_and_is_laid_over_each(tmp_path):
    project, copy = tmp_path / "project", tmp_path / "copy"
    for folder in (project, copy):
        folder.mkdir()
    (project / "params.yaml").write_text(PARAMS)
    overlay = {
        "only": {"generation": ["plays", "far"]},
        "every": {"generation": {"reading": {"characters": 10}}},
        "seeds": [1],
        "generation": {"models": {"ngram": {"order": 2}}},
    }
    write_params(project, copy, overlay)
    params = YAML(typ="safe").load(copy / "params.yaml")
    assert params["seeds"] == [1] and params["generation"]["models"] == {"ngram": {"order": 2}}
    assert params["generation"]["datasets"] == {
        "plays": {
            "source": {"path": str(project / "own/plays")},  # where it is: it is not copied
            "reading": {"encoding": "latin-1", "characters": 10},
        },
        "far": {"source": {"url": "https://example.org/a.txt"}, "reading": {"characters": 10}},
    }


def test_the_projects_overlay_is_valid_and_has_one_dataset_of_each_task(tmp_path):
    write_params(PROJECT, tmp_path)
    sections = load_params(Paths(tmp_path)).sections()
    assert {task: len(section.datasets) for task, section in sections.items()} == dict.fromkeys(task_names(), 1)
    shipped = load_params(Paths(PROJECT)).sections()
    for task, section in sections.items():
        assert section.model_names() == shipped[task].model_names()
