"""Parts of pictures → classes and each channel's mean fitted on train alone, and train as bytes and boxes."""

from pathlib import Path

import numpy as np
import pandas as pd

from stages.config.dataset import Dataset
from stages.data.arrays import GrowingArray
from stages.data.pictures.picture import pictures_of
from stages.runtime.errors import UserError
from stages.runtime.progress import progress
from stages.tasks.base import Preparation
from stages.tasks.detection.config import Reading, RegionWindow
from stages.tasks.detection.modeling.data import RegionPreprocessor
from stages.tasks.picture_network import Moments, map_size


def prepare(dataset: Dataset, output: Path) -> Preparation:
    """Fit classes and the channels' means on train, and write train into the new folder `output`.

    Raises:
        UserError: train has no object.
    """
    window, train = dataset.params("window", RegionWindow), pd.read_parquet(dataset.part("train"))
    classes = sorted({label for labels in train["labels"] for label in labels})
    if not classes:
        raise UserError(f"no picture of {dataset.name}'s train has an object in it: there is nothing to learn from")
    preprocessor = RegionPreprocessor(
        classes=classes,
        size=[window.height, window.width],
        mean=[],
        deviation=[],
        filters=list(window.filters),
        regions=window.regions,
        longest_side=dataset.params("reading", Reading).longest_side,
    )
    output.mkdir()
    objects = _write_train(preprocessor, train, output)
    preprocessor.save(output / "preprocessor.json")
    crowded = collisions(objects, preprocessor)
    unknown = _unknown(dataset, classes)
    report = {
        "size": preprocessor.size,
        "channels": len(preprocessor.mean),
        "places": map_size(preprocessor.size, preprocessor.filters),
        "regions": preprocessor.regions,
        "classes": classes,
        "learned": len(train),
        "objects": int((objects[..., 0] > 0).sum()),
        "most": objects.shape[1],
        "crowded": crowded,
        "unknown": unknown,
    }
    remarks = _remarks(report, dataset)
    return Preparation(
        report, f"{report['objects']} objects of {len(classes)} classes in {len(train)} pictures", None, remarks
    )


def _write_train(preprocessor: RegionPreprocessor, train: pd.DataFrame, output: Path) -> np.ndarray:
    """Write train's pictures and objects, fit the channels' means on it, and return the objects (n, M, 5)."""
    moments, rows = Moments(int(train["channels"].iloc[0])), []
    with GrowingArray(output / "train.pictures.npy") as file:
        columns = zip(pictures_of(train), train["labels"], train["boxes"], strict=True)
        for picture, labels, boxes in progress(columns, desc="train", unit="picture"):
            (encoded,) = preprocessor.encode([picture])
            moments.add(encoded)
            file.append(encoded[None])
            rows.append(preprocessor.objects(picture, labels, boxes))
    objects = np.zeros((len(rows), max(map(len, rows)), 5), np.float32)
    for padded, row in zip(objects, rows, strict=True):
        padded[: len(row)] = row
    np.save(output / "train.objects.npy", objects)
    preprocessor.mean[:], preprocessor.deviation[:] = moments.mean, moments.deviation
    return objects


def collisions(objects: np.ndarray, preprocessor: RegionPreprocessor) -> int:
    """Return how many objects (n, M, 5) have their middle at the place of another's: networks see one of them."""
    lines, columns = map_size(preprocessor.size, preprocessor.filters)
    x, y = (objects[..., 1] + objects[..., 3]) / 2, (objects[..., 2] + objects[..., 4]) / 2
    column, line = x * columns // preprocessor.size[1], y * lines // preprocessor.size[0]
    picture = np.arange(len(objects))[:, None] * lines * columns
    places = (picture + line * columns + column)[objects[..., 0] > 0]
    return len(places) - len(np.unique(places))


def _unknown(dataset: Dataset, classes: list[str]) -> int:
    """Return how many of validation's objects are of classes that train lacks."""
    labels = pd.read_parquet(dataset.part("validation"), columns=["labels"])["labels"]
    return sum(label not in classes for of_picture in labels for label in of_picture)


def _remarks(report: dict[str, object], dataset: Dataset) -> list[str]:
    remarks = []
    if report["crowded"]:
        remarks.append(
            f"{report['crowded']} of train's {report['objects']} objects have their middle at the place of another: "
            f"networks do not learn them; raise {dataset.key('window.height')} and width, or take a filter away"
        )
    if report["unknown"]:
        remarks.append(f"{report['unknown']} of validation's objects are of classes that train lacks: none is found")
    if int(str(report["most"])) > int(str(report["regions"])):
        key = dataset.key("window.regions")
        remarks.append(f"pictures have up to {report['most']} objects, but {report['regions']} regions: raise {key}")
    return remarks
