"""params.yaml → typed parameters or every error at once, and the files that a dataset's entry needs beside it."""

import os
import shutil
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG

from stages.console import BadParameters, run
from stages.files import remove, shared_cache, write_text
from stages.params import Params, load

EXPECTATIONS = Path("data/expectations")
WATCHED = Path("data/watched")
COMPILED = 1 << 30  # bytes of compiled code that stay in the shared cache


def check() -> None:
    """Check params.yaml; all other stages wait for it."""
    params = load()
    refuse_missing_files(params)
    add_expectations(params)
    watch_local_sources(params)
    prune(shared_cache("compiled"), COMPILED)
    # The same bytes each time: a changed parameter reruns the stages that use it, not all that wait for this one.
    write_text(Path("data/params.ok"), "params.yaml is well-formed\n")


def local_paths(params: Params) -> dict[str, tuple[str, str | None]]:
    """Return, by the name under data/watched/, the key in params.yaml and the local path or None of every source."""
    found = {}
    for name, dataset in params.datasets.items():
        key = f"datasets.{name}.source"
        found[name] = f"{key}.path", getattr(dataset.source, "path", None)
        found[f"{name}.vectors"] = f"{key}.vectors.path", getattr(dataset.source.vectors, "path", None)
    return found


def refuse_missing_files(params: Params) -> None:
    """Say which local sources are not there, before DVC stumbles over them.

    Raises:
        BadParameters: with a line for each.
    """
    missing = [
        f"params.yaml: {key}: no file or folder '{path}'"
        for key, path in local_paths(params).values()
        if path is not None and not Path(path).exists()
    ]
    if missing:
        raise BadParameters("\n".join(missing))


def add_expectations(params: Params) -> None:
    """Give a dataset without expectations those of its task to start from."""
    for name, dataset in params.datasets.items():
        path = EXPECTATIONS / f"{name}.yaml"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(Path(__file__).parent / dataset.task / "expectations.yaml", path)
            print(f"wrote {path}: what the data must satisfy; edit it to say more")


def watch_local_sources(params: Params) -> None:
    """Make `data/watched/<dataset>` and `<dataset>.vectors`, by which DVC notices that a local file was edited.

    A stage's dependency can be named after the dataset, but not by a path that stands in its entry. So each
    dataset has a name of its own: a link to the local file, or a note where the source is not local.
    """
    for name, (_, path) in local_paths(params).items():
        place = WATCHED / name
        if path is not None:
            target = path if Path(path).is_absolute() else os.path.relpath(path, WATCHED)
            if not place.is_symlink() or place.readlink() != Path(target):
                remove(place)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.symlink_to(target)
        elif place.is_symlink() or not place.exists():
            remove(place)
            write_text(place, "The source is not a local file: there is nothing to watch.\n")


def prune(folder: Path, limit: int) -> None:
    """Remove the files in a folder and below that were written longest ago, until at most `limit` bytes are left."""
    found, kept = [], 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # another project's run may prune the same folder
            state = path.stat()
            if S_ISREG(state.st_mode):
                found.append((-state.st_mtime, state.st_size, path))
    for _, size, path in sorted(found):
        kept += size
        if kept > limit:
            path.unlink(missing_ok=True)


if __name__ == "__main__":
    run(check)
