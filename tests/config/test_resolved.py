"""Resolved parameters: small files with defaults filled in, of which only those that changed are touched."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from stages.config.loader import params_type
from stages.config.paths import Paths
from stages.config.resolved import ComparisonFile, ModelFile, ReportFile, read_resolved, write_resolved
from stages.config.schema import BaseParams, Frozen, ParallelConfig
from stages.runtime.errors import UserError
from tests.toy_task import Section

TOY: dict[str, Any] = {
    "datasets": {"mine": {"source": {"path": "mine.txt"}, "window": {"length": 3}}},
    "models": {"mean": {}, "gru": {"units": 2}},
}


class Sampling(Frozen):
    """A key that only one task has."""

    length: int = 10


class Generating(Section):
    """The toy task's section with a key of its own."""

    sampling: Sampling = Sampling()


def build(**overrides: Any) -> BaseParams:
    """Return parameters with the toy task's section, and those of a task that has no dataset."""
    kinds = {"toy": Generating, "empty": Section}
    return params_type(kinds).model_validate({"toy": TOY | overrides.pop("toy", {})} | overrides)


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(tmp_path)


def content(paths: Paths) -> dict[str, Any]:
    """Return the content of all resolved files, by path."""
    files = sorted(path for path in paths.resolved.rglob("*") if path.is_file())
    return {path.relative_to(paths.resolved).as_posix(): json.loads(path.read_text()) for path in files}


def changed(paths: Paths, params: BaseParams) -> set[str]:
    """Write resolved files anew, and return those that were touched, made or removed."""

    def times() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in paths.resolved.rglob("*") if path.is_file()}

    for path in times():
        os.utime(path, (0, 0))
    before = times()
    write_resolved(params, paths)
    after = times()
    differ = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    return {path.relative_to(paths.resolved).as_posix() for path in differ}


def test_defaults_are_filled_in(paths):
    write_resolved(build(), paths)
    files = content(paths)
    assert set(files) == {
        *(f"toy/datasets/mine/{key}.json" for key in ("source", "reading", "split", "window")),
        *(f"toy/models/{model}.json" for model in ("gru", "mean")),
        "toy/comparison.json",
        "toy/sampling.json",
        "parallel.json",
        "report.json",
    }
    assert files["toy/datasets/mine/source.json"] == {"path": "mine.txt", "subfolders": False, "vectors": None}
    assert files["toy/datasets/mine/window.json"] == {"length": 3}
    assert files["toy/datasets/mine/split.json"] == {"validation": 0.2, "test": 0.2}
    assert files["toy/models/gru.json"] == {
        "parameters": {"learning_rate": 0.002, "weight_decay": 0.0, "units": 2},
        "training": {
            "min_steps": 1,
            "max_steps": None,
            "minutes": None,
            "patience": 3,
            "ema_decay": 0.98,
            "clip_norm": 1.0,
            "epochs": 3,
            "batch_size": 16,
        },
        "seeds": [1, 2, 3],
    }
    assert files["toy/models/mean.json"] == {"parameters": {}, "training": {}, "seeds": [1]}
    assert files["toy/sampling.json"] == {"length": 10}
    assert files["report.json"] == {
        "tasks": {"toy": {"datasets": ["mine"], "models": ["gru", "mean"]}},
        "confidence": 0.95,
    }


def test_they_are_read_back_as_types(paths):
    params = build(seeds=[4, 5])
    write_resolved(params, paths)
    assert read_resolved(paths.model_params("toy", "gru"), ModelFile).seeds == (4, 5)
    comparison = read_resolved(paths.task_params("toy", "comparison"), ComparisonFile)
    assert (comparison.baselines, comparison.networks, comparison.models) == (("mean",), ("gru",), ["gru", "mean"])
    assert comparison.evaluation == params.evaluation
    assert read_resolved(paths.resolved / "report.json", ReportFile).tasks["toy"].models == ("gru", "mean")
    assert read_resolved(paths.resolved / "parallel.json", ParallelConfig) == params.parallel


@pytest.mark.parametrize(
    ("overrides", "files"),
    [
        ({}, set()),
        ({"toy": {"training": {"epochs": 5}}}, {"toy/models/gru.json"}),  # a baseline has no use for it
        ({"toy": {"seeds": [1, 2]}}, {"toy/models/gru.json"}),  # a baseline is fitted with the first seed
        ({"seeds": [2, 1]}, {"toy/models/gru.json", "toy/models/mean.json"}),
        ({"toy": {"sampling": {"length": 11}}}, {"toy/sampling.json"}),
        ({"evaluation": {"confidence": 0.9}}, {"report.json", "toy/comparison.json"}),
        ({"evaluation": {"confidence": 0.9}}, {"toy/comparison.json", "report.json"}),
        ({"parallel": {"processes": 1}}, {"parallel.json"}),
        ({"toy": {"models": {"gru": {"units": 2}}}}, {"toy/models/mean.json", "toy/comparison.json", "report.json"}),
        ({"empty": {"models": {"mean": {}}}}, set()),  # nothing to learn from
    ],
)
def test_only_what_changed_is_touched(paths, overrides, files):
    write_resolved(build(), paths)
    assert changed(paths, build(**overrides)) == files


def test_a_default_written_out_changes_nothing(paths):
    write_resolved(build(), paths)
    written = {"datasets": {"mine": TOY["datasets"]["mine"] | {"split": {"validation": 0.2}, "reading": {}}}}
    assert changed(paths, build(toy=written, parallel={}, seeds=[1, 2, 3])) == set()


def test_a_default_changed_in_the_code_changes_its_file(paths):
    write_resolved(build(), paths)

    class Changed(Generating):
        sampling: Sampling = Sampling(length=12)

    assert changed(paths, params_type({"toy": Changed}).model_validate({"toy": TOY})) == {"toy/sampling.json"}


def test_files_of_no_use_are_removed(paths):
    write_resolved(build(), paths)
    (paths.resolved / "toy/datasets/mine/old.json").write_text("{}")
    others = {"datasets": {"yours": {"source": {"path": "yours.txt"}}}, "models": {"mean": {}}}
    write_resolved(build(toy=others), paths)
    assert not (paths.resolved / "toy/datasets/mine").exists()
    assert not (paths.resolved / "toy/models/gru.json").exists()
    write_resolved(build(toy={"datasets": {}}), paths)
    assert set(content(paths)) == {"parallel.json", "report.json"}
    assert not (paths.resolved / "toy").exists()
    assert content(paths)["report.json"]["tasks"] == {}


def test_a_missing_file_is_told(paths):
    with pytest.raises(UserError, match=r"parallel\.json is missing: run `python -m stages\.check`, which writes it"):
        read_resolved(paths.resolved / "parallel.json", ParallelConfig)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"processes": "many"}', '{"unknown": 1}'])
def test_a_damaged_file_is_told(paths, text):
    path = paths.resolved / "parallel.json"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(UserError, match=r"^\S+parallel\.json is (damaged|not valid JSON .*): remove it and run `.*`$"):
        read_resolved(path, ParallelConfig)
