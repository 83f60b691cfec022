"""A trained model and pictures → the objects in them, from models/<dataset>/<model> alone."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from stages.app.common import NestedFormat, choose_seeds, find_model, write_nested
from stages.app.files_of_pictures import read_pictures
from stages.config.paths import Paths
from stages.runtime.errors import UserError
from stages.runtime.jax_setup import prepare_jax
from stages.tasks.detection.modeling.data import RegionPreprocessor
from stages.tasks.detection.modeling.saved import Saved
from stages.tasks.detection.modeling.statistics import SURE, Detection

Row = dict[str, Any]  # file, objects


def detect(
    paths: Paths,
    dataset: str,
    model: str,
    files: Sequence[str],
    score: float = SURE,
    output_format: NestedFormat | None = None,
    seed: int | None = None,
) -> None:
    """Write what is in pictures to standard output; boxes are in pixels of the files.

    Args:
        paths: of the project.
        dataset, model: the model is in models/<dataset>/<model>.
        files: of pictures.
        score: that a detection has at least, from 0 to 1.
        output_format: None: a table on a terminal, JSON Lines elsewhere.
        seed: that the model was trained with; None: its first.

    Raises:
        UserError: no such model or seed, a score out of range, or files that are no pictures: names all of them.
    """
    if not 0 <= score <= 1:
        raise UserError(f"--score is {score}: it must be from 0 to 1")
    prepare_jax()
    saved = Saved(find_model(paths, dataset, model))
    _, detector = next(saved.replicas(choose_seeds(saved, seed)[:1]))
    known = saved.preprocessor
    pictures = read_pictures(files, len(known.mean), known.longest_side)
    found = detector.detect(known.encode([picture for _, picture, _ in pictures]))
    rows = [
        {"file": name, "objects": list(_objects(known, picture, size, detection, score))}
        for (name, picture, size), detection in zip(pictures, found, strict=True)
    ]
    write_nested(rows, _as_table, output_format)


def _objects(
    known: RegionPreprocessor, picture: np.ndarray, size: tuple[int, int], detection: Detection, score: float
) -> Iterator[Row]:
    """Yield the objects that a picture has by a detection, the likeliest first, in pixels of its file."""
    share, moved = known.frame(picture)
    sides = np.array([size[1], size[0]] * 2)
    grown = sides / np.array([picture.shape[1], picture.shape[0]] * 2)
    for row in np.argsort(-detection.scores, kind="stable"):
        if detection.scores[row] >= score:
            box = np.clip((detection.boxes[row] - moved) / share * grown, 0, sides)
            yield {
                "label": known.classes[detection.classes[row] - 1],
                "score": float(f"{detection.scores[row]:.4g}"),
                "box": [round(float(side), 1) for side in box],
            }


def _as_table(rows: Sequence[Row]) -> Iterator[str]:
    """Yield lines for a person to read: file, score, label and box."""
    width = max(len(row["file"]) for row in rows)
    for row in rows:
        name = row["file"]
        for each in row["objects"] or [None]:
            what = "nothing" if each is None else f"{each['score']:6.3f}  {each['label']}  {each['box']}"
            yield f"{name:<{width}}  {what}\n"
            name = ""
