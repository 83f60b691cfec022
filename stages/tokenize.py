"""Text parts → vocabularies fitted on train alone, and ids; the test part gets its ids from `evaluate`."""

import numpy as np

from stages.config.dataset import Dataset
from stages.config.paths import Paths
from stages.runtime.command import run
from stages.runtime.errors import UserError
from stages.runtime.files import atomic_write, write_json, write_text
from stages.runtime.remarks import print_remarks, with_remarks
from stages.tasks.discovery import find_task

BINS = 40


def tokenize(dataset: Dataset) -> None:
    """Fit a dataset's vocabularies on train, and write its parts as ids and what they are like.

    Raises:
        UserError: the dataset's task has windows in place of tokens.
    """
    task = find_task(dataset.task)
    with atomic_write(dataset.prepared / task.prepared) as output:
        preparation = task.prepare(dataset, output)
        if preparation.lengths is None:
            raise UserError(f"{dataset.name} has the task {task.name}, whose data are prepared by `window`")
    report = {"dataset": dataset.name} | preparation.report | with_remarks(preparation.remarks)
    write_json(dataset.report("prepare"), report)
    write_text(dataset.plot("lengths"), histogram(dict(preparation.lengths)))
    print(f"{dataset.name}: {preparation.summary}")
    print_remarks(preparation.remarks)


def histogram(lengths: dict[str, np.ndarray], bins: int = BINS) -> str:
    """Return CSV rows of how many of a part's texts have up to so many tokens and more than the row before.

    Args:
        lengths: by part, how many texts have 0, 1, 2, … tokens.
        bins: rows of a part at most.
    """
    width = -(-max(len(part) for part in lengths.values()) // bins)
    rows = ["part,tokens,texts"]
    for name, part in lengths.items():
        starts = np.arange(0, len(part), width)
        counts = np.add.reduceat(part, starts)
        rows += [f"{name},{start + width - 1},{count}" for start, count in zip(starts, counts, strict=True)]
    return "\n".join(rows) + "\n"


def main(dataset: str) -> None:
    """Fit a dataset's vocabularies on train, and write its parts as ids."""
    tokenize(Dataset.find(Paths(), dataset))


if __name__ == "__main__":
    run(main)
