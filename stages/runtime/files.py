"""Outputs that appear whole or not at all, and with the same bytes for the same content."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from platformdirs import user_cache_path

from stages.runtime.errors import UserError


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a name beside `path` to write a file or a folder to; it becomes `path` only if the block ends well.

    What a killed run left under that name is removed first.
    """
    partial = path.with_name(f".{path.name}.partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    remove(partial)
    try:
        yield partial
        partial.stat()  # raises, before anything is removed, if the block wrote nothing
        if path.is_dir() or partial.is_dir():  # replace() does not put a folder in place of what is there
            remove(path)
        partial.replace(path)
    finally:
        remove(partial)


def remove(path: Path) -> None:
    """Remove a file, a link or a folder with all it holds, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8."""
    with atomic_write(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_json(path: Path, content: object, digits: int | None = 6) -> None:
    """Write `content` as indented JSON, floats rounded to `digits` decimals (None: exact); NaN is refused."""
    content = content if digits is None else _rounded(content, digits)
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    write_text(path, text + "\n")


def read_json(path: Path) -> dict:
    """Read a JSON file that a stage wrote.

    Raises:
        UserError: the file is not there or not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} is missing: run `dvc repro` first") from None
    except ValueError as error:
        raise UserError(f"{path} is not valid JSON ({error}): remove it and run `dvc repro`") from None


def shared_cache(name: str) -> Path:
    """Return a folder that all projects of this user share: under $RECUR_CACHE, else under the user's cache folder."""
    return Path(os.environ.get("RECUR_CACHE") or user_cache_path("recur")) / name


def sha256(path: Path) -> str:
    """Return the hexadecimal SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _rounded(content: object, digits: int) -> object:
    if isinstance(content, float):
        return round(content, digits)
    if isinstance(content, dict):
        return {str(key): _rounded(value, digits) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_rounded(value, digits) for value in content]
    return content
