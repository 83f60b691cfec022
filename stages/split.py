"""One table → the parts train, validation and test, each a file of its own."""

import pandas as pd

from stages.config.dataset import Dataset
from stages.config.paths import Paths
from stages.runtime.command import run
from stages.runtime.errors import UserError, listed
from stages.runtime.files import atomic_write, write_json
from stages.runtime.remarks import dropped_rows, print_remarks, with_remarks
from stages.tasks.discovery import find_task


def split(dataset: Dataset) -> None:
    """Split a dataset's table into train, validation and test without leaks.

    Raises:
        UserError: all rows are of official parts, but none of train; or what the task says.
    """
    task, table = find_task(dataset.task), pd.read_parquet(dataset.table)
    refuse_without_train(table, dataset)
    result = task.split(table, dataset)
    for name, part in result.parts.items():
        with atomic_write(dataset.part(name)) as partial:
            part.to_parquet(partial, index=False, row_group_size=65_536)  # read back in batches
    report = {
        "dataset": dataset.name,
        "official": sorted(table["part"].dropna().unique()) if "part" in table else [],
        "rows": len(table),
        "dropped": dict(result.dropped),
        "parts": {name: task.describe(part) for name, part in result.parts.items()},
    }
    write_json(dataset.report("split"), report | dict(result.details) | with_remarks(result.remarks))
    sizes = ", ".join(f"{name} {len(part)}" for name, part in result.parts.items())
    print(f"{dataset.name}: {'; '.join(filter(None, [sizes, dropped_rows(result.dropped)]))}")
    print_remarks(result.remarks)


def refuse_without_train(table: pd.DataFrame, dataset: Dataset) -> None:
    """Refuse a table whose rows are all of official parts for judging.

    Raises:
        UserError: it is so; names the files.
    """
    parts = set(table["part"].astype(object).where(table["part"].notna(), None)) if "part" in table else {None}
    if parts <= {"validation", "test"}:
        files = listed(sorted(table["file"].unique())) if "file" in table else "the files"
        names = " or ".join(sorted(map(str, parts)))
        raise UserError(
            f"{dataset.raw}: all rows are of the official part {names} ({files}), and none is "
            "left to train on: add a file named train, or rename those that are no such part"
        )


def main(dataset: str) -> None:
    """Split a dataset's table into train, validation and test without leaks."""
    split(Dataset.find(Paths(), dataset))


if __name__ == "__main__":
    run(main)
