"""Files taken out of archives, and of archives within them: zip, and tar however compressed.

Nothing is written under a name that an archive gives, links are refused, and there is a limit on what comes out.
"""

import difflib
import posixpath
import re
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from lzma import LZMAError
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, NamedTuple, cast

from stages.config.sources import Member, Package
from stages.runtime.errors import UserError
from stages.runtime.files import sha256
from stages.runtime.progress import progress

CHUNK = 1 << 20


def extract_members(archive: Path, source: Package, folder: Path, key: str) -> None:
    """Take the files that a source names out of its archive.

    Args:
        archive: the package's.
        source: names the files.
        folder: where they go.
        key: the source's path in params.yaml, for messages.

    Raises:
        UserError: a file is missing, dangerous, too large, or not what its hash says; or the archive is damaged.
    """
    with ExitStack() as stack:
        unpacker = Unpacker(archive, source.package, source.unpack_limit, key, stack)
        for index, member in enumerate(source.files):
            target = _unused(folder / saved_name(member), f"{key}.files.{index}")
            with target.open("wb") as file:
                sizes = unpacker.extract(member.inside, member.path, file)
            check_hash(sha256(target), member.sha256, member.path, f"{key}.files.{index}.sha256")
            if not member.join:
                _separate(target, sizes, f"{key}.files.{index}")


def check_hash(actual: str, expected: str, name: str, key: str) -> None:
    """Refuse other content than was expected.

    Args:
        actual: its SHA-256.
        expected: the SHA-256 that params.yaml gives.
        name: of the content, for messages.
        key: the hash's path in params.yaml, for messages.

    Raises:
        UserError: the hashes differ.
    """
    if actual != expected:
        raise UserError(
            f"{name}: wrong content: expected sha256 {expected}, found {actual}\n"
            f"if you trust the new content, set {key} to the hash found"
        )


def saved_name(member: Member) -> str:
    """Return the name a member is saved under: its part, its given or its own name, with the ending; no asterisks.

    Where nothing but asterisks makes up the name, the folder's name stands for it: pos/*.txt is saved as pos.txt.
    """
    path = PurePosixPath(member.path)
    match = re.search(r"(\.[^.]*?(\.(gz|bz2|xz|zst|lz4))?)?$", path.name)
    ending = match[0] if match else ""
    stem = path.name.removesuffix(ending).replace("*", "").strip(" ._-")
    stem = member.part or member.name or stem or path.parent.name.replace("*", "") or "rows"
    return stem + ending.replace("*", "").rstrip(".")


def _unused(target: Path, key: str) -> Path:
    """Refuse a name already taken, also where only upper and lower case differ: some file systems hold them equal."""
    if any(other.name.casefold() == target.name.casefold() for other in target.parent.iterdir()):
        raise UserError(f"{key}: a second file would be saved as {target.name}; give each part one file, matched by *")
    return target


def _separate(joined: Path, sizes: dict[str, int], key: str) -> None:
    """Write each of the files that were concatenated under its own name, in place of the whole."""
    content = joined.read_bytes()
    joined.unlink()
    start = 0
    for name, size in sizes.items():
        _unused(joined.parent / PurePosixPath(name).name, key).write_bytes(content[start : start + size])
        start += size


class Entry(NamedTuple):
    """A file, link or device in an archive; folders are passed over."""

    name: str
    regular: bool
    open: Callable[[], IO[bytes]]


class Unpacker:
    """Takes files out of an archive and of the archives within it, each of those unpacked once.

    Bytes are counted as they come, because headers may lie.
    """

    def __init__(self, archive: Path, label: str, limit: int, key: str, stack: ExitStack) -> None:
        """Open an archive.

        Args:
            archive: the outermost.
            label: what it is called in messages.
            limit: bytes that everything taken out may have together.
            key: the source's path in params.yaml, for messages.
            stack: closes it, and the archives within it.
        """
        self.label, self.limit, self.key, self.stack = label, limit, key, stack
        self.left = limit
        self.opened: dict[tuple[str, ...], BinaryIO] = {(): stack.enter_context(archive.open("rb"))}

    def extract(self, inside: tuple[str, ...], path: str, target: BinaryIO) -> dict[str, int]:
        """Write the files that match `path`, concatenated in sorted order; return the size of each by its name.

        Raises:
            UserError: none match, one that matches is dangerous, the limit is passed, or the archive is damaged.
        """
        archive, label = self._archive(inside), " → ".join([self.label, *inside])
        pattern = re.compile("/".join(re.escape(step).replace(r"\*", "[^/]*") for step in PurePosixPath(path).parts))
        names: list[str] = []
        matches: dict[str, Path] = {}
        with tempfile.TemporaryDirectory() as folder:
            with _damage_reported(label):
                for entry in _entries(archive, label):
                    if name := _matching(entry, pattern, label):
                        matches[name] = Path(folder) / str(len(names))  # the last of that name counts, as in any tar
                        with entry.open() as source, matches[name].open("wb") as match:
                            self._copy(source, match, f"{label}: {name}")
                    names.append(entry.name)
            if not matches:
                near = difflib.get_close_matches(path, names, n=3, cutoff=0.4) or sorted(names)[:3]
                raise UserError(f"{label} holds no file {path}; nearest: {', '.join(near) or 'none, it is empty'}")
            for name in sorted(matches):
                with matches[name].open("rb") as match:
                    shutil.copyfileobj(match, target)
            return {name: matches[name].stat().st_size for name in sorted(matches)}

    def _archive(self, inside: tuple[str, ...]) -> BinaryIO:
        if inside not in self.opened:
            inner = cast(BinaryIO, self.stack.enter_context(tempfile.TemporaryFile()))  # noqa: SIM115
            self.opened[inside] = inner
            self.extract(inside[:-1], inside[-1], inner)
        self.opened[inside].seek(0)
        return self.opened[inside]

    def _copy(self, source: IO[bytes], target: BinaryIO, name: str) -> None:
        while chunk := source.read(CHUNK):
            self.left -= len(chunk)
            if self.left < 0:
                raise UserError(
                    f"{name}: the files taken out pass {self.limit:,} bytes; "
                    f"if that is right, raise {self.key}.unpack_limit"
                )
            target.write(chunk)


def _entries(archive: BinaryIO, label: str) -> Iterator[Entry]:
    """Yield what an archive holds, each to be read before the next: a tar is read as a stream, never back."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened_zip:
            for info in progress(opened_zip.infolist(), unit="file", desc=label):
                kind = stat.S_IFMT(info.external_attr >> 16)  # zero where the archive was not made on Unix
                if not info.is_dir():
                    yield Entry(info.filename, kind in (0, stat.S_IFREG), partial(opened_zip.open, info))
    else:
        archive.seek(0)
        with tarfile.open(fileobj=archive, mode="r|*") as opened_tar:
            open_entry = cast("Callable[[tarfile.TarInfo], IO[bytes]]", opened_tar.extractfile)  # None: not regular
            for entry in progress(opened_tar, unit="file", desc=label):
                if not entry.isdir():
                    yield Entry(entry.name, entry.isreg(), partial(open_entry, entry))


def _matching(entry: Entry, pattern: re.Pattern[str], label: str) -> str | None:
    """Return an entry's name if the pattern matches it; refuse one that would match if it were not dangerous."""
    name = entry.name.replace("\\", "/")
    steps = [step for step in name.split("/") if step not in ("", ".")]
    plain = "/".join(step for step in steps if step != "..")
    resolved = posixpath.normpath("/" + name).lstrip("/")
    if not (pattern.fullmatch(plain) or pattern.fullmatch(resolved)):
        return None
    if name.startswith("/") or ".." in steps:
        raise UserError(f"{label}: the entry {entry.name} leads out of the archive; it is not taken out")
    if not entry.regular:
        raise UserError(f"{label}: the entry {entry.name} is a link or a device, not a file; it is not taken out")
    return plain


@contextmanager
def _damage_reported(label: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno:  # the disk's trouble; decompressors raise it without a number
            raise
        raise UserError(f"{label} is damaged ({error})") from None
    except tarfile.TarError as error:
        raise UserError(f"{label} is damaged, or neither a zip nor a tar archive ({error})") from None
    except (zipfile.BadZipFile, zlib.error, LZMAError, EOFError, RuntimeError, NotImplementedError) as error:
        raise UserError(f"{label} is damaged, encrypted or compressed in an unknown way ({error})") from None
