"""The raw files of a dataset, and what is wrong in them, said all at once."""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from stages.config.dataset import Dataset
from stages.config.reading import FileReading
from stages.config.schema import Part
from stages.data.official import official_parts, parts_in
from stages.runtime.errors import SHOWN, UserError, listed

FORMAT_KEYS = ("encoding", "delimiter", "columns", "quotes", "skip_rows", "sheet")  # of reading, each for some formats
Kind = TypeVar("Kind", bound=FileReading)
Reading = TypeVar("Reading", bound=FileReading, covariant=True)  # a file of a task's reading is one of any


@dataclass(frozen=True)
class RawFile(Generic[Reading]):
    """A raw file and how it is read. `where`: the place of these parameters in params.yaml."""

    path: Path
    reading: Reading
    where: str = "reading"
    part: Part | None = None  # the official part that the file is by its name
    place: Path = Path()  # below the folder of raw files, where folders may lie in it

    def key(self, name: str) -> str:
        """Return where a key of `reading` stands, for messages."""
        return f"{self.where}.{name} in params.yaml"

    @property
    def stem(self) -> str:
        """The name up to the first dot."""
        return self.path.name.partition(".")[0]


def raw_files(dataset: Dataset, reading: Kind, subfolders: bool = False) -> list[RawFile[Kind]]:
    """Return a dataset's raw files in the order of their names, 9 before 10; what would be passed over is refused.

    Args:
        dataset: its folder of raw files holds nothing else.
        reading: how they are read.
        subfolders: whether files below folders are read as well; a folder that is named so is an official part.

    Raises:
        UserError: the folder is missing or empty, or has a folder in it.
    """
    folder = dataset.raw
    if not folder.is_dir():
        raise UserError(f"{folder} is missing: run `dvc repro fetch@{dataset.name}` first")
    inside = (path for path in folder.rglob("*") if path.is_file()) if subfolders else folder.iterdir()
    seen = (path for path in inside if not any(part.startswith(".") for part in path.relative_to(folder).parts))
    paths = sorted(seen, key=_natural)
    if not paths:
        raise UserError(f"{folder} holds no file: look at {dataset.key('source')} in params.yaml")
    if folders := [str(path) for path in paths if path.is_dir()]:
        raise UserError(
            f"only files directly in {folder} are read, but there are folders: {listed(folders)}: move their files up"
        )
    first = {path: path.relative_to(folder).parts[0] for path in paths}  # the file's name, or its outermost folder's
    parts = official_parts([*dict.fromkeys(first.values())])
    return [
        RawFile(path, reading, dataset.key("reading"), parts.get(first[path]), path.relative_to(folder))
        for path in paths
    ]


def _natural(path: Path) -> list[str | int]:
    """Return the parts of a file's path, its numbers as numbers."""
    return [int(part) if place % 2 else part for place, part in enumerate(re.split(r"([0-9]+)", path.as_posix()))]


def refuse_unused_keys(file: RawFile[FileReading], name: str, used: Collection[str]) -> None:
    """Refuse what `reading` declares of a file and its format has no use for: it would be passed over in silence.

    Args:
        file: the file.
        name: of its format.
        used: those of FORMAT_KEYS that the format reads.

    Raises:
        UserError: names all of them.
    """
    fields = type(file.reading).model_fields
    unused = [key for key in FORMAT_KEYS if key in fields and key not in used]
    declared = [file.key(key) for key in unused if getattr(file.reading, key) != fields[key].default]
    if declared:
        raise UserError(
            f"{file.path} is read as {name}, which has no use for {', '.join(declared)}: remove it, or declare another "
            f"{file.key('format')}"
        )


def part_remarks(files: Sequence[RawFile[FileReading]]) -> list[str]:
    """Return what there is to say of files that are official parts by their names, or sound as if they were."""
    names = [*dict.fromkeys(f"{_outermost(file)} is {file.part}" for file in files if file.part is not None)]
    others = [*dict.fromkeys(_outermost(file) for file in files if file.part is None)]
    if not names:
        alike = [name for name in others if parts_in(name)]
        reason = "not taken as official parts, for none of them is train alone and another validation or test"
        return [f"{listed(alike)}: {reason}; a file named train, validation or test always is"] if alike else []
    exact = all(file.part in (None, _outermost(file).partition(".")[0]) for file in files)
    remarks = [] if exact else [f"official parts by the files' names: {listed(names)}"]
    return remarks + ([f"no official part by the files' names: {listed(others)}"] if others else [])


def _outermost(file: RawFile[FileReading]) -> str:
    """Return the name that makes a file an official part: its own, or that of the outermost folder it lies in."""
    return file.place.parts[0] if len(file.place.parts) > 1 else file.path.name


def refuse_equal_stems(files: Sequence[RawFile[FileReading]]) -> None:
    """Refuse files whose rows would have equal ids, `<stem>-<row>`.

    Raises:
        UserError: names them.
    """
    counts = Counter(file.stem for file in files)
    if equal := [str(file.path) for file in files if counts[file.stem] > 1]:
        raise UserError(
            "files have the same name up to the first dot, which makes their rows' ids equal: "
            f"{listed(equal)}: rename them, or join them to one file"
        )


def account(path: Path, rows: int, encoding: str | None = None, guessed: bool = False) -> dict[str, Any]:
    """Return what the report says of a file that was read."""
    size = path.stat().st_size
    return {"name": path.name, "bytes": size, "encoding": encoding, "encoding_guessed": guessed, "rows": rows}


def shown(value: object) -> str:
    """Return a value as a message shows it, cut off after 60 characters."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


class Faults:
    """What is wrong in one file: a line for each kind of fault, with the first places and the number of the others."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._places: dict[tuple[str, str], list[str]] = {}
        self._counts: Counter[tuple[str, str]] = Counter()

    def __bool__(self) -> bool:
        return bool(self._places)

    def add(self, problem: str, advice: str, place: str | None = None) -> None:
        """Note a fault; those of one problem and advice share a line."""
        places = self._places.setdefault((problem, advice), [])
        if place is not None:
            self._counts[problem, advice] += 1
            if len(places) < SHOWN:
                places.append(place)

    def refuse(self) -> None:
        """Refuse the file if anything is wrong in it.

        Raises:
            UserError: with a line for each kind of fault.
        """
        lines = [
            f"{self.path}: {problem}{listed(places, self._counts[problem, advice])}: {advice}"
            for (problem, advice), places in self._places.items()
        ]
        if lines:
            raise UserError("\n".join(lines))
