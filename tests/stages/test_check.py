"""`check`: params.yaml is well-formed, an entry gets the files that it needs, and stages their parameters."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from stages import check as module
from stages.check import check, prune
from stages.config.loader import load
from stages.config.paths import Paths
from stages.config.sources import DatasetConfig
from stages.runtime.errors import ConfigError
from tests.toy_task import FOLDER, Section

PROJECT = Path(__file__).parents[2]
STARTER = FOLDER / "tasks/toy/expectations.yaml"
PARAMS = "toy:\n  datasets: {mine: {source: SOURCE}}\n  models: {mean: {}}\n"
PACKAGE = "{package: a==1, sha256: HASH, files: [{path: a.csv, sha256: HASH}]}".replace("HASH", "a" * 64)
URL = "{url: 'https://example.org/a.csv'}"
NOTE = "The source is not a local file: there is nothing to watch.\n"

Run = Callable[[str], None]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the toy task alone and one local file."""
    monkeypatch.setenv("RECUR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(module, "FOLDER", FOLDER / "tasks")
    monkeypatch.setattr(module, "load_params", lambda paths: load(paths.params, {"toy": Section}))
    project = tmp_path / "project"
    project.mkdir()
    (project / "mine.csv").write_text("1 2 3\n")
    return project


@pytest.fixture
def run(root: Path) -> Run:
    """A function that runs check, the dataset `mine` having a given source."""

    def call(source: str) -> None:
        (root / "params.yaml").write_text(PARAMS.replace("SOURCE", source))
        check(Paths(root))

    return call


def test_starter_is_copied_once_and_never_overwritten(run, root, capsys):
    path = root / "data/expectations/mine.yaml"
    run("{path: mine.csv}")
    assert path.read_bytes() == STARTER.read_bytes()
    assert capsys.readouterr().out == f"wrote {path}: what the data must satisfy; edit it to say more\n"
    path.write_text("# mine\n")
    run("{path: mine.csv}")
    assert path.read_text() == "# mine\n"
    assert capsys.readouterr().out == ""


def test_local_source_is_linked_and_linked_anew(run, root):
    place = root / "data/watched/mine"
    run("{path: mine.csv}")
    assert place.is_symlink() and place.samefile(root / "mine.csv")
    assert not place.readlink().is_absolute()  # a moved project still finds it
    first = place.lstat()
    run("{path: mine.csv}")
    assert place.lstat() == first  # left alone
    (root / "own").mkdir()
    shutil.move(root / "mine.csv", root / "own/mine.csv")
    run("{path: own/mine.csv}")
    assert place.samefile(root / "own/mine.csv")
    run(f"{{path: {root / 'own/mine.csv'}}}")
    assert place.readlink() == root / "own/mine.csv"
    run("{path: own}")
    assert place.is_dir() and place.is_symlink()


def test_local_vectors_are_linked_too(run, root, monkeypatch):
    monkeypatch.setattr(DatasetConfig, "uses_vectors", True)
    run("{path: mine.csv, vectors: {path: mine.csv}}")
    assert (root / "data/watched/mine.vectors").samefile(root / "mine.csv")
    run("{path: mine.csv}")
    assert (root / "data/watched/mine.vectors").read_text() == NOTE
    with pytest.raises(
        ConfigError, match=r"toy\.datasets\.mine\.source\.vectors\.path: no file or folder 'glove\.txt'"
    ):
        run("{path: mine.csv, vectors: {path: glove.txt}}")


@pytest.mark.parametrize("other", [PACKAGE, URL])
def test_source_that_is_not_local_has_a_note(run, root, other):
    place = root / "data/watched/mine"
    run(other)
    assert (place.is_symlink(), place.read_text()) == (False, NOTE)
    run("{path: mine.csv}")
    assert place.is_symlink()
    run(other)
    assert (place.is_symlink(), place.read_text()) == (False, NOTE)
    assert (root / "mine.csv").exists()  # the link went, not what it showed
    before = place.stat()
    run(other)
    assert place.stat().st_mtime_ns == before.st_mtime_ns


def test_dead_link_is_replaced(run, root):
    run("{path: mine.csv}")
    (root / "mine.csv").unlink()
    run(PACKAGE)
    assert (root / "data/watched/mine").read_text() == NOTE


def test_missing_local_file_is_named_and_nothing_written(run, root):
    with pytest.raises(ConfigError) as caught:
        run("{path: nowhere.csv}")
    assert str(caught.value) == (
        f"{root / 'params.yaml'}: toy.datasets.mine.source.path: no file or folder 'nowhere.csv'"
    )
    assert caught.value.exit_code == 2
    assert not (root / "data").exists()


def test_stages_get_their_parameters_and_the_same_bytes_each_time(run, root):
    run("{path: mine.csv}")
    files = {path: path.read_bytes() for path in (root / "data/params").rglob("*.json")}
    assert root / "data/params/toy/datasets/mine/window.json" in files
    run("{path: mine.csv}")
    assert {path: path.read_bytes() for path in (root / "data/params").rglob("*.json")} == files
    assert not list((root / "data").rglob("*.partial"))


def test_compiled_code_is_pruned(run, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "COMPILED", 5)
    for name in ("one", "two"):
        (tmp_path / "cache/compiled").mkdir(parents=True, exist_ok=True)
        (tmp_path / "cache/compiled" / name).write_bytes(b"12345")
    run("{path: mine.csv}")
    assert len(list((tmp_path / "cache/compiled").iterdir())) == 1


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


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("seeds: [1, 1]\n", "params.yaml has 1 error\nparams.yaml:1: seeds: given twice: 1 (found [1, 1])\n"),
        ("datasets: {mine: {task: classification}}\n", "params.yaml is of the old style"),
    ],
)
def test_the_command_exits_with_2_and_no_traceback(tmp_path, content, message):
    shutil.copytree(PROJECT / "stages", tmp_path / "stages", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "params.yaml").write_text(content)
    command = [sys.executable, "-m", "stages.check"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {message}") and "Traceback" not in done.stderr
    assert done.stdout == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["params.yaml", "stages"]
