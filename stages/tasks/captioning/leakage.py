"""The checks for leaks between parts of pictures and in what was fitted on them.

Nothing of `split` or of `window`'s fitting is used here: an error there must not hide itself. Scenes are painted again
from the table's pictures, and the pixels that training reads are made again from the parts.
"""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from stages.config.dataset import Dataset
from stages.config.schema import PARTS, Part
from stages.data.pictures.picture import pictures_of
from stages.tasks.base import Findings
from stages.tasks.captioning.config import PictureWindow, SplitConfig
from stages.tasks.captioning.modeling.pictures import PreparedPictures
from stages.tasks.leakage import foreign_of
from stages.tasks.seq2seq.modeling.data import END
from stages.tasks.signal_leakage import shortened

Parts = Mapping[Part, pd.DataFrame]
ROUNDING = 1e-6  # of a mean or a deviation, relative


def check_leaks(dataset: Dataset) -> Findings:
    """Return a line for every leak, by check."""
    parts = {name: pd.read_parquet(dataset.part(name)) for name in PARTS}
    table = pd.read_parquet(dataset.table).set_index("id")
    compose = dataset.params("split", SplitConfig).compose
    prepared = PreparedPictures(dataset.prepared / "pictures")
    corpus = [text for texts in parts["train"]["targets"] for text in texts]
    return {
        "shared_pictures": shared_pictures(parts, table["content"], "picture"),
        "shared_groups": shared_pictures(parts, table["group"].dropna(), "group"),
        "scenes": different_scenes(parts, table, compose.fragment) if compose else different_pictures(parts, table),
        "repeated_pictures": repeated_pictures(parts),
        "lost_pictures": lost_pictures(parts, table),
        "official_parts": moved_pictures(parts, table),
        "empty_parts": [f"{name} is empty" for name, part in parts.items() if part.empty],
        "vocabulary": foreign_of("target", corpus, prepared.preprocessor.target),
        "arrays": foreign_arrays(parts["train"], prepared, dataset.params("window", PictureWindow)),
    }


def pictures_in(part: pd.DataFrame) -> list[str]:
    """Return the ids of all pictures that a part is made of, fragments among them."""
    columns = [column for column in ("members", "clutter") if column in part]
    return [name for column in columns for names in part[column] for name in names]


def shared_pictures(parts: Parts, known_by: "pd.Series[str]", what: str) -> list[str]:
    """Return a line for every pair of parts whose pictures share what they are known by (a value for each id)."""
    known = known_by.to_dict()
    held = {name: {known[row]: row for row in pictures_in(part) if row in known} for name, part in parts.items()}
    lines = []
    for one, other in combinations(parts, 2):
        if shared := sorted(held[one].keys() & held[other].keys()):
            rows = shortened([f"{held[one][key]} = {held[other][key]}" for key in shared])
            lines.append(f"{one} and {other} share {len(shared)} {what}(s), pictures {rows}")
    return lines


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
        scenes = zip(part.to_dict("records"), pictures_of(part), strict=True)
        different = [
            str(row["id"])
            for row, scene in scenes
            if not np.array_equal(_painted(row, pictures, scene.shape, fragment), scene)
            or list(row["targets"]) != [_told(row, shown, scene.shape[0])]
        ]
        if different:
            lines.append(f"{name}: {len(different)} scene(s) are not what they are made of: {shortened(different)}")
    return lines


def _painted(
    row: Mapping[Any, Any], pictures: Mapping[str, np.ndarray], shape: tuple[int, ...], fragment: int
) -> np.ndarray:
    """Return a scene painted from the pictures that it names, whatever is unknown left out."""
    canvas = np.zeros(shape, np.uint8)
    for member, (left, top, shrunk) in zip(row["members"], np.reshape(row["tiles"], (-1, 3)), strict=True):
        tile = pictures.get(member, np.zeros((2, 2, 1), np.uint8)).astype(int)
        tile = sum(tile[y::shrunk, x::shrunk] for y in range(shrunk) for x in range(shrunk)) // shrunk**2
        _paint(canvas, tile.astype(np.uint8), left, top)
    for member, (x, y, left, top) in zip(row["clutter"], np.reshape(row["patches"], (-1, 4)), strict=True):
        piece = pictures.get(member, np.zeros(shape, np.uint8))[y : y + fragment, x : x + fragment]
        _paint(canvas, piece, left, top)
    return canvas


def _paint(canvas: np.ndarray, piece: np.ndarray, left: int, top: int) -> None:
    """Draw a piece; what would lie outside the canvas is lost, and the scene another than it should be."""
    window = canvas[top : top + len(piece), left : left + piece.shape[1]]
    np.maximum(window, piece[: len(window), : window.shape[1]], out=window)


def _told(row: Mapping[Any, Any], shown: Mapping[str, str], side: int) -> str:
    """Return what there is to say of a scene's objects, by where their tiles begin."""
    phrases = []
    for member, (left, top, shrunk) in zip(row["members"], np.reshape(row["tiles"], (-1, 3)), strict=True):
        where = f"{'top' if top < side // 2 else 'bottom'} {'left' if left < side // 2 else 'right'}"
        phrases.append(f"{'small' if shrunk > 1 else 'large'} {shown.get(member, '?')} {where}")
    return " and ".join(phrases)


def repeated_pictures(parts: Parts) -> list[str]:
    """Return a line if a picture stands in several sources of validation or test, which must be independent.

    Fragments may come again: they are noise.
    """
    held_out: tuple[Part, ...] = ("validation", "test")
    lines = []
    for name in held_out:
        counts = parts[name]["members"].explode().value_counts()
        if (counts > 1).any():
            lines.append(f"{name} holds pictures several times: {shortened(counts.index[counts > 1].tolist())}")
    return lines


def lost_pictures(parts: Parts, table: pd.DataFrame) -> list[str]:
    """Return a line if a picture of the table is in no part, where nothing speaks for dropping it."""
    content = table["content"].to_dict()
    kept = {content.get(row) for part in parts.values() for rows in part["members"] for row in rows}
    clear = table.groupby("content")["target"].nunique() == 1
    lost = sorted(set(clear.index[clear]) - kept)
    rows = table[table["content"].isin(lost)]
    if table["part"].notna().any():  # for the sake of official parts others may be dropped, those of test never
        rows = rows[rows["part"] == "test"]
    return [f"{len(rows)} picture(s) of the table are in no part: {shortened(rows.index.tolist())}"] * bool(len(rows))


def moved_pictures(parts: Parts, table: pd.DataFrame) -> list[str]:
    """Return a line for every part with pictures whose official part is another."""
    official = table["part"].dropna().to_dict()
    lines = []
    for name, part in parts.items():
        moved = [row for row in pictures_in(part) if official.get(row, name) != name]
        if moved:
            lines.append(f"{name} holds pictures of another official part: {shortened(moved)}")
    return lines


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
    once = known.encode_sources(pictures_of(train))
    values = np.stack(once).reshape(-1, once[0].shape[2]).astype(float)
    fitted = [*known.mean, *known.deviation]
    expected = [*values.mean(axis=0), *np.maximum(values.std(axis=0), 1.0)]
    if known.size != [window.height, window.width] or not np.allclose(fitted, expected, rtol=ROUNDING):
        lines.append(f"the channels' means and deviations are {fitted}, but train's are {expected}")
    return lines
