import os
import shutil
from pathlib import Path

import pytest
from small_params import others

from stages import check as module
from stages import params
from stages.check import check, prune
from stages.console import BadParameters
from stages.schema import TASKS

ROOT = Path(__file__).parents[1]
STARTER = ROOT / "stages/classification/expectations.yaml"
PARAMS = (
    """
seeds: [1]
parallel: {}
datasets:
  mine: {task: classification, source: SOURCE, reading: {}, split: {}, tokenizer: {}}
classification: {datasets: [mine], training: {}, models: {majority: {}}}
"""
    + others("classification")
    + "evaluation: {}\n"
)
PACKAGE = "{package: a==1, sha256: HASH, files: [{path: a.csv, sha256: HASH}]}".replace("HASH", "a" * 64)
NOTE = "The source is not a local file: there is nothing to watch.\n"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a function that runs check in a folder of its own, `mine` having a given source."""
    monkeypatch.chdir(tmp_path)
    Path("mine.csv").write_text("text,label\na,b\n")

    def call(source):
        Path("params.yaml").write_text(PARAMS.replace("SOURCE", source))
        params.load.cache_clear()
        check()

    yield call
    params.load.cache_clear()


def test_starter_is_copied_once_and_never_overwritten(run, capsys):
    path = Path("data/expectations/mine.yaml")
    run("{path: mine.csv}")
    assert path.read_bytes() == STARTER.read_bytes()
    assert capsys.readouterr().out == f"wrote {path}: what the data must satisfy; edit it to say more\n"
    path.write_text("# mine\n")
    run("{path: mine.csv}")
    assert path.read_text() == "# mine\n"
    assert capsys.readouterr().out == ""


def test_local_source_is_linked_and_linked_anew(run, tmp_path):
    place = Path("data/watched/mine")
    run("{path: mine.csv}")
    assert place.is_symlink() and place.samefile("mine.csv")
    assert not place.readlink().is_absolute()  # a moved project still finds it
    first = place.lstat()
    run("{path: mine.csv}")
    assert place.lstat() == first  # left alone
    Path("own").mkdir()
    shutil.move("mine.csv", "own/mine.csv")
    run("{path: own/mine.csv}")
    assert place.samefile("own/mine.csv")
    run(f"{{path: {tmp_path / 'own' / 'mine.csv'}}}")
    assert place.readlink() == tmp_path / "own" / "mine.csv"
    run("{path: own}")
    assert place.is_dir() and place.is_symlink()


@pytest.mark.parametrize("other", [PACKAGE, "{url: 'https://example.org/a.csv'}"])
def test_source_that_is_not_local_has_a_note(run, other):
    place = Path("data/watched/mine")
    run(other)
    assert (place.is_symlink(), place.read_text()) == (False, NOTE)
    run("{path: mine.csv}")
    assert place.is_symlink()
    run(other)
    assert (place.is_symlink(), place.read_text()) == (False, NOTE)
    assert Path("mine.csv").exists()  # the link went, not what it showed
    before = place.stat()
    run(other)
    assert place.stat().st_mtime_ns == before.st_mtime_ns


def test_dead_link_is_replaced(run):
    run("{path: mine.csv}")
    Path("mine.csv").unlink()
    run(PACKAGE)
    assert Path("data/watched/mine").read_text() == NOTE


def test_missing_local_file_is_named_and_nothing_written(run):
    with pytest.raises(BadParameters) as caught:
        run("{path: nowhere.csv}")
    assert str(caught.value) == "params.yaml: datasets.mine.source.path: no file or folder 'nowhere.csv'"
    assert caught.value.exit_code == 2
    assert not Path("data").exists()


def test_same_bytes_each_time(run):
    run("{path: mine.csv}")
    first = Path("data/params.ok").read_bytes()
    run(PACKAGE)
    assert Path("data/params.ok").read_bytes() == first
    assert os.listdir("data") and not list(Path("data").rglob("*.partial"))


def test_every_task_has_a_starter():
    assert {path.parent.name for path in Path(module.__file__).parent.glob("*/expectations.yaml")} == set(TASKS)


def test_what_was_written_longest_ago_goes_until_the_rest_fits(tmp_path):
    for age, name in enumerate(["new", "below/middle", "old", "oldest"]):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"12345")
        os.utime(path, (1000 - age, 1000 - age))
    prune(tmp_path, 12)
    left = [path.relative_to(tmp_path).as_posix() for path in sorted(tmp_path.rglob("*")) if path.is_file()]
    assert left == ["below/middle", "new"]
    prune(tmp_path / "missing", 0)


def test_a_file_that_another_run_removed_is_passed_over(tmp_path, monkeypatch):
    (tmp_path / "here").write_bytes(b"12345")
    gone = tmp_path / "gone"
    monkeypatch.setattr(Path, "rglob", lambda folder, pattern: iter([gone, tmp_path / "here"]))
    prune(tmp_path, 0)
    assert not (tmp_path / "here").exists()
