"""`recur run`: the real graph for some datasets, and a report over what there is."""

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from stages.check import check
from stages.config.dataset import Dataset
from stages.config.paths import Paths
from stages.config.resolved import ComparisonFile, read_resolved
from stages.report import report
from stages.runtime.errors import UserError
from stages.tasks.discovery import graph_stages


def run_pipeline(paths: Paths, names: Iterable[str]) -> None:
    """Run the stages that some datasets need through DVC, and write the report.

    Raises:
        ConfigError: params.yaml is not well-formed, or has no such dataset.
        UserError: a stage failed.
    """
    check(paths)
    datasets = [Dataset.find(paths, name) for name in dict.fromkeys(names)]
    reproduce(paths.root, [target for dataset in datasets for target in targets(dataset)])
    report(paths)


def targets(dataset: Dataset) -> list[str]:
    """Return the ends of a dataset's part of the graph, as DVC calls them; all else is run for them."""
    graph = f"stages/{dataset.task}/dvc.yaml"
    ends = [f"{graph}:compare@{dataset.name}"]
    if "generate" in graph_stages(dataset.task):
        models = read_resolved(dataset.paths.task_params(dataset.task, "comparison"), ComparisonFile).models
        ends += [f"{graph}:generate@{dataset.name}-{model}" for model in models]
    return ends


def reproduce(root: Path, targets: Iterable[str]) -> None:
    """Run `dvc repro` in a project, with the commands of this environment.

    Raises:
        UserError: it failed.
    """
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    done = subprocess.run([sys.executable, "-m", "dvc", "repro", *targets], cwd=root, env=environment, check=False)
    if done.returncode:
        raise UserError(
            "the pipeline stopped; what it says above tells where. Mend it and run the same command: it goes on"
        )
