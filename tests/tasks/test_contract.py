"""What every model of every task must do; tasks and models are found by their files.

What a task's models predict, and from what, is tested in `<task>/test_models.py`. A task gives this suite, in
`<task>/small.py`, `make_dataset(root)`, a small prepared dataset with small models that train for two epochs or more,
and `alter_end(part)`, a test part with the same number of items, the last of which are others.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from stages.config.dataset import Dataset
from stages.config.schema import ParallelConfig
from stages.nn.network import WEIGHTS
from stages.runtime.files import read_json
from stages.tasks.base import Task, train_replica
from stages.tasks.discovery import find_task, task_names
from stages.train import train
from stages.training import loop
from stages.training.replica import Job
from stages.training.saved import file_hashes
from tests.tasks.models import is_network, model_names

pytestmark = pytest.mark.xdist_group("keras")

MODELS = [(task, model) for task in task_names() for model in model_names(task)]
NETWORKS = [names for names in MODELS if is_network(*names)]
BASELINES = [names for names in MODELS if names not in NETWORKS]


def small(task: str) -> ModuleType:
    """Return a task's small dataset and models."""
    return import_module(f"tests.tasks.{task}.small")


class Trained(NamedTuple):
    """A model that the stage `train` trained."""

    task: Task
    dataset: Dataset
    model: str

    @property
    def folder(self) -> Path:
        """Where it is saved."""
        return self.dataset.model(self.model)

    def job(self, folder: Path, seed: int = 1) -> Job:
        """Return what another replica is told."""
        plan = self.task.plan(self.dataset, self.model)
        return Job(
            self.dataset, self.model, plan.parameters, plan.training, seed, folder / "model", folder / "checkpoint"
        )


@pytest.fixture(scope="module")
def trained_model(tmp_path_factory) -> Callable[[str, str], Trained]:
    """Return any model, trained once on its task's small dataset."""
    dataset_of = cache(lambda task: small(task).make_dataset(tmp_path_factory.mktemp(task)))

    @cache
    def train_once(task: str, model: str) -> Trained:
        dataset = dataset_of(task)
        train(dataset, model)
        return Trained(find_task(task), dataset, model)

    return train_once


@pytest.fixture(params=MODELS, ids="-".join)
def trained(request, trained_model) -> Trained:
    return trained_model(*request.param)


networks = pytest.mark.parametrize("trained", NETWORKS, indirect=True, ids="-".join)
baselines = pytest.mark.parametrize("trained", BASELINES, indirect=True, ids="-".join)


def test_loaded_and_saved_again_it_has_the_same_bytes(trained, tmp_path):
    saved = trained.task.load(trained.folder)
    ((seed, model),) = saved.replicas()
    model.save(tmp_path)
    assert file_hashes(tmp_path) == file_hashes(trained.folder / f"seed-{seed}")
    assert model.num_params() == saved.metadata["num_params"]
    assert saved.neural == (model.num_params() > 0 and (tmp_path / WEIGHTS).exists())


def test_it_is_saved_without_pickle(trained):
    assert {path.suffix for path in trained.folder.rglob("*") if path.is_file()} <= {".json", ".npy", ".npz", ".h5"}


def test_what_is_told_of_its_training(trained):
    (validation,) = read_json(trained.folder / "model.json")["validation"]
    assert next(iter(validation)) == trained.task.primary.name
    assert validation.keys() <= {metric.name for metric in trained.task.metrics}
    assert np.isfinite(list(validation.values())).all()
    curve = pd.read_csv(trained.dataset.plot("curves", trained.model))
    losses, is_baseline = curve["train_loss"], (trained.task.name, trained.model) in BASELINES
    assert (len(curve) == 1 and losses.isna().all()) if is_baseline else (len(curve) >= 2 and np.isfinite(losses).all())


@baselines
def test_a_baseline_fitted_again_has_the_same_bytes(trained, tmp_path):
    train_replica(trained.task, trained.job(tmp_path))
    assert file_hashes(tmp_path / "model") == file_hashes(trained.folder / "seed-1")


@networks
def test_a_network_whose_training_was_killed_ends_with_the_same_bytes(trained, tmp_path, monkeypatch):
    job = trained.job(tmp_path)

    def kill(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(loop, "append_epoch", kill)  # when the first epoch is in the checkpoint
        train_replica(trained.task, replace(job, curve=tmp_path / "curve.csv"))
    train_replica(trained.task, job)
    assert file_hashes(job.folder) == file_hashes(trained.folder / "seed-1")


@networks
def test_another_seed_gives_another_network(trained, tmp_path):
    train_replica(trained.task, trained.job(tmp_path, seed=2))
    assert file_hashes(tmp_path / "model") != file_hashes(trained.folder / "seed-1")


def test_what_test_ends_in_changes_nothing_of_what_comes_before(trained):
    """Neither by padding, nor by company in a batch, nor by being known too early."""
    saved, path = trained.task.load(trained.folder), trained.dataset.part("test")
    before = trained.task.evaluate(saved, trained.dataset, ParallelConfig()).predictions
    content, part = path.read_bytes(), pd.read_parquet(path)
    altered = small(trained.task.name).alter_end(part)
    assert altered.shape == part.shape and not altered.equals(part)
    try:
        altered.to_parquet(path, index=False)
        after = trained.task.evaluate(saved, trained.dataset, ParallelConfig()).predictions
    finally:
        path.write_bytes(content)
    assert len(after) == len(before) > 1
    first = slice(len(before) // 2)
    for name, column in before[first].items():
        if column.dtype.kind == "f":  # a processor rounds by an item's place in a batch
            assert after[name][first].to_numpy() == pytest.approx(column.to_numpy(), rel=1e-4, abs=1e-5), name
        else:
            assert list(map(str, after[name][first])) == list(map(str, column)), name
