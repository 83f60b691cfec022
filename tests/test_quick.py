"""The datasets of `make quick` in copies of a clone: what they made comes home, and DVC finds it done."""

import os
import re
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from stages.console import Problem
from tools.quick import dvc, run_datasets

DVC_YAML = """
stages:
  check: {cmd: echo well > ok, deps: [params.yaml], outs: [{ok: {cache: false}}]}
  fetch:
    matrix: {dataset: [a, b]}
    cmd: mkdir -p data/raw/${item.dataset} && echo ${item.dataset} > data/raw/${item.dataset}/file
    deps: [ok]
    outs: ["data/raw/${item.dataset}"]
  evaluate:
    matrix: {dataset: [a, b]}
    cmd: mkdir -p scores && cp models/${item.dataset}/small scores/${item.dataset}
    deps: ["models/${item.dataset}/small"]
    outs: ["scores/${item.dataset}"]
  report: {cmd: cat scores/a scores/b > report, deps: [scores], outs: [report]}
"""
TRAINING = """
stages:
  train:
    matrix: {dataset: [a, b], model: [small]}
    wdir: ..
    cmd: mkdir -p models/${item.dataset} && cp data/raw/${item.dataset}/file models/${item.dataset}/${item.model}
    deps: ["data/raw/${item.dataset}"]
    outs: ["models/${item.dataset}/${item.model}"]
"""


@pytest.fixture
def clone(tmp_path, monkeypatch) -> Path:
    """A small project of DVC in which `check` has run."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    dvc(tmp_path, "init", "--quiet", "--no-scm")
    (tmp_path / ".dvc/config.local").write_text("[core]\n    analytics = false\n")
    (tmp_path / "params.yaml").write_text("seeds: [1]\n")
    (tmp_path / "dvc.yaml").write_text(DVC_YAML)
    (tmp_path / "stages").mkdir()
    (tmp_path / "stages/dvc.yaml").write_text(TRAINING)  # listed after what needs its outputs
    dvc(tmp_path, "repro", "--quiet", "check")
    return tmp_path


def test_after_the_datasets_only_the_report_is_left(clone):
    run_datasets(clone)
    locks = {path: set(YAML(typ="safe").load(clone / path)["stages"]) for path in ("dvc.lock", "stages/dvc.lock")}
    assert locks["dvc.lock"] == {
        "check",
        *(f"{stage}@{dataset}" for stage in ("fetch", "evaluate") for dataset in "ab"),
    }
    assert locks["stages/dvc.lock"] == {"train@a-small", "train@b-small"}
    ran = re.findall(r"Running stage '(.+?)'", dvc(clone, "repro", capture_output=True).stdout)
    assert ran == ["report"] and (clone / "report").read_text() == "a\nb\n"
    assert not list(clone.glob(".recur/copies/*"))


def test_a_stage_that_fails_stops_the_run(clone):
    (clone / "stages/dvc.yaml").write_text(TRAINING.replace("cp data", "cp no/data"))
    with pytest.raises(Problem, match=r"the pipeline failed in .*copies"):
        run_datasets(clone)
