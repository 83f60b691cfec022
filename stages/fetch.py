"""A source → the raw files of a dataset, `data/raw/DATASET/`: one or more files, byte for byte as they were published.

| file | holds |
|---|---|
| train.*, validation.*, test.* | that official part; the name up to its first dot counts |
| any other name | rows without an official part |

A package's member is named after its part, else as params.yaml names it, else as in the archive; a local file and a
URL's file keep their names. Word vectors, if the source names any, go to `data/vectors/DATASET/`.
"""

from stages.config.dataset import Dataset
from stages.config.paths import Paths
from stages.config.sources import read_source
from stages.data.downloads import fetch_source
from stages.runtime.command import run
from stages.runtime.files import atomic_write, sha256, write_text

LISTED = 20  # files


def fetch(dataset: Dataset) -> None:
    """Fetch a dataset's raw files, and word vectors for it, if any.

    Raises:
        UserError: the source is missing, cannot be reached, or is not what its hash says.
    """
    root = dataset.paths.root
    source = read_source(dataset.paths.dataset_params(dataset.task, dataset.name) / "source.json")
    with atomic_write(dataset.raw) as folder:
        folder.mkdir()
        fetch_source(source, folder, dataset.key("source"), root)
    with atomic_write(dataset.vectors) as folder:
        folder.mkdir()
        if source.vectors is not None:
            fetch_source(source.vectors, folder, dataset.key("source.vectors"), root)
        else:
            write_text(folder / "none", "the source names no word vectors\n")  # DVC warns of an empty folder
    folders = (dataset.raw, dataset.vectors) if source.vectors is not None else (dataset.raw,)
    files = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
    for file in files[:LISTED]:
        print(f"{file}  {file.stat().st_size:,} bytes  sha256 {sha256(file)[:12]}")
    if len(files) > LISTED:
        print(f"and {len(files) - LISTED} more files")


def main(dataset: str) -> None:
    """Fetch a dataset's raw files, and word vectors for it, if any."""
    fetch(Dataset.find(Paths(), dataset))


if __name__ == "__main__":
    run(main)
