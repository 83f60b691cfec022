"""The parts → what was fitted on train alone, arrays of train and validation, and where their windows start."""

from stages.config.dataset import Dataset
from stages.config.paths import Paths
from stages.runtime.command import run
from stages.runtime.files import atomic_write, write_json
from stages.runtime.remarks import print_remarks, with_remarks
from stages.tasks.discovery import find_task


def window(dataset: Dataset) -> None:
    """Fit what windows need on train, and write train and validation as arrays with their windows."""
    task = find_task(dataset.task)
    with atomic_write(dataset.prepared / task.prepared) as output:
        preparation = task.prepare(dataset, output)
    report = {"dataset": dataset.name} | preparation.report | with_remarks(preparation.remarks)
    write_json(dataset.report("prepare"), report)
    print(f"{dataset.name}: {preparation.summary}")
    print_remarks(preparation.remarks)


def main(dataset: str) -> None:
    """Fit what windows need on train, and write train and validation as arrays with their windows."""
    window(Dataset.find(Paths(), dataset))


if __name__ == "__main__":
    run(main)
