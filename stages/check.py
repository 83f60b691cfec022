"""params.yaml → typed parameters or every error at once, and the files that a dataset's entry needs beside it."""

import os
import shutil
from pathlib import Path

from stages.console import BadParameters, run
from stages.files import remove, write_text
from stages.params import Params, load
from stages.schema import PathSource

EXPECTATIONS = Path("data/expectations")
WATCHED = Path("data/watched")


def check() -> None:
    """Check params.yaml; all other stages wait for it."""
    params = load()
    refuse_missing_files(params)
    add_expectations(params)
    watch_local_sources(params)
    # The same bytes each time: a changed parameter reruns the stages that use it, not all that wait for this one.
    write_text(Path("data/params.ok"), "params.yaml is well-formed\n")


def refuse_missing_files(params: Params) -> None:
    """Say which local sources are not there, before DVC stumbles over them.

    Raises:
        BadParameters: with a line for each.
    """
    sources = {name: dataset.source for name, dataset in params.datasets.items()}
    missing = [
        f"params.yaml: datasets.{name}.source.path: no file or folder '{source.path}'"
        for name, source in sources.items()
        if isinstance(source, PathSource) and not Path(source.path).exists()
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
    """Make `data/watched/<dataset>`, the dependency by which DVC notices that a local file was edited.

    A stage's dependency can be named after the dataset, but not by a path that stands in its entry. So each
    dataset has a name of its own: a link to the local file, or a note where the source is not local.
    """
    for name, dataset in params.datasets.items():
        place = WATCHED / name
        if isinstance(dataset.source, PathSource):
            target = os.path.relpath(dataset.source.path, WATCHED)
            if Path(dataset.source.path).is_absolute():
                target = dataset.source.path
            if not place.is_symlink() or place.readlink() != Path(target):
                remove(place)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.symlink_to(target)
        elif place.is_symlink() or not place.exists():
            remove(place)
            write_text(place, "The source is not a local file: there is nothing to watch.\n")


if __name__ == "__main__":
    run(check)
