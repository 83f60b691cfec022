"""`recur run`: the real graph, all of it or for some datasets and a report over what there is."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from stages.app.course import Course, addresses
from stages.check import check
from stages.config.dataset import Dataset
from stages.config.paths import Paths
from stages.runtime.errors import UserError
from stages.runtime.warm import run_warm
from stages.tasks.discovery import load_params, stage_matrices


def run_pipeline(paths: Paths, names: Iterable[str]) -> None:
    """Run the stages that some datasets need through DVC, and write the report. Without names: the whole graph.

    Raises:
        ConfigError: params.yaml is not well-formed, or has no such dataset.
        UserError: a stage failed.
    """
    check(paths)
    names = list(dict.fromkeys(names))
    datasets = [Dataset.find(paths, name) for name in names or load_params(paths).tasks()]
    stages = [address for dataset in datasets for address in addresses(dataset)]
    if not names:
        reproduce(paths, [], ["check", *stages, "report"])
        return
    reproduce(paths, [target for dataset in datasets for target in targets(dataset)], ["check", *stages])
    from stages.report import report  # draws, which takes two seconds to import

    report(paths)


def targets(dataset: Dataset) -> list[str]:
    """Return the ends of a dataset's part of the graph, as DVC calls them; all else is run for them."""
    ends = {"compare", "generate"} & stage_matrices(dataset.task).keys()
    return [address for address in addresses(dataset) if address.partition(":")[2].partition("@")[0] in ends]


def reproduce(paths: Paths, targets: Iterable[str], stages: Iterable[str]) -> None:
    """Run `dvc repro` in a project with the commands of this environment, and say how far it is.

    Args:
        paths: the project.
        targets: of `dvc repro`; none: everything.
        stages: that it will look at.

    Raises:
        UserError: it failed.
    """
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    environment = os.environ | {"PATH": path, "PYTHONUNBUFFERED": "1"}
    course = Course(paths, stages)

    def show(line: str) -> None:
        if (shown := course.follow(line)) is not None:
            print(shown, flush=True)

    code = run_warm([sys.executable, "-m", "dvc", "repro", *targets], paths.root, environment, show)
    course.end_stage()
    if code:
        raise UserError(
            "the pipeline stopped; what it says above tells where. Mend it and run the same command: it goes on"
        )
    print(course.summary())
