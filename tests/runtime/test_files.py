"""Outputs appear whole or not at all."""

import json

import pytest

from stages.runtime.errors import UserError
from stages.runtime.files import atomic_write, read_json, remove, sha256, write_json, write_text


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_file_appears_when_the_block_ends(tmp_path):
    path = tmp_path / "deep" / "out.txt"
    with atomic_write(path) as partial:
        partial.write_text("new")
        assert not path.exists()
        assert partial.parent == path.parent  # the same file system, so that the move is atomic
    assert path.read_text() == "new"
    assert names(path.parent) == ["out.txt"]


@pytest.mark.parametrize("old", [None, "old"])
def test_file_stays_as_it_was_after_an_exception(tmp_path, old):
    path = tmp_path / "out.txt"
    if old:
        path.write_text(old)
    with pytest.raises(KeyboardInterrupt), atomic_write(path) as partial:
        partial.write_text("half")
        raise KeyboardInterrupt
    assert names(tmp_path) == (["out.txt"] if old else [])
    assert not old or path.read_text() == old


@pytest.mark.parametrize("old", [False, True])
def test_folder_stays_as_it_was_after_an_exception(tmp_path, old):
    path = tmp_path / "out"
    if old:
        path.mkdir()
        (path / "a").write_text("old")
    with pytest.raises(ZeroDivisionError), atomic_write(path) as partial:
        partial.mkdir()
        (partial / "b").write_text("half")
        raise ZeroDivisionError
    assert names(tmp_path) == (["out"] if old else [])
    assert not old or (names(path), (path / "a").read_text()) == (["a"], "old")


def test_folder_replaces_a_folder_with_all_it_held(tmp_path):
    path = tmp_path / "out"
    path.mkdir()
    (path / "stale").write_text("old")
    with atomic_write(path) as partial:
        partial.mkdir()
        (partial / "fresh").write_text("new")
    assert names(path) == ["fresh"]
    assert names(tmp_path) == ["out"]


def test_what_a_killed_run_left_is_removed(tmp_path):
    for killed in (tmp_path / ".out.partial", tmp_path / ".file.partial"):
        killed.mkdir()
        (killed / "stale").write_text("old")
    with atomic_write(tmp_path / "out") as partial:
        partial.mkdir()
        (partial / "fresh").write_text("new")
    write_text(tmp_path / "file", "new")
    assert names(tmp_path) == ["file", "out"]
    assert names(tmp_path / "out") == ["fresh"]


def test_link_is_replaced_and_not_followed(tmp_path):
    (tmp_path / "cached").write_text("cached")
    (tmp_path / "out").symlink_to("cached")
    write_text(tmp_path / "out", "new")
    assert (tmp_path / "cached").read_text() == "cached"
    assert not (tmp_path / "out").is_symlink()


def test_remove_takes_files_links_and_folders(tmp_path):
    (tmp_path / "folder" / "below").mkdir(parents=True)
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("kept")
    (tmp_path / "kept").mkdir()
    for name in ("folder", "file", "link", "nothing"):
        remove(tmp_path / name)
    assert names(tmp_path) == ["kept"]


def test_json_is_rounded_and_readable(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"é": [0.1234567, 1, None, True], 3: (1e-9,)})
    assert path.read_text(encoding="utf-8").endswith("\n}\n")
    assert "é" in path.read_text(encoding="utf-8")
    assert read_json(path) == {"é": [0.123457, 1, None, True], "3": [0.0]}
    write_json(path, [1 / 3], digits=None)
    assert json.loads(path.read_text()) == [1 / 3]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_json_refuses_what_json_has_no_number_for(tmp_path, value):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"a": value})
    assert names(tmp_path) == []


def test_json_that_cannot_be_read(tmp_path):
    path = tmp_path / "a.json"
    with pytest.raises(UserError, match=r"a\.json is missing: run `dvc repro` first"):
        read_json(path)
    path.write_text("{")
    with pytest.raises(UserError, match=r"a\.json is not valid JSON \(.*\): remove it and run `dvc repro`"):
        read_json(path)


def test_sha256(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
