"""A table of pictures → the parts train, validation and test, and within each the scenes that are composed of them.

Pictures are split before scenes are composed, by a hash of their pixels, or of their group where one is named.
"""

from typing import Any

import pandas as pd

from stages.config.pictures import PictureSplit
from stages.config.schema import PARTS
from stages.runtime.errors import UserError
from stages.tasks.base import Split
from stages.tasks.detection.part_name import name_of
from stages.tasks.grouped_split import split_groups
from stages.tasks.picture_parts import PIXELS, WORDS, composed, in_order_of_a_hash


def split_pictures(table: pd.DataFrame, config: PictureSplit) -> Split:
    """Return the three parts, a row for each picture or scene, and the dropped pictures by reason.

    Raises:
        UserError: a part is left without pictures, or no scenes can be composed of them.
    """
    if config.compose and (table["labels"].map(len) > 1).any():
        raise UserError("split.compose makes scenes of pictures of one object each, but some have several: remove it")
    rows, dropped = split_groups(table, config, WORDS)
    parts = {}
    for number, name in enumerate(PARTS):
        if config.compose:
            names = rows[name]["labels"].map(" ".join).tolist()
            parts[name] = composed(rows[name], names, config.compose, number).drop(columns=["sentence", "owners"])
        else:
            parts[name] = in_order_of_a_hash(rows[name])[["id", *PIXELS, "labels", "boxes", "members"]]
    details = {"pictures": {name: len(of_part) for name, of_part in rows.items()}, "composed": bool(config.compose)}
    return Split(parts, dropped, details)


def describe(part: pd.DataFrame) -> dict[str, Any]:
    """Return what the report of the split says about a part."""
    return {"rows": len(part), "objects": int(part["labels"].map(len).sum()), "hash": name_of(part)}
