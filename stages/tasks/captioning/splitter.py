"""A table of pictures → the parts train, validation and test, and within each the scenes that are composed of them.

Pictures are split before scenes are composed, by a hash of their pixels, or of their group where one is named. A scene
has, beside its picture and its sentence (see stages/data/pictures/scenes.py):

| column  | what it holds                                                                                  |
|---------|------------------------------------------------------------------------------------------------|
| owners  | for each word of the sentence, the object that it is about, counted from 0; -1: none           |
| members | the objects' pictures by their ids, in the order of the sentence                               |
| tiles   | three numbers an object: its first column and line, and by how much it is shrunk               |
| boxes   | four numbers an object: left, top, right and bottom of its ink                                 |
| clutter | the fragments' pictures by their ids                                                           |
| patches | four numbers a fragment: its first column and line in its picture, and in the scene            |
"""

from typing import Any

import numpy as np
import pandas as pd

from stages.config.pictures import Scenes
from stages.config.schema import PARTS
from stages.data.pictures.picture import packed, pictures_of
from stages.data.pictures.scenes import compose
from stages.data.text import hash_to_unit
from stages.runtime.progress import progress
from stages.tasks.base import Split
from stages.tasks.captioning.config import SplitConfig
from stages.tasks.fingerprint import fingerprint
from stages.tasks.grouped_split import Words, split_groups

WORDS = Words("picture", "group", "groups", "the same picture is described differently")
PIXELS = ["height", "width", "channels", "pixels"]


def split_pictures(table: pd.DataFrame, config: SplitConfig) -> Split:
    """Return the three parts, a row for each picture or scene, and the dropped pictures by reason.

    Raises:
        UserError: a part is left without pictures, or no scenes can be composed of them.
    """
    rows, dropped = split_groups(table, config, WORDS)
    parts = {
        name: _composed(rows[name], config.compose, number) if config.compose else _alone(rows[name])
        for number, name in enumerate(PARTS)
    }
    details = {"pictures": {name: len(of_part) for name, of_part in rows.items()}, "composed": bool(config.compose)}
    return Split(parts, dropped, details)


def _alone(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the sources of a part whose pictures stay as they are, in the order of a hash.

    Files stand in the order of their folders: the first of them would show the same.
    """
    rows = rows.iloc[hash_to_unit(rows["id"], "order").argsort(kind="stable")]
    return rows[["id", *PIXELS]].assign(
        targets=rows["target"].str.split("\n"), members=rows["id"].map(lambda name: [name])
    )


def _composed(rows: pd.DataFrame, config: Scenes, number: int) -> pd.DataFrame:
    """Return the scenes of a part. `number`: of the part, so that each is drawn in its own way.

    A picture of train stands in `repeats` scenes; one of validation or test in a single one, so that what is measured
    is independent; as fragments any of the part's own serve.
    """
    rng = np.random.default_rng([config.seed, number])
    ids, repeats = rows["id"].tolist(), config.repeats if number == 0 else 1
    scenes = compose(pictures_of(rows), rows["target"].tolist(), config, repeats, rng)
    described: list[dict[str, Any]] = []
    pictures = []
    for scene in progress(scenes, desc=f"compose {PARTS[number]}", unit="scene"):
        pictures.append(scene.pixels)
        described.append(
            {
                "id": f"{PARTS[number]}-{len(described) + 1}",
                "targets": [scene.sentence],
                "owners": scene.owners,
                "members": [ids[member] for member in scene.members],
                "tiles": np.ravel(scene.tiles).tolist(),
                "boxes": np.ravel(scene.boxes).tolist(),
                "clutter": [ids[member] for member in scene.clutter],
                "patches": np.ravel(scene.patches).astype(int).tolist(),
            }
        )
    return pd.DataFrame(described).assign(**packed(pictures))


def describe(part: pd.DataFrame) -> dict[str, Any]:
    """Return what the report of the split says about a part."""
    words = part["targets"].map(lambda texts: sum(len(text.split()) for text in texts))
    return {"rows": len(part), "words": int(words.sum()), "hash": fingerprint(part["pixels"], part["targets"])}
