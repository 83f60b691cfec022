"""Speech of a user's own: its entry, and what a trained model says that further recordings say."""

import json

import numpy as np
import pytest
from ruamel.yaml import YAML

from stages.app.add import add
from stages.app.common import NestedFormat
from stages.app.transcribe import transcribe
from stages.config.paths import Paths
from stages.runtime.errors import UserError
from stages.train import train
from tests.app.small import PROJECT, json_objects
from tests.tasks.speech.small import make_dataset, sounds, tiny_model, write_npz
from tests.tasks.speech.test_stages import make_recordings

pytestmark = pytest.mark.xdist_group("keras")


@pytest.fixture
def paths(tmp_path) -> Paths:
    """A project whose params.yaml is the shipped one."""
    (tmp_path / "params.yaml").write_bytes((PROJECT / "params.yaml").read_bytes())
    return Paths(tmp_path)


def test_recordings_beside_a_table_of_what_they_say_are_added(paths, tmp_path, capsys):
    table = make_recordings(tmp_path / "mine").rename(columns={"text": "sentence"})
    table.to_csv(tmp_path / "mine" / "said.tsv", sep="\t", index=False)
    add(paths, str(tmp_path / "mine"))
    entry = YAML(typ="safe").load(paths.params)["speech"]["datasets"]["mine"]
    assert entry == {
        "source": {"path": "mine", "subfolders": True},
        "reading": {"label": "sentence", "speaker": "speaker"},
        "window": {"maximum_length": 40, "frames_per_vector": 2},
    }
    assert "10 voices: none of them is in two parts" in capsys.readouterr().out


def test_a_table_without_header_is_understood_by_the_files_that_it_names(paths, tmp_path):
    table = make_recordings(tmp_path / "mine")
    lines = [f"{path.removesuffix('.wav')}|{text}" for path, text in zip(table["path"], table["text"], strict=True)]
    (tmp_path / "mine" / "metadata.csv").write_text("\n".join(lines) + "\n")
    add(paths, str(tmp_path / "mine"))
    reading = YAML(typ="safe").load(paths.params)["speech"]["datasets"]["mine"]["reading"]
    names = ["column_1", "column_2"]
    assert reading == {"delimiter": "|", "columns": names, "recording": "column_1", "label": "column_2"}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    parameters = {name: tiny_model(name, iterations=4, learning_rate=0.02) for name in ("hmm", "ctc")}
    models = {name: of_model.model_dump(exclude={"shared"}) for name, of_model in parameters.items()}
    training = {"min_steps": 150, "batch_tokens": 512, "buckets": 1}
    dataset = make_dataset(tmp_path_factory.mktemp("project"), training=training, models=models)
    for model in models:
        train(dataset, model)
    return dataset


@pytest.mark.parametrize("model", ["hmm", "ctc"])
def test_files_are_transcribed(trained, model, tmp_path, capsys):
    values, words = sounds(3, 9)
    lengths = [len(each) for each in values]
    np.savez(tmp_path / "new.npz", X=np.concatenate(values), y=words, lengths=lengths)
    transcribe(trained.paths, "mine", model, [str(tmp_path / "new.npz")])
    rows = json_objects(capsys.readouterr().out)
    assert [row["file"] for row in rows] == [f"{tmp_path}/new.npz:{number}" for number in (1, 2, 3)]
    assert [row["outputs"][0]["text"] for row in rows] == words


def test_alignments_and_several_outputs_in_a_table(trained, tmp_path, capsys):
    write_npz(tmp_path / "new.npz", 2, 9)
    options = {"best": 2, "alignments": True, "output_format": NestedFormat.TABLE}
    transcribe(trained.paths, "mine", "ctc", [str(tmp_path / "new.npz")], **options)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 6 and "←" in lines[2]


def test_what_is_refused(trained, tmp_path):
    np.savez(tmp_path / "other.npz", X=np.zeros((4, 9, 3)), y=[*"abab"])
    with pytest.raises(UserError, match="has 3 channels, but the model reads 2"):
        transcribe(trained.paths, "mine", "ctc", [str(tmp_path / "other.npz")])
    with pytest.raises(UserError, match="there is no file"):
        transcribe(trained.paths, "mine", "ctc", ["nowhere.wav"])
    write_npz(tmp_path / "new.npz", 2, 9)
    with pytest.raises(UserError, match="hmm has no attention to show"):
        transcribe(trained.paths, "mine", "hmm", [str(tmp_path / "new.npz")], alignments=True)


def test_long_recordings_are_named(trained, tmp_path, capsys):
    np.savez(tmp_path / "long.npz", X=np.zeros((1, 90, 2)), y=["falls"])
    transcribe(trained.paths, "mine", "ctc", [str(tmp_path / "long.npz")])
    captured = capsys.readouterr()
    assert "1 recording(s) of more than 60 frames" in captured.err and json.loads(captured.out)
