"""Learning curves as CSV: a row for each seed and epoch, appended while training runs, so that an editor shows them."""

import fcntl
from collections.abc import Sequence
from pathlib import Path

from stages.runtime.files import write_text
from stages.training.replica import Epoch, ReplicaResult


def append_epoch(path: Path, seed: int, epoch: Epoch) -> None:
    """Append a row, and before the first one the header; replicas that train side by side take turns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if not path.stat().st_size:
            file.write(_header(epoch))
        file.write(_row(seed, epoch))


def write_curves(path: Path, seeds: Sequence[int], replicas: Sequence[ReplicaResult]) -> None:
    """Write all rows in the order of the seeds, in place of those that came as they came."""
    rows = [_row(seed, epoch) for seed, replica in zip(seeds, replicas, strict=True) for epoch in replica.epochs]
    write_text(path, _header(replicas[0].epochs[0]) + "".join(rows))


def _header(epoch: Epoch) -> str:
    epoch_and_loss, metrics = list(epoch)[:2], list(epoch)[2:]
    return ",".join(["seed", *epoch_and_loss, *(f"validation_{name}" for name in metrics)]) + "\n"


def _row(seed: int, epoch: Epoch) -> str:
    cells = ("" if value is None else f"{value:.6g}" for value in epoch.values())
    return f"{seed}," + ",".join(cells) + "\n"
