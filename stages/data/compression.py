"""Raw files as streams of decompressed bytes, so that no more of them is in memory than is being read."""

import io
import lzma
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO, NamedTuple

import pyarrow as pa

from stages.config.reading import Compression, FileReading
from stages.data.raw import RawFile
from stages.runtime.errors import UserError, listed

CHUNK = 1 << 20
JUNK = "__MACOSX/"  # what macOS adds to an archive: icons and the like, no data


class Codec(NamedTuple):
    """How a compression is known: what a file begins with, and the ending of its name."""

    mark: bytes
    ending: str


CODECS: dict[Compression, Codec] = {
    "gzip": Codec(b"\x1f\x8b", ".gz"),
    "bz2": Codec(b"BZh", ".bz2"),
    "xz": Codec(b"\xfd7zXZ\x00", ".xz"),
    "zstd": Codec(b"\x28\xb5\x2f\xfd", ".zst"),
    "lz4": Codec(b"\x04\x22\x4d\x18", ".lz4"),
    "zip": Codec(b"PK\x03\x04", ".zip"),
}
DAMAGE = (OSError, EOFError, ValueError, lzma.LZMAError, zlib.error, zipfile.BadZipFile, RuntimeError)


class ByteStream(io.RawIOBase):
    """The bytes of a raw file, decompressed.

    Raises:
        UserError: while reading: the file is damaged, or unpacks to more than `unpack_limit`.
    """

    def __init__(self, file: RawFile[FileReading], compression: Compression) -> None:
        super().__init__()
        self._file, self._compression, self._unpacked = file, compression, 0
        self._opened = ExitStack()
        with _damage_named(file, compression):
            self._source = _opened(file, compression, self._opened)

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer, and return how many bytes there were for it."""
        with _damage_named(self._file, self._compression):
            chunk = self._source.read(len(buffer))
        self._unpacked += len(chunk)
        if self._compression != "none" and self._unpacked > self._file.reading.unpack_limit:
            raise too_large(self._file)
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        """Close the file."""
        self._opened.close()
        super().close()


def open_bytes(file: RawFile[FileReading], is_archive: bool = False) -> io.BufferedReader:
    """Open a raw file as a stream of decompressed bytes.

    Args:
        file: the file.
        is_archive: whether its format is a zip archive in itself, as that of spreadsheets is.

    Raises:
        UserError: at once or while it is read: it is damaged, or unpacks to more than `unpack_limit`.
    """
    return io.BufferedReader(ByteStream(file, compression_of(file, is_archive)), CHUNK)


def copy_bytes(file: RawFile[FileReading], target: IO[bytes], is_archive: bool = False) -> None:
    """Write a raw file's decompressed bytes, for what must be read back and forth."""
    with open_bytes(file, is_archive) as source:
        shutil.copyfileobj(source, target, CHUNK)
    target.seek(0)


def compression_of(file: RawFile[FileReading], is_archive: bool = False) -> Compression:
    """Return how a file is compressed: as declared, else as its first bytes tell, else as its ending does."""
    if file.reading.compression is not None:
        return file.reading.compression
    with file.path.open("rb") as opened:
        begin = opened.read(8)
    ending = file.path.suffix.lower()
    matches = [name for name, codec in CODECS.items() if begin.startswith(codec.mark)]
    matches += [name for name, codec in CODECS.items() if ending == codec.ending]
    if not matches or (is_archive and matches == ["zip"] and ending != CODECS["zip"].ending):
        return "none"
    return matches[0]


def content_name(file: RawFile[FileReading]) -> str:
    """Return a file's name without its compression's ending; where nothing is left of it, its name in the archive."""
    path = file.path
    if path.suffix.lower() not in {codec.ending for codec in CODECS.values()}:
        return path.name
    if path.suffix.lower() == CODECS["zip"].ending and not Path(path.stem).suffix and compression_of(file) == "zip":
        with _damage_named(file, "zip"), zipfile.ZipFile(path) as archive:
            return _member(file, archive).filename
    return path.stem


def too_large(file: RawFile[FileReading]) -> UserError:
    """Return the error for a file that unpacks to more than the limit."""
    return UserError(
        f"{file.path} unpacks to more than {file.reading.unpack_limit:,} bytes: if that is right, raise "
        f"{file.key('unpack_limit')}"
    )


@contextmanager
def _damage_named(file: RawFile[FileReading], compression: Compression) -> Iterator[None]:
    """Tell a damaged file from the disk's trouble, whose errors have a number."""
    try:
        yield
    except DAMAGE as error:
        if compression == "none" or (isinstance(error, OSError) and error.errno):
            raise
        raise UserError(
            f"{file.path} is damaged or not compressed by {compression} ({error}): fetch it anew, or set "
            f"{file.key('compression')} to what it is compressed by, or to none"
        ) from None


def _opened(file: RawFile[FileReading], compression: Compression, stack: ExitStack) -> IO[bytes]:
    if compression == "none":
        return stack.enter_context(file.path.open("rb"))
    if compression == "xz":
        return stack.enter_context(lzma.open(file.path))
    if compression == "zip":
        archive = stack.enter_context(zipfile.ZipFile(file.path))
        return stack.enter_context(archive.open(_member(file, archive)))
    stream: BinaryIO = stack.enter_context(pa.input_stream(file.path, compression))
    return stream


def _member(file: RawFile[FileReading], archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    """Return the one file that an archive holds."""
    members = [info for info in archive.infolist() if not info.is_dir() and not info.filename.startswith(JUNK)]
    if len(members) != 1:
        names = f": {listed([info.filename for info in members])}" if members else ""
        raise UserError(
            f"{file.path} holds {len(members)} files{names}, but a zip archive is read only if it holds one: unpack "
            "it, and give the folder as the source"
        )
    return members[0]
