"""The checks for leaks between parts of pictures and in what was fitted on them.

Nothing of `split` or of `window`'s fitting is used here: an error there must not hide itself. Scenes are painted again
from the table's pictures, and the pixels that training reads are made again from the parts.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from stages.config.dataset import Dataset
from stages.config.pictures import PictureSplit, PictureWindow
from stages.config.schema import PARTS
from stages.data.pictures.picture import pictures_of
from stages.tasks.base import Findings
from stages.tasks.captioning.modeling.pictures import PreparedPictures
from stages.tasks.leakage import foreign_of
from stages.tasks.member_leakage import Parts
from stages.tasks.picture_leakage import badly_painted, foreign_moments, leaks_between
from stages.tasks.seq2seq.modeling.data import END
from stages.tasks.signal_leakage import shortened


def check_leaks(dataset: Dataset) -> Findings:
    """Return a line for every leak, by check."""
    parts = {name: pd.read_parquet(dataset.part(name)) for name in PARTS}
    table = pd.read_parquet(dataset.table).set_index("id")
    compose = dataset.params("split", PictureSplit).compose
    prepared = PreparedPictures(dataset.prepared / "pictures")
    corpus = [text for texts in parts["train"]["targets"] for text in texts]
    return leaks_between(parts, table) | {
        "scenes": different_scenes(parts, table, compose.fragment) if compose else different_pictures(parts, table),
        "vocabulary": foreign_of("target", corpus, prepared.preprocessor.target),
        "arrays": foreign_arrays(parts["train"], prepared, dataset.params("window", PictureWindow)),
    }


def different_pictures(parts: Parts, table: pd.DataFrame) -> list[str]:
    """Return a line for every part with a picture, or a description of it, that is not the table's."""
    lines = []
    for name, part in parts.items():
        rows = table.reindex(part["id"])
        same = (rows["pixels"].to_numpy() == part["pixels"].to_numpy()) & (
            rows["target"].to_numpy() == part["targets"].map("\n".join).to_numpy()
        )
        if not same.all():
            lines.append(f"{name}: pictures are not the table's: {shortened(part['id'][~same].tolist())}")
    return lines


def different_scenes(parts: Parts, table: pd.DataFrame, fragment: int) -> list[str]:
    """Return a line for every part with a scene that is not what its pictures make, or a sentence that is not."""
    pictures = dict(zip(table.index.astype(str), pictures_of(table), strict=True))
    shown = {str(name): str(label) for name, label in table["target"].items()}
    lines = []
    for name, part in parts.items():
        told = [list(row["targets"]) == [_told(row, shown, row["height"])] for row in part.to_dict("records")]
        wrong = badly_painted(part, pictures, fragment) | ~np.array(told, bool)
        if wrong.any():
            what = "scene(s) are not what they are made of"
            lines.append(f"{name}: {wrong.sum()} {what}: {shortened(part['id'][wrong].tolist())}")
    return lines


def _told(row: Mapping[Any, Any], shown: Mapping[str, str], side: int) -> str:
    """Return what there is to say of a scene's objects, by where their tiles begin."""
    phrases = []
    for member, (left, top, shrunk) in zip(row["members"], np.reshape(row["tiles"], (-1, 3)), strict=True):
        where = f"{'top' if top < side // 2 else 'bottom'} {'left' if left < side // 2 else 'right'}"
        phrases.append(f"{'small' if shrunk > 1 else 'large'} {shown.get(member, '?')} {where}")
    return " and ".join(phrases)


def foreign_arrays(train: pd.DataFrame, prepared: PreparedPictures, window: PictureWindow) -> list[str]:
    """Return a line for whatever of the arrays that training reads, or of the fitted means, is not what train makes."""
    known = prepared.preprocessor
    source, target = prepared.side("train", "source"), prepared.side("train", "target")
    rows = train.explode("targets", ignore_index=True)
    ids = [[*encoding.ids, END] for encoding in known.target.encode_batch(rows["targets"].tolist())]
    kept = np.array([len(row) for row in ids]) <= known.maximum["target"]
    if len(source.lengths) != kept.sum() or len(target.lengths) != kept.sum():
        return [f"train: {len(source.lengths)} pairs are prepared, but {kept.sum()} of the part fit"]
    lines, rows = [], rows[kept].reset_index(drop=True)
    pictures = known.encode_sources(pictures_of(rows))
    different = [
        name for place, name in enumerate(rows["id"]) if not np.array_equal(source.row(place), pictures[place])
    ]
    if different:
        lines.append(f"train: the pictures of {shortened(different)} are not the part's")
    wanted = [row for row, keep in zip(ids, kept, strict=True) if keep]
    others = [name for place, name in enumerate(rows["id"]) if target.row(place).tolist() != wanted[place]]
    if others:
        lines.append(f"train: the tokens of {shortened(others)} are not the part's")
    return lines + foreign_moments(known, window, known.encode_sources(pictures_of(train)))
