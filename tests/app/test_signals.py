"""Signals of a user's own: their entry, and labels for further files."""

import json

import numpy as np
import pytest
import soundfile
from ruamel.yaml import YAML

from stages.app.add import add
from stages.app.common import TextSource
from stages.app.predict import predict
from stages.config.paths import Paths
from stages.runtime.errors import UserError
from stages.train import train
from tests.app.small import PROJECT, json_objects
from tests.tasks.signals.small import make_dataset, signals, write_npz

pytestmark = pytest.mark.xdist_group("keras")


@pytest.fixture
def paths(tmp_path) -> Paths:
    """A project whose params.yaml is the shipped one."""
    (tmp_path / "params.yaml").write_bytes((PROJECT / "params.yaml").read_bytes())
    return Paths(tmp_path)


def entry(paths: Paths, name: str) -> dict:
    return YAML(typ="safe").load(paths.params)["signals"]["datasets"][name]


def test_arrays_are_added(paths, tmp_path, capsys):
    write_npz(tmp_path / "moves.npz", 120, 0)
    add(paths, str(tmp_path / "moves.npz"))
    assert entry(paths, "moves") == {
        "source": {"path": "moves.npz"},
        "split": {"validation": 0.2, "test": 0.2},
        "window": {"scaler": "standard", "maximum_length": 30},
    }
    output = capsys.readouterr().out
    assert "3 labels" in output and "2 channel(s)" in output and "train 7" in output


def test_recordings_in_folders_are_added(paths, tmp_path, capsys):
    rng = np.random.default_rng(0)
    for label, pitch in (("high", 2000), ("low", 300)):
        folder = tmp_path / "calls" / label
        folder.mkdir(parents=True)
        for number in range(12):
            tone = np.sin(2 * np.pi * pitch * np.arange(32_000) / 8000) + 0.1 * rng.normal(size=32_000)
            soundfile.write(folder / f"{number}.wav", 0.5 * tone, 8000)
    add(paths, str(tmp_path / "calls"))
    content = entry(paths, "calls")
    assert content["source"] == {"path": "calls", "subfolders": True}
    assert content["window"] == {"scaler": "standard", "steps_per_frame": 2, "maximum_length": 199}
    assert "high 12, low 12" in capsys.readouterr().out


def test_what_lies_beside_recordings_does_not_hide_them(paths, tmp_path, capsys):
    rng = np.random.default_rng(0)
    for label in ("cat", "dog"):
        (tmp_path / "calls" / label).mkdir(parents=True)
        for number in range(12):
            noise = rng.normal(size=4000).cumsum() if label == "cat" else rng.normal(size=4000)
            soundfile.write(tmp_path / f"calls/{label}/{number}.flac", 0.1 * noise / np.abs(noise).max(), 8000)
    (tmp_path / "calls/README.md").write_text("Calls of cats and dogs. " * 50)
    (tmp_path / "calls/cat/notes.txt").write_text("recorded at night")
    add(paths, str(tmp_path / "calls"))
    assert entry(paths, "calls")["source"] == {"path": "calls", "subfolders": True}


def test_arrays_of_other_names_are_added(paths, tmp_path):
    values, labels = signals(60, 0)
    lengths = [len(each) for each in values]
    np.savez(tmp_path / "moves.npz", data=np.concatenate(values), target=labels, lengths=lengths)
    add(paths, str(tmp_path / "moves.npz"), given={"reading.arrays.values": "data", "reading.arrays.labels": "target"})
    assert entry(paths, "moves")["reading"] == {"arrays": {"values": "data", "labels": "target"}}


def test_official_parts_in_folders_are_added(paths, tmp_path, capsys):
    for seed, part in enumerate(("train", "test")):
        (tmp_path / "moves" / part).mkdir(parents=True)
        write_npz(tmp_path / "moves" / part / "data.npz", 80, seed)
    add(paths, str(tmp_path / "moves"))
    assert entry(paths, "moves")["split"] == {"validation": 0.2}
    assert "test 80" in capsys.readouterr().out


def test_recordings_without_a_label_are_refused(paths, tmp_path):
    for number in range(3):
        soundfile.write(tmp_path / f"{number}_anna.wav", np.zeros(8000), 8000)
    with pytest.raises(UserError, match=r"lies in no folder that would be its label: set source.subfolders"):
        add(paths, str(tmp_path / "0_anna.wav"))


def test_a_long_table_whose_column_of_signals_is_named(paths, tmp_path):
    values, labels = signals(60, 3)
    rows = [
        f"{number},{step},{x},{y},{label}"
        for number, (each, label) in enumerate(zip(values, labels, strict=True))
        for step, (x, y) in enumerate(each)
    ]
    (tmp_path / "long.csv").write_text("\n".join(["run,step,x,y,kind", *rows]) + "\n")
    given = {"reading.signal": "run", "reading.time": "step", "reading.label": "kind"}
    add(paths, str(tmp_path / "long.csv"), given=given)
    assert entry(paths, "long")["reading"] == {"signal": "run", "time": "step", "label": "kind"}


# --- Labels for further files ---


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    dataset = make_dataset(tmp_path_factory.mktemp("project"))
    train(dataset, "summary_logreg")
    train(dataset, "attention")
    return dataset


def test_signals_of_files_are_labelled(dataset, tmp_path, capsys):
    values, labels = signals(20, 7)
    np.savez(tmp_path / "new.npz", X=np.concatenate(values), lengths=[len(each) for each in values])  # no labels
    predict(dataset.paths, "mine", "summary_logreg", TextSource([str(tmp_path / "new.npz")]))
    head, *rows = capsys.readouterr().out.splitlines()
    assert head == "signal,label,probability.falls,probability.rises,probability.swings"
    cells = [row.split(",") for row in rows]
    assert [row[0] for row in cells] == [f"{tmp_path}/new.npz:{number}" for number in range(1, 21)]
    assert np.mean([row[1] == label for row, label in zip(cells, labels, strict=True)]) > 0.9


def test_the_weights_of_frames(dataset, tmp_path, capsys):
    values, _ = signals(1, 8)
    np.savez(tmp_path / "one.npz", X=values[0][None])
    predict(dataset.paths, "mine", "attention", TextSource([str(tmp_path / "one.npz")]), attention=True)
    (row,) = json_objects(capsys.readouterr().out)
    assert row["signal"] == str(tmp_path / "one.npz")
    assert sum(row["attention"]) == pytest.approx(1, abs=1e-4)
    with pytest.raises(UserError, match="has no attention to show"):
        predict(dataset.paths, "mine", "summary_logreg", TextSource([str(tmp_path / "one.npz")]), attention=True)


@pytest.mark.parametrize(
    ("values", "message"),
    [(np.zeros((1, 5, 3)), "signal 1 has 3 channels, but the model reads 2"), (np.full((1, 5, 2), np.nan), "missing")],
)
def test_signals_that_the_model_does_not_read(dataset, tmp_path, values, message):
    np.savez(tmp_path / "one.npz", X=values)
    with pytest.raises(UserError, match=message):
        predict(dataset.paths, "mine", "summary_logreg", TextSource([str(tmp_path / "one.npz")]))
    with pytest.raises(UserError, match=r"there is no file .gone\.npz."):
        predict(dataset.paths, "mine", "summary_logreg", TextSource(["gone.npz"]))


def test_a_model_knows_how_its_files_are_read(dataset):
    metadata = json.loads((dataset.model("attention") / "model.json").read_text())
    assert metadata["reading"]["arrays"] == {"values": "X", "labels": "y", "lengths": "lengths"}
