"""Compressed raw files: what is read, within which limit, and what is refused in which words."""

import bz2
import gzip
import lzma
import zipfile

import pyarrow as pa
import pytest

from stages.config.reading import FileReading
from stages.data import compression
from stages.data.compression import compression_of, content_name, open_bytes
from stages.data.raw import RawFile
from stages.runtime.errors import UserError

CONTENT = b"some text\n" * 1000
COMPRESSED = {
    "gzip": gzip.compress(CONTENT, mtime=0),
    "bz2": bz2.compress(CONTENT),
    "xz": lzma.compress(CONTENT),
    "zstd": pa.compress(CONTENT, "zstd", asbytes=True),
    "lz4": pa.compress(CONTENT, "lz4", asbytes=True),
}


@pytest.fixture
def put(tmp_path):
    """Return a function that writes a file."""

    def write(name: str, content: bytes, **reading) -> RawFile[FileReading]:
        path = tmp_path / name
        path.write_bytes(content)
        return RawFile(path, FileReading(**reading), "task.datasets.mine.reading")

    return write


@pytest.fixture
def put_zip(tmp_path):
    """Return a function that writes an archive."""

    def write(name: str, members: dict[str, bytes]) -> RawFile[FileReading]:
        with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, content in members.items():
                archive.writestr(member, content)
        return RawFile(tmp_path / name, FileReading(), "task.datasets.mine.reading")

    return write


def read(file: RawFile[FileReading]) -> bytes:
    with open_bytes(file) as stream:
        return stream.read()


def message(file: RawFile[FileReading]) -> str:
    with pytest.raises(UserError) as caught:
        read(file)
    return str(caught.value)


@pytest.mark.parametrize("codec", COMPRESSED)
@pytest.mark.parametrize("name", ["data", "data.csv", "data.csv.gz"])
def test_the_first_bytes_tell_the_compression_whatever_the_name(put, codec, name):
    assert read(put(name, COMPRESSED[codec])) == CONTENT


@pytest.mark.parametrize("codec", COMPRESSED)
def test_what_was_compressed_in_pieces_is_read_to_its_end(put, codec):
    assert read(put("data", COMPRESSED[codec] * 2)) == CONTENT * 2


def test_what_is_declared_counts(put):
    assert read(put("data.gz", CONTENT, compression="none")) == CONTENT
    assert read(put("data", COMPRESSED["gzip"], compression="none")) == COMPRESSED["gzip"]
    assert "data is damaged or not compressed by xz" in message(put("data", COMPRESSED["gzip"], compression="xz"))


@pytest.mark.parametrize("codec", COMPRESSED)
def test_a_damaged_file_is_named(put, codec):
    reason = message(put("data", COMPRESSED[codec][:-9]))
    assert f"data is damaged or not compressed by {codec}" in reason
    assert "set task.datasets.mine.reading.compression in params.yaml" in reason


@pytest.mark.parametrize("name", ["d.gz", "d.bz2", "d.xz", "d.zst", "d.lz4", "d.zip"])
def test_what_is_named_compressed_but_is_not(put, name):
    assert f"{name} is damaged or not compressed by" in message(put(name, CONTENT))


@pytest.mark.parametrize("codec", COMPRESSED)
def test_what_unpacks_to_too_much_is_refused_while_it_is_read(put, codec, monkeypatch):
    monkeypatch.setattr(compression, "CHUNK", 100)
    file = put("data", COMPRESSED[codec], unpack_limit=len(CONTENT) - 1)
    stream = open_bytes(file)
    assert stream.read(9000) == CONTENT[:9000]
    with pytest.raises(UserError) as caught:
        stream.read()
    assert "data unpacks to more than 9,999 bytes: if that is right, raise task.datasets.mine.reading.unpack_limit" in (
        str(caught.value)
    )
    assert read(put("data", COMPRESSED[codec], unpack_limit=len(CONTENT))) == CONTENT
    assert read(put("data", CONTENT, unpack_limit=1)) == CONTENT  # it is not compressed


def test_an_archive_of_one_file_is_that_file(put_zip):
    assert read(put_zip("d.zip", {"d.csv": CONTENT})) == CONTENT
    assert content_name(put_zip("d.zip", {"inner.csv": CONTENT})) == "inner.csv"
    assert content_name(put_zip("d.tsv.zip", {"inner.csv": CONTENT})) == "d.tsv"


def test_what_macos_adds_to_an_archive_is_no_file(put_zip):
    assert read(put_zip("d.zip", {"folder/": b"", "folder/d.csv": CONTENT, "__MACOSX/x": b"?"})) == CONTENT


@pytest.mark.parametrize("members", [{}, {"a.csv": CONTENT, "b.csv": CONTENT}])
def test_an_archive_of_more_files_or_none_is_refused(put_zip, members):
    reason = message(put_zip("d.zip", members))
    assert f"d.zip holds {len(members)} files" in reason
    assert "unpack it, and give the folder as the source" in reason


def test_a_spreadsheet_is_an_archive_by_itself(put_zip):
    assert compression_of(put_zip("d.xlsx", {"a.xml": CONTENT}), is_archive=True) == "none"
    assert compression_of(put_zip("d.xlsx", {"a.xml": CONTENT})) == "zip"
    assert compression_of(put_zip("d.xlsx.zip", {"a.xml": CONTENT}), is_archive=True) == "zip"


def test_a_missing_file_is_the_systems_fault(tmp_path):
    with pytest.raises(FileNotFoundError):
        open_bytes(RawFile(tmp_path / "none.csv", FileReading()))
