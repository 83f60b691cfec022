"""The pictures of a part, as they are or as scenes that are composed of them.

A scene has, beside its picture (see stages/data/pictures/scenes.py):

| column   | what it holds                                                                                  |
|----------|------------------------------------------------------------------------------------------------|
| sentence | what stands where                                                                              |
| owners   | for each word of the sentence, the object that it is about, counted from 0; -1: none           |
| members  | the objects' pictures by their ids, in the order of the sentence                               |
| labels   | what each of them shows                                                                        |
| tiles    | three numbers an object: its first column and line, and by how much it is shrunk               |
| boxes    | four numbers an object: left, top, right and bottom of its ink                                 |
| clutter  | the fragments' pictures by their ids                                                           |
| patches  | four numbers a fragment: its first column and line in its picture, and in the scene            |
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from stages.config.pictures import Scenes
from stages.config.schema import PARTS
from stages.data.pictures.picture import packed, pictures_of
from stages.data.pictures.scenes import compose
from stages.data.text import hash_to_unit
from stages.runtime.progress import progress
from stages.tasks.grouped_split import Words

WORDS = Words("picture", "group", "groups", "of the same picture different things are said")
PIXELS = ["height", "width", "channels", "pixels"]


def in_order_of_a_hash(rows: pd.DataFrame) -> pd.DataFrame:
    """Return pictures as they are, in an order of no meaning, each the only one of its `members`.

    Files stand in the order of their folders: the first of them would show the same.
    """
    rows = rows.iloc[hash_to_unit(rows["id"], "order").argsort(kind="stable")].reset_index(drop=True)
    return rows.assign(members=rows["id"].map(lambda name: [name]))


def composed(rows: pd.DataFrame, names: Sequence[str], config: Scenes, number: int) -> pd.DataFrame:
    """Return the scenes of a part. `names`: what each picture shows. `number`: of the part, so that each is drawn anew.

    A picture of train stands in `repeats` scenes; one of validation or test in a single one, so that what is measured
    is independent; as fragments any of the part's own serve.
    """
    rng = np.random.default_rng([config.seed, number])
    ids, repeats = rows["id"].tolist(), config.repeats if number == 0 else 1
    scenes = compose(pictures_of(rows), names, config, repeats, rng)
    described: list[dict[str, Any]] = []
    pictures = []
    for scene in progress(scenes, desc=f"compose {PARTS[number]}", unit="scene"):
        pictures.append(scene.pixels)
        described.append(
            {
                "id": f"{PARTS[number]}-{len(described) + 1}",
                "sentence": scene.sentence,
                "owners": scene.owners,
                "members": [ids[member] for member in scene.members],
                "labels": [names[member] for member in scene.members],
                "tiles": np.ravel(scene.tiles).tolist(),
                "boxes": np.ravel(scene.boxes).tolist(),
                "clutter": [ids[member] for member in scene.clutter],
                "patches": np.ravel(scene.patches).astype(int).tolist(),
            }
        )
    return pd.DataFrame(described).assign(**packed(pictures))
