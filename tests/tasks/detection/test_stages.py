"""Pictures to scenes and boxes; what networks and the baseline find in them; metrics; a user's own."""

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from stages.app.add import add
from stages.app.common import NestedFormat
from stages.app.detect import detect
from stages.config.paths import Paths
from stages.data.beside import Row
from stages.data.pictures.rows import Size
from stages.evaluate import evaluate
from stages.runtime.errors import UserError
from stages.tasks.detection.loader import _box
from stages.tasks.detection.modeling.data import PreparedRegions, RegionPreprocessor
from stages.tasks.detection.modeling.statistics import (
    Detection,
    matched,
    mean_average_precision,
    overlaps,
    share_proposed,
    share_right,
    statistics_of,
    suppressed,
)
from stages.tasks.detection.task import TASK
from stages.train import train
from tests.app.small import PROJECT, json_objects
from tests.tasks.captioning.small import SIDE, draw
from tests.tasks.detection.small import make_dataset, prepare, tiny_model, write_params

# --- Metrics ---


def found(*rows: tuple[int, float, list[float]]) -> Detection:
    classes, scores, boxes = zip(*rows, strict=True)
    boxes = np.array(boxes, float)
    return Detection(np.array(classes), boxes, np.array(scores), boxes)


TRUTH = np.array([[1, 0, 0, 10, 10], [2, 20, 0, 30, 10]], float)


def test_overlaps_are_intersection_by_union():
    boxes = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30]], float)
    assert overlaps(boxes, boxes[:1])[:, 0] == pytest.approx([1, 1 / 3, 0])


def test_of_overlapping_boxes_the_likeliest_stays():
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [20, 0, 30, 10]], float)
    assert suppressed(boxes, np.array([0.4, 0.9, 0.1])).tolist() == [1, 2]


def test_a_second_detection_of_an_object_and_one_of_another_class_are_wrong():
    detection = found((1, 0.6, [0, 0, 10, 9]), (1, 0.9, [0, 0, 10, 10]), (1, 0.8, [20, 0, 30, 10]))
    assert matched(detection, TRUTH).tolist() == [False, True, False]


def test_what_is_perfect_has_a_precision_of_one_and_a_miss_at_the_top_halves_it():
    perfect = found((1, 0.9, [0, 0, 10, 10]), (2, 0.8, [20, 0, 30, 10]))
    sums = statistics_of([perfect], [TRUTH], 2).sum(axis=0)
    assert mean_average_precision(sums) == share_right(sums) == share_proposed(sums) == 1
    worse = found((1, 0.95, [40, 0, 50, 10]), (1, 0.9, [0, 0, 10, 10]), (2, 0.8, [20, 0, 30, 10]))
    sums = statistics_of([worse], [TRUTH], 2).sum(axis=0)
    assert mean_average_precision(sums) == pytest.approx(0.75) and share_right(sums) == 0


@pytest.mark.parametrize("sharpness", [1, 4, 12])
def test_steps_of_scores_give_nearly_the_exact_average_precision(sharpness):
    """Also where a network's crowd close to 1."""
    rng = np.random.default_rng(0)
    odds = rng.normal(1.5, 2, size=400)
    right = rng.uniform(size=400) < 1 / (1 + np.exp(-odds))
    scores = 1 / (1 + np.exp(-odds * sharpness**0.5))
    pictures = [
        found((1, score, [0, 0, 10, 10] if hit else [50, 50, 60, 60])) for score, hit in zip(scores, right, strict=True)
    ]
    truth = [TRUTH[:1]] * 400
    order = np.argsort(-scores)
    precision = np.cumsum(right[order]) / np.arange(1, 401)
    exact = (np.maximum.accumulate(precision[::-1])[::-1] * right[order]).sum() / 400
    assert mean_average_precision(statistics_of(pictures, truth, 1).sum(axis=0)) == pytest.approx(exact, abs=0.012)


def test_classes_without_objects_do_not_count():
    sums = statistics_of([found((1, 0.9, [0, 0, 10, 10]))], [TRUTH[:1]], 5).sum(axis=0)
    assert mean_average_precision(sums) == 1


# --- Stages ---


@pytest.mark.xdist_group("keras")
@pytest.mark.parametrize("model", ["components", "feedforward", "gru"])
def test_objects_are_found(tmp_path, model, capsys):
    compose = {"side": 20, "most": 2, "clutter": 1, "fragment": 2, "repeats": 10}
    dataset = make_dataset(
        tmp_path,
        entry={"split": {"validation": 0.2, "test": 0.25, "compose": compose}},
        training={"min_steps": 600, "batch_size": 32},
        models={model: tiny_model(model, units=32, embedding=16, epochs=10).model_dump()},
    )
    train(dataset, model)
    evaluate(dataset, model)
    report = json.loads(dataset.report("evaluation", model).read_text())
    assert report["metrics"]["mean"]["mean_average_precision"] > 0.5
    assert report["metrics"]["mean"]["proposal_recall"] > 0.6
    (example, *_) = json.loads(dataset.report("examples", model).read_text())["found"]
    assert np.shape(example["pixels"]) == (20, 20, 1) and len(example["objects"]) in (1, 2)

    scene = np.zeros((40, 40), np.uint8)  # twice as large as the model's own
    scene[2 : 2 + 2 * SIDE, 22 : 22 + 2 * SIDE] = draw("ring", np.random.default_rng(0)).repeat(2, 0).repeat(2, 1)
    Image.fromarray(scene).save(tmp_path / "new.png")
    capsys.readouterr()
    detect(dataset.paths, "mine", model, [str(tmp_path / "new.png")], score=0.2)
    (row,) = json_objects(capsys.readouterr().out)
    best = row["objects"][0]
    assert overlaps(np.array([best["box"]]), np.array([[24.0, 4, 36, 16]]))[0, 0] > 0.4
    detect(dataset.paths, "mine", model, [str(tmp_path / "new.png")], 0.2, NestedFormat.TABLE)
    assert best["label"] in capsys.readouterr().out
    with pytest.raises(UserError, match="--score is 2"):
        detect(dataset.paths, "mine", model, ["x.png"], score=2)


@pytest.mark.xdist_group("keras")
@pytest.mark.parametrize("model", ["feedforward", "gru"])
def test_places_that_are_not_proposed_neither_swamp_the_others_nor_are_learned(model):
    from stages.tasks.detection.modeling.network import build_network, detection_loss

    known = RegionPreprocessor(["a", "b"], [32, 32], [100.0], [60.0], [4, 4], regions=30, longest_side=32)
    network = build_network(model, tiny_model(model), known, seed=1)
    pictures = np.random.default_rng(0).integers(0, 255, (4, 32, 32, 1)).astype(np.uint8)
    grid, regions, logits = map(np.asarray, network.forward(pictures))
    beside = regions[..., 1] < -50
    assert beside.any() and np.abs(logits).max() < 100
    objects = np.zeros((4, 1, 5), np.float32)
    objects[0] = 1, 4, 4, 20, 20
    loss = np.asarray(detection_loss(known.shape)(objects, [grid, regions, logits]))
    other = np.where(beside[..., None], 50 * np.arange(3), logits)  # another judgement of what is not proposed
    assert loss == pytest.approx(np.asarray(detection_loss(known.shape)(objects, [grid, regions, other])))
    assert np.isfinite(loss).all() and loss[0] > loss[1:].mean() / 10


def test_objects_at_the_place_of_another_are_told(tmp_path):
    dataset = make_dataset(tmp_path, entry={"window": {"height": 16, "width": 16, "filters": [4] * 4, "regions": 1}})
    report = json.loads(dataset.report("prepare").read_text())
    assert report["crowded"] > 0 and any("at the place of another" in remark for remark in report["remarks"])
    assert any("up to 2 objects, but 1 regions" in remark for remark in report["remarks"])


# --- A user's own ---

ALONE = {
    "reading": {},
    "split": {"validation": 0.2, "test": 0.2},
    "window": {"height": 20, "width": 20, "filters": [4]},
}


def make_pictures(folder, count=30) -> pd.DataFrame:
    """Write pictures of a shape or two, and return a table with a row an object."""
    rng, rows = np.random.default_rng(0), []
    folder.mkdir(parents=True)
    for number in range(count):
        scene = np.zeros((40, 60), np.uint8)
        for place in range(1 + number % 2):
            shape, left, top = ("bar", "ring")[place], 5 + 30 * place, int(rng.integers(30))
            scene[top : top + SIDE, left : left + SIDE] = draw(shape, rng)
            rows.append((f"{number}.png", left, top, left + SIDE, top + SIDE, shape))
        Image.fromarray(scene).save(folder / f"{number}.png")
    return pd.DataFrame(rows, columns=["path", "left", "top", "right", "bottom", "label"])


def test_pictures_with_a_table_of_boxes(tmp_path):
    dataset = write_params(tmp_path, ALONE | {"reading": {"longest_side": 30}})
    make_pictures(dataset.raw).to_csv(dataset.raw / "boxes.csv", index=False)
    prepare(dataset)
    parts = {name: pd.read_parquet(dataset.part(name)) for name in ("train", "validation", "test")}
    rows = pd.concat(parts.values()).set_index("id")
    assert len(rows) == 30 and rows.loc["1.png", "labels"].tolist() == ["bar", "ring"]
    assert rows.loc["1.png", "boxes"][[0, 2, 4, 6]].tolist() == [2.5, 6.5, 17.5, 21.5]  # shrunk by half
    data = PreparedRegions(dataset.prepared / "regions")
    assert data.objects.shape == (len(parts["train"]), 2, 5) and data.pictures.shape[1:] == (20, 20, 1)
    assert not any(TASK.audit(dataset).values())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda table: table.assign(right=70),
            r"boxes\.csv row 1: the box .* does not lie within the picture, 60 pixels",
        ),
        (lambda table: table.assign(label=[None, *table["label"][1:]]), r"boxes\.csv row 1: nothing is said of what"),
        (lambda table: table.assign(left=0, top=0, right=0.5, bottom=0.5), "looks like shares of the picture"),
        (lambda table: table.assign(left="x"), r"boxes\.csv row 1: the box x, .* is not four numbers"),
        (lambda table: table.drop(columns="top"), "there is no column 'top'.*reading.boxes.top"),
    ],
)
def test_boxes_that_are_none_are_refused(tmp_path, change, message):
    dataset = write_params(tmp_path, ALONE)
    change(make_pictures(dataset.raw)).to_csv(dataset.raw / "boxes.csv", index=False)
    with pytest.raises(UserError, match=message):
        TASK.read(dataset)


def test_a_box_may_end_a_little_outside_and_shrinks_with_its_picture(tmp_path):
    dataset = write_params(tmp_path, ALONE | {"reading": {"boxes": None, "longest_side": 10}})
    dataset.raw.mkdir(parents=True)
    make_pictures(dataset.raw / "ring", 3)
    rows = TASK.read(dataset).rows.to_pylist()
    assert [row["boxes"] for row in rows] == [[0, 0, 10, 7]] * 3  # 60 x 40 pixels as read
    assert rows[0]["target"] == "ring 0 0 60 40"
    row = Row("ring", None, None, ("-0.2", "3", "40.00003", "30"), "t.csv row 1")
    assert _box(row, Size(30, 40)) == [0, 3, 40, 30]


def test_pictures_with_boxes_are_added(tmp_path):
    (tmp_path / "params.yaml").write_bytes((PROJECT / "params.yaml").read_bytes())
    names = {"path": "image", "left": "xmin", "top": "ymin", "right": "xmax", "bottom": "ymax", "label": "class"}
    make_pictures(tmp_path / "mine").rename(columns=names).to_csv(tmp_path / "mine" / "boxes.csv", index=False)
    add(Paths(tmp_path), str(tmp_path / "mine"), dry_run=False)
    from stages.tasks.discovery import load_params

    entry = load_params(Paths(tmp_path)).sections()["detection"].datasets["mine"]
    assert entry.reading.picture == "image" and entry.reading.label == "class"
    assert entry.reading.boxes.model_dump() == {"left": "xmin", "top": "ymin", "right": "xmax", "bottom": "ymax"}
    assert (entry.window.height, entry.window.width) == (52, 80)
