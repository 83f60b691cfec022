"""Pictures to parts, scenes and arrays; what networks and baselines make of them; a user's own."""

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from stages.data.pictures.picture import read_picture
from stages.evaluate import evaluate
from stages.models.seq2seq.components import too_free
from stages.runtime.errors import UserError
from stages.tasks.captioning.config import Section
from stages.tasks.captioning.evaluation import overlapped
from stages.tasks.captioning.modeling.pictures import PreparedPictures
from stages.tasks.captioning.task import TASK
from stages.train import train
from tests.tasks.captioning.small import draw, make_dataset, prepare, tiny_model, write_params, write_pixels

ALONE = {
    "reading": {},
    "split": {"validation": 0.2, "test": 0.2},
    "window": {"height": 12, "width": 8, "filters": [4]},
}


def parts_of(dataset) -> dict[str, pd.DataFrame]:
    return {name: pd.read_parquet(dataset.part(name)) for name in ("train", "validation", "test")}


def test_scenes_are_made_of_the_pictures_of_one_part(tmp_path):
    dataset = make_dataset(tmp_path)
    parts, table = parts_of(dataset), pd.read_parquet(dataset.table).set_index("id")
    members = {name: part["members"].explode() for name, part in parts.items()}
    assert sum(of_part.nunique() for of_part in members.values()) == len(table)
    assert (members["train"].value_counts() == 2).all() and members["test"].is_unique
    for part in parts.values():
        for row in part.itertuples():
            words = row.targets[0].split()
            assert [words[place * 5 + 1] for place in range(len(row.members))] == table.loc[
                row.members, "target"
            ].tolist()
            owned = [words[place] for place, owner in enumerate(row.owners) if owner == -1]
            assert owned == ["and"] * (len(row.members) - 1)
            assert len(row.boxes) == 4 * len(row.members)
    clutter = {name: set(part["clutter"].explode()) for name, part in parts.items()}
    assert clutter["train"] <= set(members["train"]) and clutter["test"] <= set(members["test"])


def test_another_seed_composes_other_scenes_of_the_same_pictures(tmp_path):
    compose = {"side": 20, "most": 2, "fragment": 2}
    one, other = (
        make_dataset(tmp_path / str(seed), entry={"split": {"test": 0.2, "compose": compose | {"seed": seed}}})
        for seed in (1, 2)
    )
    ours, theirs = parts_of(one)["test"], parts_of(other)["test"]
    assert set(ours["members"].explode()) == set(theirs["members"].explode())
    assert ours["pixels"].tolist() != theirs["pixels"].tolist()


def test_scenes_need_small_grey_pictures(tmp_path):
    with pytest.raises(UserError, match=r"pictures of 8 x 8 pixels do not fit.*split\.compose\.side 12"):
        make_dataset(tmp_path, entry={"split": {"compose": {"side": 12, "fragment": 2}}})


@pytest.mark.xdist_group("keras")
@pytest.mark.parametrize("model", ["components", "nearest_neighbour", "bahdanau"])
def test_scenes_are_described(tmp_path, model):
    compose = {"side": 20, "most": 2, "clutter": 1, "fragment": 2, "repeats": 10}
    dataset = make_dataset(
        tmp_path,
        entry={"split": {"validation": 0.2, "test": 0.25, "compose": compose}},
        training={
            "min_steps": 500,
            "batch_tokens": 640,
            "buckets": 1,
            "label_smoothing": 0,
            "curriculum": [{"shortest": 0.5, "passes": 3}],
        },
        models={model: tiny_model(model, units=32, embedding=16, epochs=10).model_dump(exclude={"shared"})},
    )
    train(dataset, model)
    evaluate(dataset, model)
    report = json.loads(dataset.report("evaluation", model).read_text())
    most = {"components": 0.1, "bahdanau": 0.45, "nearest_neighbour": 0.6}
    assert report["metrics"]["mean"]["token_error_rate"] < most[model]
    if model == "bahdanau":
        assert report["looks"]["words"] > 50 and report["looks"]["chance"] < report["looks"]["inside"] <= 1
    else:
        assert report["looks"] is None
    (example, *_) = json.loads(dataset.report("examples", model).read_text())["written"]
    assert np.shape(example["pixels"]) == (20, 20, 1)
    if example["alignment"]:
        assert np.shape(example["alignment"]["weights"])[1] == 25 == np.prod(example["places"])


def test_places_in_a_box_are_those_that_it_overlaps():
    inside = overlapped(np.array([0, 8, 9, 16]), (16, 32, 1), (2, 4)).reshape(2, 4)
    assert inside.tolist() == [[False] * 4, [True, True, False, False]]


# --- A user's own ---


def make_pictures(folder, count=30, colour=False) -> pd.DataFrame:
    """Write pictures into a folder of folders, and return a table of what they show."""
    rng, rows = np.random.default_rng(0), []
    for number in range(count):
        shape = ("bar", "ring")[number % 2]
        path = folder / "photos" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        grey = Image.fromarray(draw(shape, rng))
        (grey.convert("RGB") if colour else grey).save(path)
        rows.append({"path": f"{number}.png", "caption": f"a {shape}", "group": f"site {number % 10}"})
    return pd.DataFrame(rows)


def test_pictures_with_a_table_of_what_they_show(tmp_path):
    dataset = write_params(tmp_path, ALONE | {"reading": {"group": "group"}})
    table = make_pictures(dataset.raw)
    again = table[:10].assign(caption=[f"{text} again" for text in table["caption"][:10]])
    pd.concat([table, again]).to_csv(dataset.raw / "captions.csv", index=False)
    prepare(dataset)
    parts = parts_of(dataset)
    groups = pd.read_parquet(dataset.table).set_index("id")["group"]
    held = [set(groups[part["id"]]) for part in parts.values()]
    assert sum(map(len, held)) == len(set.union(*held)) == 10
    described = {row.id: list(row.targets) for part in parts.values() for row in part.itertuples()}
    assert described["photos/0.png"] == ["a bar", "a bar again"] and described["photos/29.png"] == ["a ring"]
    data = PreparedPictures(dataset.prepared / "pictures")
    pairs = sum(map(len, parts["train"]["targets"]))
    assert len(data.side("train", "source").lengths) == len(data.side("train", "target").lengths) == pairs
    assert data.side("train", "source").row(0).shape == (12, 8, 1)
    assert not any(TASK.audit(dataset).values())


def test_folders_say_what_their_pictures_show_and_may_be_parts(tmp_path):
    dataset = write_params(tmp_path, ALONE | {"reading": {"colour": True}})
    rng = np.random.default_rng(0)
    for part in ("train", "dev", "test"):
        for shape in ("bar", "ring"):
            folder = dataset.raw / part / shape
            folder.mkdir(parents=True)
            for number in range(6):
                Image.fromarray(draw(shape, rng)).save(folder / f"{number}.jpg")
    (dataset.raw / "README.md").write_text("hello")
    read = TASK.read(dataset)
    assert pd.Series(read.rows["part"].to_pylist()).value_counts().to_dict() == {
        "train": 12,
        "validation": 12,
        "test": 12,
    }
    assert set(read.rows["target"].to_pylist()) == {"bar", "ring"} and set(read.rows["channels"].to_pylist()) == {3}
    assert any("README.md" in remark for remark in read.remarks)


def test_official_parts_may_be_train_and_test_alone(tmp_path):
    dataset = write_params(tmp_path, ALONE)
    table = make_pictures(dataset.raw, 40)
    table[:30].to_csv(dataset.raw / "train.csv", index=False)
    table[30:].to_csv(dataset.raw / "test.csv", index=False)
    prepare(dataset)
    assert len(parts_of(dataset)["test"]) == 10 and len(parts_of(dataset)["validation"]) > 0
    assert not any(TASK.audit(dataset).values())


@pytest.mark.parametrize(("column", "fault"), [("part", "another official part"), ("group", "another group")])
def test_a_picture_in_two_parts_or_groups_is_refused(tmp_path, column, fault):
    dataset = write_params(tmp_path, ALONE | {"reading": {"group": "group"}})
    table = make_pictures(dataset.raw)
    other = table[:2] if column == "part" else table[:2].assign(group="elsewhere")
    table.to_csv(dataset.raw / "train.csv", index=False)
    other.to_csv(dataset.raw / "test.csv", index=False)
    if column == "group":
        (dataset.raw / "test.csv").unlink()
        pd.concat([table, other]).to_csv(dataset.raw / "train.csv", index=False)
    with pytest.raises(UserError, match=rf"row [13]1?: 0\.png; .* {fault}"):
        TASK.read(dataset)


def test_deep_pictures_have_the_shades_of_as_many_bits_as_they_need(tmp_path):
    for highest, bits in ((255, 8), (4095, 12), (65535, 16)):
        values = np.linspace(0, highest, 100).reshape(10, 10).astype(np.uint16)
        Image.fromarray(values).save(tmp_path / f"{bits}.png")
        picture, size = read_picture(tmp_path / f"{bits}.png", 1, 64)
        assert (picture.min(), picture.max()) == (0, 255) and size == (10, 10)


def test_free_text_is_no_template():
    short = [[("large", "ring")]] * 3
    assert not too_free(short) and too_free([*short, [("a",) * 9]])
    assert too_free([[(f"word{number}",)] for number in range(101)])


def test_parts_that_are_never_clutter_are_all_told(tmp_path):
    compose = {"side": 20, "most": 2, "clutter": 0, "fragment": 2, "repeats": 4}
    models = {"components": tiny_model("components").model_dump()}
    entry = {"split": {"validation": 0.2, "test": 0.25, "compose": compose}}
    dataset = make_dataset(tmp_path, entry=entry, models=models)
    train(dataset, "components")
    evaluate(dataset, "components")
    report = json.loads(dataset.report("evaluation", "components").read_text())
    assert report["metrics"]["mean"]["token_error_rate"] < 0.1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table.assign(path="x.png"), r"row 1: x\.png.* name no file that is there"),
        (lambda table: table.rename(columns={"caption": "words"}), "there is no column 'caption'.*reading.label"),
        (lambda table: table.assign(caption=" "), "holds no picture of which anything is said"),
    ],
)
def test_tables_that_do_not_fit_are_refused(tmp_path, change, message):
    dataset = write_params(tmp_path, ALONE)
    change(make_pictures(dataset.raw)).to_csv(dataset.raw / "captions.csv", index=False)
    with pytest.raises(UserError, match=message):
        TASK.read(dataset)


def test_all_files_that_are_no_pictures_are_named_at_once(tmp_path):
    dataset = write_params(tmp_path, ALONE)
    make_pictures(dataset.raw).to_csv(dataset.raw / "captions.csv", index=False)
    for number in (3, 7):
        (dataset.raw / f"photos/{number}.png").write_bytes(b"no picture")
    with pytest.raises(UserError, match=r"3\.png is no picture.*\n.*7\.png is no picture"):
        TASK.read(dataset)


def test_pictures_that_nothing_is_said_of_are_refused(tmp_path):
    dataset = write_params(tmp_path, ALONE)
    dataset.raw.mkdir(parents=True)
    Image.fromarray(draw("bar", np.random.default_rng(0))).save(dataset.raw / "1.png")
    with pytest.raises(UserError, match=r"pictures lie in no folder.*1\.png"):
        TASK.read(dataset)


@pytest.mark.parametrize("header", [True, False])
def test_a_table_of_pixels_may_have_a_header(tmp_path, header):
    dataset = write_params(tmp_path)
    dataset.raw.mkdir(parents=True)
    write_pixels(dataset.raw / "shapes.csv", 12, header=header)
    table = TASK.read(dataset).rows
    assert table["row"].to_pylist() == list(range(1, 13))
    assert np.frombuffer(table["pixels"][0].as_py(), np.uint8).max() >= 150


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (["300"] * 64 + ["bar"], "rows have values that are none of 0 to 255: row 13"),
        (["x"] * 64 + ["bar"], "rows have not 64 numbers and a label: row 13"),
        (["1"] * 63 + ["bar"], "rows have not 64 numbers and a label: row 13"),
        (["1"] * 65 + ["bar"], "rows have not 64 numbers and a label: row 13"),
        (["1"] * 80 + ["bar"], "cannot be read as a table of pixels.*line 13, saw 81"),
    ],
)
def test_rows_that_are_no_pictures_are_named(tmp_path, row, message):
    dataset = write_params(tmp_path)
    dataset.raw.mkdir(parents=True)
    path = dataset.raw / "shapes.csv"
    write_pixels(path, 12)
    path.write_text(path.read_text() + ",".join(row) + "\n")
    with pytest.raises(UserError, match=message):
        TASK.read(dataset)


def test_what_is_for_texts_is_refused():
    with pytest.raises(ValueError, match=r"models\.bahdanau: shared is for sources of text"):
        Section(models={"bahdanau": {"shared": False}})
    with pytest.raises(ValueError, match="5 filters halve 16 x 64 pixels to nothing"):
        Section(datasets={"d": {"source": {"path": "x"}, "window": {"height": 16, "filters": [8] * 5}}})
