"""params.yaml → typed parameters or every error at once, resolved for the stages, and the files that an entry needs.

All other stages wait for it. It writes the same bytes each time: a changed parameter reruns the stages that use it.
"""

import os
import shutil
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG

from stages.config.paths import Paths
from stages.config.resolved import write_resolved
from stages.config.schema import BaseParams
from stages.config.sources import DatasetConfig
from stages.runtime.command import run
from stages.runtime.errors import ConfigError
from stages.runtime.files import remove, shared_cache, write_text
from stages.tasks.discovery import FOLDER, load_params

COMPILED = 1 << 30  # bytes of compiled code that stay in the shared cache
NOT_LOCAL = "The source is not a local file: there is nothing to watch.\n"


def check(paths: Paths) -> None:
    """Check params.yaml, and write what the stages need of it.

    Raises:
        ConfigError: with a line for each thing that is wrong.
    """
    params = load_params(paths)
    refuse_missing_files(params, paths)
    add_expectations(params, paths)
    watch_local_sources(params, paths)
    write_resolved(params, paths)
    prune(shared_cache("compiled"), COMPILED)


def local_sources(params: BaseParams) -> dict[str, tuple[str, str | None]]:
    """Return, by the name below data/watched/, the key in params.yaml and the local path or None of every source."""
    sources: dict[str, tuple[str, str | None]] = {}
    for task, section in params.sections().items():
        for name, entry in section.datasets.items():
            assert isinstance(entry, DatasetConfig)
            key, vectors = f"{task}.datasets.{name}.source", entry.source.vectors
            sources[name] = f"{key}.path", entry.source.local_path()
            sources[f"{name}.vectors"] = f"{key}.vectors.path", vectors.local_path() if vectors else None
    return sources


def refuse_missing_files(params: BaseParams, paths: Paths) -> None:
    """Say which local sources are not there, before DVC stumbles over them.

    Raises:
        ConfigError: with a line for each.
    """
    missing = [
        f"{paths.params}: {key}: no file or folder '{path}'"
        for key, path in local_sources(params).values()
        if path is not None and not (paths.root / path).exists()
    ]
    if missing:
        raise ConfigError("\n".join(missing))


def add_expectations(params: BaseParams, paths: Paths) -> None:
    """Give a dataset without expectations those of its task to start from."""
    for task, section in params.sections().items():
        for name in section.datasets:
            path = paths.expectations / f"{name}.yaml"
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(FOLDER / task / "expectations.yaml", path)
                print(f"wrote {path}: what the data must satisfy; edit it to say more")


def watch_local_sources(params: BaseParams, paths: Paths) -> None:
    """Make `data/watched/<dataset>` and `<dataset>.vectors`, by which DVC notices that a local file was edited.

    A stage's dependency can be named after the dataset, but not by a path that stands in its entry. So each
    dataset has a name of its own: a link to the local file, or a note where the source is not local.
    """
    for name, (_, path) in local_sources(params).items():
        place = paths.watched / name
        if path is not None:
            target = path if Path(path).is_absolute() else os.path.relpath(paths.root / path, paths.watched)
            if not place.is_symlink() or place.readlink() != Path(target):
                remove(place)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.symlink_to(target)
        elif place.is_symlink() or not place.exists():
            remove(place)
            write_text(place, NOT_LOCAL)


def prune(folder: Path, limit: int) -> None:
    """Remove the files in a folder and below that were written longest ago, until at most `limit` bytes are left."""
    files, kept = [], 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # another project's run may prune the same folder
            state = path.stat()
            if S_ISREG(state.st_mode):
                files.append((-state.st_mtime, state.st_size, path))
    for _, size, path in sorted(files):
        kept += size
        if kept > limit:
            path.unlink(missing_ok=True)


def main() -> None:
    """Check params.yaml, and write what the stages need of it."""
    check(Paths())


if __name__ == "__main__":
    run(main)
