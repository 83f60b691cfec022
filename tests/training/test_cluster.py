"""Replicas on a Dask cluster: the same bytes as on this machine, also if a worker is lost."""

import os
import platform
import signal
from functools import partial
from pathlib import Path

import pytest
from distributed import LocalCluster

from stages.config.schema import ParallelConfig
from stages.runtime.errors import UserError
from stages.tasks.base import train_replica
from stages.tasks.discovery import find_task
from stages.training.parallel import run_parallel
from stages.training.replica import Job
from stages.training.saved import file_hashes
from tests.tasks.classification.small import make_dataset

LOCAL = ParallelConfig(processes=2)


@pytest.fixture(scope="module")
def cluster():
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster:
        yield ParallelConfig(backend="dask", scheduler=cluster.scheduler_address)


def place(item: int) -> tuple[int, int]:
    return item, os.getpid()


def die_once(folder: Path, item: int) -> int:
    """Have the worker of the first attempt killed, as by a machine that is switched off."""
    mark = folder / str(item)
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return item


def test_results_come_in_the_order_of_the_items_from_other_processes(cluster):
    items, processes = zip(*run_parallel(place, range(6), cluster), strict=True)
    assert items == tuple(range(6)) and os.getpid() not in processes


def test_without_a_scheduler_a_cluster_is_started_on_this_machine():
    ((item, process),) = run_parallel(place, [1], ParallelConfig(backend="dask", processes=1))
    assert item == 1 and process != os.getpid()


def test_the_item_of_a_lost_worker_is_done_again(cluster, tmp_path):
    assert run_parallel(partial(die_once, tmp_path), [1, 2], cluster) == [1, 2]


def test_a_replica_has_the_same_bytes_as_on_this_machine(cluster, tmp_path):
    dataset = make_dataset(tmp_path)
    task = find_task(dataset.task)
    plan = task.plan(dataset, "cnn")
    hashes = []
    for name, config in (("local", LOCAL), ("dask", cluster)):
        folder = tmp_path / name
        folder.mkdir()
        jobs = [
            Job(dataset, "cnn", plan.parameters, plan.training, seed, folder / f"{seed}", tmp_path / f"{name}{seed}")
            for seed in (1, 2)
        ]
        replicas = run_parallel(partial(train_replica, task), jobs, config)
        hashes.append((file_hashes(folder), [replica.validation for replica in replicas]))
    assert hashes[0] == hashes[1] and len(hashes[0][0]) >= 4


def test_workers_that_differ_are_refused(cluster, monkeypatch):
    monkeypatch.setattr(platform, "python_version", lambda: "3.0.0")
    with pytest.raises(UserError, match=r"not like this process: tcp://\S+: Python is 3\.\d+\.\d+, here 3\.0\.0"):
        run_parallel(place, [1, 2], cluster)


def test_workers_of_several_threads_are_refused():
    with (
        LocalCluster(n_workers=1, threads_per_worker=2, dashboard_address=":0") as cluster,
        pytest.raises(UserError, match=r"tcp://\S+: 2 threads, not 1"),
    ):
        run_parallel(place, [1], ParallelConfig(backend="dask", scheduler=cluster.scheduler_address))


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch):
    monkeypatch.setattr("stages.training.cluster.TIMEOUT", 1)
    with pytest.raises(UserError, match=r"parallel.scheduler: tcp://127.0.0.1:9 does not answer"):
        run_parallel(place, [1], ParallelConfig(backend="dask", scheduler="tcp://127.0.0.1:9"))
