"""Pictures of a user's own: their entry, and what a trained model says that further pictures show."""

import numpy as np
import pytest
from PIL import Image
from ruamel.yaml import YAML

from stages.app.add import add
from stages.app.common import NestedFormat
from stages.app.describe import describe
from stages.config.paths import Paths
from stages.runtime.errors import UserError
from stages.tasks.guess import SHORT, option
from stages.train import train
from tests.app.small import PROJECT, json_objects
from tests.tasks.captioning.small import SIDE, draw, make_dataset, tiny_model
from tests.tasks.captioning.test_stages import make_pictures

pytestmark = pytest.mark.xdist_group("keras")


@pytest.fixture
def paths(tmp_path) -> Paths:
    """A project whose params.yaml is the shipped one."""
    (tmp_path / "params.yaml").write_bytes((PROJECT / "params.yaml").read_bytes())
    return Paths(tmp_path)


def entry_of(paths) -> dict:
    return YAML(typ="safe").load(paths.params)["captioning"]["datasets"]["mine"]


def test_pictures_beside_a_table_are_added(paths, tmp_path, capsys):
    table = make_pictures(tmp_path / "mine", colour=True).rename(columns={"caption": "sentence"})
    table.to_csv(tmp_path / "mine" / "said.csv", sep=";", index=False)
    add(paths, str(tmp_path / "mine"))
    assert entry_of(paths) == {
        "source": {"path": "mine", "subfolders": True},
        "reading": {"delimiter": ";", "label": "sentence", "group": "group", "colour": True},
        "tokenizer": {"maximum_length": 8},
    }
    assert "10 of them: none is in two parts" in capsys.readouterr().out


def test_pictures_in_folders_are_added_and_long_ones_are_read_long(paths, tmp_path):
    rng = np.random.default_rng(0)
    for shape in ("bar", "ring"):
        (tmp_path / "mine" / shape).mkdir(parents=True)
        for number in range(20):
            wide = np.concatenate([draw(shape, rng), np.zeros((SIDE, 3 * SIDE), np.uint8)], axis=1)
            Image.fromarray(wide).save(tmp_path / "mine" / shape / f"{number}.png")
    add(paths, str(tmp_path / "mine"))
    assert entry_of(paths) == {
        "source": {"path": "mine", "subfolders": True},
        "window": {"height": 32, "width": 128},
    }


def test_a_picture_beside_other_data_changes_nothing(paths, tmp_path):
    (tmp_path / "mine" / "plots").mkdir(parents=True)
    rows = [f"a {word} film of the year {number},{word}" for number in range(60) for word in ("good", "bad")]
    (tmp_path / "mine" / "reviews.csv").write_text("review,sentiment\n" + "\n".join(rows) + "\n")
    Image.fromarray(draw("bar", np.random.default_rng(0))).save(tmp_path / "mine" / "plots" / "logo.png")
    add(paths, str(tmp_path / "mine"))
    assert "mine" in YAML(typ="safe").load(paths.params)["classification"]["datasets"]


def test_a_text_file_that_is_a_table_of_pictures_is_one(paths, tmp_path):
    table = make_pictures(tmp_path / "mine" / "Images")
    rows = [
        f"{path},{text} number {place}"
        for path, text in zip(table["path"], table["caption"], strict=True)
        for place in (1, 2)
    ]
    (tmp_path / "mine" / "captions.txt").write_text("image,caption\n" + "\n".join(rows) + "\n")
    (tmp_path / "mine" / "Images" / ".thumbs").mkdir()
    Image.fromarray(draw("bar", np.random.default_rng(0))).save(tmp_path / "mine" / "Images" / ".thumbs" / "0.png")
    add(paths, str(tmp_path / "mine"))
    assert entry_of(paths)["reading"] == {"format": "csv", "quotes": False, "picture": "image"}


def test_pictures_that_were_taken_lying_are_read_upright(paths, tmp_path):
    rng = np.random.default_rng(0)
    for shape in ("bar", "ring"):
        (tmp_path / "mine" / shape).mkdir(parents=True)
        for number in range(20):
            wide = Image.fromarray(np.concatenate([draw(shape, rng), np.zeros((SIDE, SIDE), np.uint8)], axis=1))
            exif = Image.Exif()
            exif[0x112] = 6
            wide.save(tmp_path / "mine" / shape / f"{number}.jpg", exif=exif)
    add(paths, str(tmp_path / "mine"))
    assert entry_of(paths)["window"] == {"height": 92, "width": 44}


def test_every_short_option_of_a_question_is_there():
    from typer.testing import CliRunner

    from stages.app.program import program

    told = CliRunner().invoke(program, ["add", "--help"], env={"COLUMNS": "300"}).output
    assert all(f"{option(key)} " in told for key in SHORT)
    assert option("reading.picture") == "-S reading.picture=…"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    models = {name: tiny_model(name).model_dump(exclude={"shared"}) for name in ("components", "bahdanau")}
    dataset = make_dataset(tmp_path_factory.mktemp("project"), models=models)
    for model in models:
        train(dataset, model)
    return dataset


@pytest.fixture
def files(tmp_path) -> list[str]:
    """Two scenes of one shape each."""
    names = []
    for number, shape in enumerate(("cross", "ring")):
        scene = np.zeros((20, 20), np.uint8)
        scene[1 : 1 + SIDE, 11 : 11 + SIDE] = draw(shape, np.random.default_rng(number))
        names.append(str(tmp_path / f"{shape}.png"))
        Image.fromarray(scene).save(names[-1])
    return names


def test_pictures_are_described(trained, files, capsys):
    describe(trained.paths, "mine", "components", files)
    rows = json_objects(capsys.readouterr().out)
    assert [row["file"] for row in rows] == files
    assert [row["outputs"][0]["text"] for row in rows] == ["large cross top right", "large ring top right"]


def test_where_a_model_looked_stands_in_a_table(trained, files, capsys):
    describe(trained.paths, "mine", "bahdanau", files, best=2, alignments=True, output_format=NestedFormat.TABLE)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 6 and "←" in lines[2]


def test_all_that_are_no_pictures_are_named(trained, files, tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(UserError, match=r"text\.png is no picture.*\nthere is no file 'nowhere\.png'"):
        describe(trained.paths, "mine", "components", [*files, str(tmp_path / "text.png"), "nowhere.png"])
    with pytest.raises(UserError, match="components has no attention to show"):
        describe(trained.paths, "mine", "components", files, alignments=True)
