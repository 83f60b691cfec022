"""One table → the parts train, validation and test, each a file of its own."""

from pathlib import Path

import pandas as pd

from stages.console import run
from stages.files import whole, write_json
from stages.params import load
from stages.tasks import task_module


def split(dataset: str) -> None:
    """Split a dataset's table into train, validation and test without leaks."""
    task = task_module(dataset, "splitting")
    folder = Path("data/prepared", dataset)
    table = pd.read_parquet(folder / "table.parquet")
    parts, dropped = task.split_table(table, load().dataset(dataset).split)
    for name, part in parts.items():
        with whole(folder / f"{name}.parquet") as partial:
            part.to_parquet(partial, index=False, row_group_size=65_536)  # read back in batches
    report = {
        "dataset": dataset,
        "official": sorted(table["part"].dropna().unique()) if "part" in table else [],
        "rows": len(table),
        "dropped": dropped,
        "parts": {name: task.describe(part) for name, part in parts.items()},
    }
    write_json(Path("reports/split") / f"{dataset}.json", report)
    print(f"{dataset}: " + ", ".join(f"{name} {len(part)}" for name, part in parts.items()), f"dropped {dropped}")


if __name__ == "__main__":
    run(split)
