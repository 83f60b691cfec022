"""The parts → what was fitted on train alone, arrays of train and validation, and where their windows start."""

from pathlib import Path

from stages.console import run
from stages.files import whole, write_json
from stages.tasks import task_module


def window(dataset: str) -> None:
    """Prepare a dataset's windows."""
    prepared = Path("data/prepared", dataset)
    with whole(prepared / "window") as output:
        report = task_module(dataset, "windowing").window(dataset, prepared, output)
    write_json(Path("reports/tokens") / f"{dataset}.json", {"dataset": dataset} | report)
    print(f"{dataset}: {report['train']['windows']} windows in train, {report['validation']['windows']} in validation")


if __name__ == "__main__":
    run(window)
