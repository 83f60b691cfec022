"""The checks for leaks between parts of pictures with objects, and in what was fitted on them.

Nothing of `split` or of `window`'s fitting is used here: an error there must not hide itself.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from stages.config.dataset import Dataset
from stages.config.pictures import PictureSplit
from stages.config.schema import PARTS
from stages.data.pictures.picture import pictures_of
from stages.tasks.base import Findings
from stages.tasks.detection.config import RegionWindow
from stages.tasks.detection.modeling.data import PreparedRegions
from stages.tasks.member_leakage import Parts
from stages.tasks.picture_leakage import badly_painted, foreign_moments, leaks_between
from stages.tasks.signal_leakage import shortened


def check_leaks(dataset: Dataset) -> Findings:
    """Return a line for every leak, by check."""
    parts = {name: pd.read_parquet(dataset.part(name)) for name in PARTS}
    table = pd.read_parquet(dataset.table).set_index("id")
    compose = dataset.params("split", PictureSplit).compose
    prepared = PreparedRegions(dataset.prepared / "regions")
    return leaks_between(parts, table) | {
        "scenes": different_scenes(parts, table, compose.fragment) if compose else different_pictures(parts, table),
        "classes": foreign_classes(parts["train"], prepared.preprocessor.classes),
        "arrays": foreign_arrays(parts["train"], prepared, dataset.params("window", RegionWindow)),
    }


def different_pictures(parts: Parts, table: pd.DataFrame) -> list[str]:
    """Return a line for every part with a picture, or objects in it, that are not the table's."""
    lines = []
    for name, part in parts.items():
        rows = table.reindex(part["id"])
        same = [
            one == other and list(ours) == list(theirs) and np.array_equal(boxes, others)
            for one, other, ours, theirs, boxes, others in zip(
                part["pixels"],
                rows["pixels"],
                part["labels"],
                rows["labels"],
                part["boxes"],
                rows["boxes"],
                strict=True,
            )
        ]
        if not all(same):
            lines.append(f"{name}: pictures are not the table's: {shortened(part['id'][~np.array(same)].tolist())}")
    return lines


def different_scenes(parts: Parts, table: pd.DataFrame, fragment: int) -> list[str]:
    """Return a line for every part with a scene that is not what its pictures make, or objects that are not theirs."""
    pictures = dict(zip(table.index.astype(str), pictures_of(table), strict=True))
    shown = {str(name): " ".join(labels) for name, labels in table["labels"].items()}
    lines = []
    for name, part in parts.items():
        wrong = badly_painted(part, pictures, fragment)
        for place, row in enumerate(part.to_dict("records")):
            named = list(row["labels"]) == [shown.get(member) for member in row["members"]]
            wrong[place] |= not named or not _boxes_fit(row, pictures)
        if wrong.any():
            what = "scene(s) are not what they are made of"
            lines.append(f"{name}: {wrong.sum()} {what}: {shortened(part['id'][wrong].tolist())}")
    return lines


def _boxes_fit(row: Mapping[Any, Any], pictures: Mapping[str, np.ndarray]) -> bool:
    """Tell whether each box of a scene is just around the ink of its object, shrunk or not."""
    members, boxes, tiles = (np.asarray(row[name]) for name in ("members", "boxes", "tiles"))
    for member, box, (left, top, shrunk) in zip(members, boxes.reshape(-1, 4), tiles.reshape(-1, 3), strict=True):
        picture = pictures.get(str(member), np.zeros((1, 1, 1), np.uint8))[:, :, 0].astype(int)
        small = sum(picture[y::shrunk, x::shrunk] for y in range(shrunk) for x in range(shrunk)) // shrunk**2
        lines, columns = np.nonzero(small)
        if len(lines):
            expected = [columns.min() + left, lines.min() + top, columns.max() + left + 1, lines.max() + top + 1]
            if list(box) != expected:
                return False
    return True


def foreign_classes(train: pd.DataFrame, classes: list[str]) -> list[str]:
    """Return a line if the classes are not those of train's objects."""
    own = sorted({label for labels in train["labels"] for label in labels})
    return [] if own == classes else [f"the classes are {shortened(classes)}, but train's {shortened(own)}"]


def foreign_arrays(train: pd.DataFrame, prepared: PreparedRegions, window: RegionWindow) -> list[str]:
    """Return a line for whatever of the arrays that training reads, or of the fitted means, is not what train makes."""
    known, pictures = prepared.preprocessor, pictures_of(train)
    if len(prepared.pictures) != len(train) or len(prepared.objects) != len(train):
        return [f"train: {len(prepared.pictures)} pictures are prepared, but the part has {len(train)}"]
    lines, encoded = [], known.encode(pictures)
    names = train["id"].tolist()
    if different := [
        name for place, name in enumerate(names) if not np.array_equal(prepared.pictures[place], encoded[place])
    ]:
        lines.append(f"train: the pixels of {shortened(different)} are not the part's")
    others = []
    for name, found, picture, labels, boxes in zip(
        names, prepared.objects, pictures, train["labels"], train["boxes"], strict=True
    ):
        expected = known.objects(picture, labels, boxes)
        real = found[found[:, 0] > 0]
        if real.shape != expected.shape or not np.allclose(real, expected, atol=1e-3):
            others.append(name)
    if others:
        lines.append(f"train: the objects of {shortened(others)} are not the part's")
    return lines + foreign_moments(known, window, encoded)
