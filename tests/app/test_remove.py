"""`recur add --remove`: all that belongs to a dataset goes, all else and the source stay."""

from pathlib import Path

import pytest

from stages.app.add import add
from stages.app.remove import remove_dataset
from stages.config.dataset import Dataset
from stages.config.paths import Paths
from stages.runtime.errors import ConfigError
from tests.app.small import PROJECT

LOCK = """\
schema: '2.0'
stages:
  fetch@mine:
    cmd: python -m stages.fetch mine
    deps:
    - path: data/watched/mine
      md5: 0
  fetch@mine_too:
    cmd: python -m stages.fetch mine_too
  train@mine-lstm:
    cmd: python -m stages.train mine lstm
    outs:
    - path: models/mine/lstm
  train@mine_too-mine:
    cmd: python -m stages.train mine_too mine
"""
LEFT = """\
schema: '2.0'
stages:
  fetch@mine_too:
    cmd: python -m stages.fetch mine_too
  train@mine_too-mine:
    cmd: python -m stages.train mine_too mine
"""


def files(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file() or path.is_symlink()}


def touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}")


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """A project with the shipped parameters, of which `check` has written what it does, and some data."""
    (tmp_path / "params.yaml").write_bytes((PROJECT / "params.yaml").read_bytes())
    rows = [f"a text of some words {n},{'ab'[n % 2]}" for n in range(200)]
    (tmp_path / "mine.csv").write_text("\n".join(["text,label", *rows]))
    add(Paths(tmp_path), str(tmp_path / "mine.csv"))
    return Paths(tmp_path)


def test_all_of_a_dataset_goes_and_all_else_stays(paths, capsys):
    before = files(paths.root)
    others = {path for path in before if "mine" not in path} | {"mine.csv"}
    for name in ("mine", "mine_too"):
        dataset = Dataset(paths, "classification", name)
        made = [dataset.table, dataset.raw / "mine.csv", dataset.vectors / "x", dataset.predictions("mine")]
        made += [dataset.model("mine") / "model.json", dataset.plot("lengths"), dataset.plot("curves", "mine")]
        made += [dataset.report(kind) for kind in ("split", "prepare", "audit", "compare", "validation")]
        made += [dataset.report(kind, "mine") for kind in ("evaluation", "metrics", "timings/train", "examples")]
        for path in (*made, dataset.report("validation").with_suffix(".html")):
            touch(path)
    others |= {path for path in files(paths.root) if "mine_too" in path}
    lock = paths.root / "stages/classification/dvc.lock"
    touch(lock)
    lock.write_text(LOCK)
    capsys.readouterr()
    remove_dataset(paths, "mine")
    assert files(paths.root) == others | {"stages/classification/dvc.lock"}
    assert lock.read_text() == LEFT
    assert paths.params.read_bytes() == (PROJECT / "params.yaml").read_bytes()
    out = capsys.readouterr().out
    assert "classification.datasets.mine, the entry" in out and f"{lock}: 2 stage(s)" in out
    assert str(paths.models / "mine") in out and "mine_too" not in out


def test_a_lock_with_no_other_stage_goes(paths):
    lock = paths.root / "stages/classification/dvc.lock"
    touch(lock)
    lock.write_text("schema: '2.0'\nstages:\n  fetch@mine:\n    cmd: x\n")
    remove_dataset(paths, "mine")
    assert not lock.exists()


def test_an_unknown_name(paths):
    before = files(paths.root)
    with pytest.raises(ConfigError, match="has no dataset 'min': did you mean 'mine'"):
        remove_dataset(paths, "min")
    assert files(paths.root) == before
