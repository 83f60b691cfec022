"""Raw files → one tidy table of works.

| column | type | meaning |
|---|---|---|
| id | string | the file's stem |
| file | string | the raw file's name |
| row | int64 | 1: a file is one work |
| text | string | its text; line ends are a newline each |
| part | string | train, validation or test where the file is named so, else null |
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import pyarrow as pa

from stages.console import Problem, progress
from stages.generation.params import Reading
from stages.schema import Part

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("file", pa.string()),
        ("row", pa.int64()),
        ("text", pa.large_string()),
        ("part", pa.string()),
    ]
)


@dataclass(frozen=True)
class Table:
    """The tidy table, and an account of where its rows come from and which were dropped."""

    rows: pa.Table
    files: list[dict]  # name, bytes, encoding, rows
    rows_read: int
    rows_dropped: dict[str, int]  # reason → count


def read(folder: Path, reading: Reading) -> Table:
    """Read a dataset's raw files, in the order of their names.

    Raises:
        Problem: there is no file, or one is not text of the encoding that `reading` names.
    """
    paths = sorted(path for path in folder.iterdir() if not path.name.startswith(".")) if folder.is_dir() else []
    if not paths:
        raise Problem(f"{folder} holds no file: look at datasets.{folder.name}.source in params.yaml")
    rows, files, dropped = [], [], Counter()
    for path in progress(paths, desc="read", unit="file"):
        text = _text(path, reading)
        size = path.stat().st_size
        files.append({"name": path.name, "bytes": size, "encoding": reading.encoding, "rows": int(bool(text))})
        if not text.strip():
            dropped["empty file"] += 1
            continue
        stem = path.name.partition(".")[0]
        part = stem if stem in get_args(Part) else None
        rows.append({"id": stem, "file": path.name, "row": 1, "text": text[: reading.characters], "part": part})
    return Table(pa.Table.from_pylist(rows, schema=SCHEMA), files, len(paths), dict(dropped))


def _text(path: Path, reading: Reading) -> str:
    content = path.read_bytes()
    if b"\0" in content and not reading.encoding.lower().startswith(("utf-16", "utf_16", "utf-32", "utf_32")):
        raise Problem(f"{path} is not text: byte {content.index(0)} is zero; leave binary files out of the source")
    try:
        text = content.decode(reading.encoding)
    except LookupError:
        raise Problem(f"reading.encoding '{reading.encoding}' is none that Python knows") from None
    except UnicodeDecodeError as error:
        raise Problem(
            f"{path}: byte {error.start} is not {reading.encoding}: set reading.encoding under "
            f"datasets.{path.parent.name}, or mend the file"
        ) from None
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
