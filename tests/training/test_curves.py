"""Learning curves grow while replicas train side by side, and end in the order of the seeds."""

import multiprocessing
import time
from pathlib import Path

import pandas as pd
import pytest

from stages.training.curves import append_epoch, write_curves
from stages.training.replica import ReplicaResult

EPOCHS = 40
HEADER = "seed,epoch,train_loss,validation_mae,validation_rmse"


def epochs(seed: int) -> list[dict[str, float]]:
    return [{"epoch": n, "train_loss": 1 / n, "mae": seed + 1 / n, "rmse": seed + 2 / n} for n in range(1, EPOCHS + 1)]


def train(path: Path, seed: int) -> None:
    """Append one seed's epochs, as a replica does."""
    for epoch in epochs(seed):
        append_epoch(path, seed, epoch)
        time.sleep(0.001)


def replica(rows: list[dict[str, float]]) -> ReplicaResult:
    return ReplicaResult({}, rows, 1, {}, still_improving=False)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "plots/curves/mine/gru.csv"


def test_two_processes_append_whole_rows_below_one_header(path):
    context = multiprocessing.get_context("spawn")
    seeds = (1, 2)
    processes = [context.Process(target=train, args=(path, seed)) for seed in seeds]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert path.read_text().splitlines()[0] == HEADER and path.read_text().count("seed") == 1
    table = pd.read_csv(path)
    assert not table.isna().any(axis=None)
    for seed in seeds:
        assert table[table["seed"] == seed]["epoch"].tolist() == list(range(1, EPOCHS + 1))
    write_curves(path, seeds, [replica(epochs(seed)) for seed in seeds])
    ordered = pd.read_csv(path)
    assert ordered["seed"].tolist() == [1] * EPOCHS + [2] * EPOCHS
    pd.testing.assert_frame_equal(table.sort_values(["seed", "epoch"], ignore_index=True), ordered)


def test_a_reader_sees_each_epoch_as_soon_as_it_is_there(path):
    for count, epoch in enumerate(epochs(1)[:3], start=1):
        append_epoch(path, 1, epoch)
        assert len(path.read_text().splitlines()) == 1 + count
    assert path.read_text().splitlines()[1] == "1,1,1,2,3"


def test_at_the_end_the_rows_are_in_the_order_of_the_seeds_whatever_was_there(path):
    append_epoch(path, 9, epochs(9)[0])  # of a training that was killed
    write_curves(path, (2, 1), [replica(epochs(2)[:1]), replica(epochs(1)[:2])])
    assert path.read_text().splitlines() == [HEADER, "2,1,1,3,4", "1,1,1,2,3", "1,2,0.5,1.5,2"]


def test_a_baselines_curve_has_one_row_without_a_loss(path):
    write_curves(path, (1,), [replica([{"epoch": 1, "train_loss": None, "mae": 0.25, "rmse": 0.5}])])
    assert path.read_text() == f"{HEADER}\n1,1,,0.25,0.5\n"
