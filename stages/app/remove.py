"""A dataset and all that was made of it → nothing; what it was made from stays."""

import re
from collections.abc import Iterator
from pathlib import Path

from ruamel.yaml import YAML

from stages.app.params_file import without_entry, write_exact
from stages.check import check
from stages.config.dataset import Dataset
from stages.config.paths import Paths
from stages.runtime.errors import ConfigError, nearest
from stages.runtime.files import remove
from stages.tasks.discovery import load_params

NESTED = ("plots", "timings")  # folders of reports that have a folder for each kind


def remove_dataset(paths: Paths, name: str) -> None:
    """Take a dataset out of params.yaml, and remove all that the stages made of it.

    Raises:
        ConfigError: there is no such dataset, or params.yaml is not well-formed.
        UserError: params.yaml cannot be edited safely.
    """
    tasks = load_params(paths).tasks()
    if name not in tasks:
        raise ConfigError(f"{paths.params} has no dataset '{name}': {nearest(name, tasks)}")
    task = tasks[name]
    text = paths.params.read_bytes().decode()
    write_exact(paths.params, without_entry(text, task, name))
    print(f"{paths.params}: {task}.datasets.{name}, the entry")
    for path in sorted(set(_made(Dataset(paths, task, name)))):
        if path.exists() or path.is_symlink():
            remove(path)
            print(path)
    for lock in (paths.root / "dvc.lock", paths.root / "stages" / task / "dvc.lock"):
        if count := _unlock(lock, name):
            print(f"{lock}: {count} stage(s)")
    check(paths)
    print("Its source was left as it is. `dvc repro` takes it out of the report; `dvc gc -w` frees DVC's cache.")


def _made(dataset: Dataset) -> Iterator[Path]:
    """Yield the files and folders that may have been made of a dataset."""
    paths, name = dataset.paths, dataset.name
    yield from (dataset.raw, dataset.vectors, dataset.prepared, dataset.expectations)
    yield from (paths.watched / name, paths.watched / f"{name}.vectors", paths.dataset_params(dataset.task, name))
    yield from (dataset.predictions("any").parent, dataset.model("any").parent)
    folders = [path for path in paths.reports.glob("*") if path.is_dir() and path.name not in NESTED]
    folders += [path for kind in NESTED for path in (paths.reports / kind).glob("*") if path.is_dir()]
    for folder in folders:
        yield folder / name
        yield from folder.glob(f"{name}.*")


def _unlock(path: Path, name: str) -> int:
    """Take a dataset's stages out of a lock file; return how many there were."""
    if not path.exists():
        return 0
    stages = YAML(typ="rt").load(path.read_text(encoding="utf-8"))["stages"]
    ours = [stage for stage in stages if re.search(rf"@{name}(-|$)", stage)]
    if not ours:
        return 0
    if len(ours) == len(stages):
        remove(path)
        return len(ours)
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    starts = {stage: stages.lc.key(stage)[0] for stage in stages}
    ends = dict(zip(starts, [*sorted(starts.values())[1:], len(lines)], strict=True))
    gone = {row for stage in ours for row in range(starts[stage], ends[stage])}
    write_exact(path, "".join(line for row, line in enumerate(lines) if row not in gone))
    return len(ours)
