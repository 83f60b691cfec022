"""Raw files to works, and what is refused in which words."""

import gzip

import pytest

from stages.config.dataset import Dataset
from stages.config.paths import Paths
from stages.runtime.errors import UserError
from stages.tasks.generation.config import Reading
from stages.tasks.generation.loader import read


@pytest.fixture
def dataset(tmp_path):
    """A dataset without files."""
    dataset = Dataset(Paths(tmp_path), "generation", "mine")
    dataset.raw.mkdir(parents=True)
    return dataset


def put(dataset, **files: bytes) -> None:
    for name, content in files.items():
        (dataset.raw / name.replace("_", ".")).write_bytes(content)


def texts(dataset, **reading) -> list[str]:
    return read(dataset, Reading(**reading)).rows["text"].to_pylist()


def message(dataset, **reading) -> str:
    with pytest.raises(UserError) as caught:
        read(dataset, Reading(**reading))
    return str(caught.value)


def test_line_ends_empty_files_and_parts(dataset):
    put(dataset, test_txt=b"\xef\xbb\xbfa\r\nb\rc", x_txt=b" \n", y_txt=b"hello", z_txt=b"")
    table = read(dataset, Reading(characters=4))
    assert table.rows.to_pydict() == {
        "id": ["test", "y"],
        "file": ["test.txt", "y.txt"],
        "row": [1, 1],
        "text": ["a\nb\n", "hell"],
        "part": ["test", None],
    }
    assert (table.rows_read, table.rows_dropped) == (4, {"empty file": 2})
    assert [file["rows"] for file in table.files] == [1, 1, 1, 0]


def test_works_of_one_stem_are_told_apart_by_their_names(dataset):
    put(dataset, a_txt=b"one", a_md=b"two", b_txt=b"three")
    assert read(dataset, Reading()).rows["id"].to_pylist() == ["a.md", "a.txt", "b"]


def test_a_compressed_work_is_read(dataset):
    put(dataset, a_txt_gz=gzip.compress(b"some text\n" * 9))
    table = read(dataset, Reading())
    assert table.rows["text"].to_pylist() == ["some text\n" * 9] and table.rows["id"].to_pylist() == ["a"]


@pytest.mark.parametrize("name", ["u16", "UTF-16", "utf_16_le"])
def test_utf_16_is_read_when_declared_under_any_of_its_names(dataset, name):
    put(dataset, a_txt=("\ufeffbridge\n" * 9).encode("utf-16-le"))
    assert texts(dataset, encoding=name)[0].startswith("bridge\n")


def test_utf_16_with_a_mark_is_read_and_noted(dataset):
    put(dataset, a_txt=("apple\n" * 9).encode("utf-16"))
    table = read(dataset, Reading())
    assert table.rows["text"].to_pylist() == ["apple\n" * 9]
    assert (table.files[0]["encoding"], table.files[0]["encoding_guessed"]) == ("utf-16", True)


def test_utf_16_without_a_mark_is_hinted_at(dataset):
    put(dataset, a_txt=("apple\n" * 9).encode("utf-16-le"))
    assert "a.txt looks like 'utf-16-le', without the mark that says so: set generation.datasets.mine.reading.enc" in (
        message(dataset)
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\x00\x01" * 50, "a.txt holds 50 NUL byte(s), as no text does, the first in line 1 (byte 0)"),
        (b"\x89PNG\r\n\x00\x00\x00\rIHDR" * 9, "leave the file out if it is not text"),
    ],
)
def test_files_that_are_no_text(dataset, content, expected):
    put(dataset, a_txt=content)
    assert expected in message(dataset)


def test_no_file(dataset):
    assert "holds no file" in message(dataset)
