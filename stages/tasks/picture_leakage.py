"""The checks for leaks that parts of pictures share, whatever is said of them.

Nothing of `split` is used here: an error there must not hide itself.
"""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from stages.config.schema import PARTS, Part
from stages.data.pictures.picture import pictures_of
from stages.tasks.signal_leakage import shortened

Parts = Mapping[Part, pd.DataFrame]


def leaks_between(parts: Parts, table: pd.DataFrame) -> dict[str, list[str]]:
    """Return a line for every leak between parts that are made of a table's pictures, by check. `table`: by id."""
    return {
        "shared_pictures": shared_pictures(parts, table["content"], "picture"),
        "shared_groups": shared_pictures(parts, table["group"].dropna(), "group"),
        "repeated_pictures": repeated_pictures(parts, table["content"]),
        "lost_pictures": lost_pictures(parts, table),
        "official_parts": moved_pictures(parts, table),
        "empty_parts": [f"{name} is empty" for name, part in parts.items() if part.empty],
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


def badly_painted(part: pd.DataFrame, pictures: Mapping[str, np.ndarray], fragment: int) -> np.ndarray:
    """Return which scenes of a part, (scenes,) bool, are not what their pictures make. `pictures`: by id."""
    scenes = zip(part.to_dict("records"), pictures_of(part), strict=True)
    return np.array(
        [not np.array_equal(_painted(row, pictures, scene.shape, fragment), scene) for row, scene in scenes], bool
    )


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


def repeated_pictures(parts: Parts, content: "pd.Series[str]") -> list[str]:
    """Return a line if a picture stands in several sources of validation or test, which must be independent.

    Fragments may come again: they are noise.
    """
    held_out: tuple[Part, ...] = ("validation", "test")
    lines = []
    for name in held_out:
        counts = parts[name]["members"].explode().map(lambda row: content.get(row, row)).value_counts()
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
    drawn = set(PARTS) - {"train", *official.values()}  # without an official one they are drawn from train
    lines = []
    for name, part in parts.items():
        right = {name, "train"} if name in drawn else {name}
        moved = [row for row in pictures_in(part) if official.get(row, name) not in right]
        if moved:
            lines.append(f"{name} holds pictures of another official part: {shortened(moved)}")
    return lines
