"""The parts and what was fitted on them → a report of leaks; any leak fails the run."""

import pyarrow.parquet as pq

from stages.config.dataset import Dataset
from stages.config.paths import Paths
from stages.config.schema import PARTS
from stages.runtime.command import run
from stages.runtime.errors import UserError
from stages.runtime.files import write_json
from stages.tasks.discovery import find_task


def audit(dataset: Dataset) -> None:
    """Check a dataset's parts and what was fitted on them for leaks.

    Raises:
        UserError: there is a leak; names the rows.
    """
    findings = find_task(dataset.task).audit(dataset)
    passed, path = not any(findings.values()), dataset.report("audit")
    rows = {part: pq.read_metadata(dataset.part(part)).num_rows for part in PARTS}
    write_json(path, {"dataset": dataset.name, "passed": passed, "rows": rows, "findings": findings})
    if not passed:
        lines = [f"  {check}: {line}" for check, leaks in findings.items() for line in leaks]
        raise UserError(f"{dataset.name} failed its audit ({path})\n" + "\n".join(lines))
    print(f"{dataset.name}: no leak found")


def main(dataset: str) -> None:
    """Check a dataset's parts and what was fitted on them for leaks."""
    audit(Dataset.find(Paths(), dataset))


if __name__ == "__main__":
    run(main)
