"""A table of signals → the parts train, validation and test; see the splitter of texts, which it shares."""

import hashlib
from typing import Any

import pandas as pd

from stages.tasks.base import Split
from stages.tasks.classification.config import SplitConfig
from stages.tasks.classification.splitter import split_labelled

COLUMNS = ["id", "label", "steps", "channels", "content", "channel_names", "sample_rate", "values"]


def split_table(table: pd.DataFrame, config: SplitConfig) -> Split:
    """Return the three parts of a table of signals; two are the same if all their values are."""
    split = split_labelled(table.assign(folded=table["content"]), COLUMNS, config)
    parts = {name: part.drop(columns="content") for name, part in split.parts.items()}
    return Split(parts, split.dropped, split.details, split.remarks)


def describe(part: pd.DataFrame) -> dict[str, Any]:
    """Return what the report of the split says about a part."""
    labels = part["label"].value_counts().sort_index().to_dict()
    return {"rows": len(part), "labels": labels, "hash": part_hash(part)}


def part_hash(part: pd.DataFrame) -> str:
    """Return twelve hexadecimal digits that name a part: a hash of its labels and values in their order."""
    digest = hashlib.sha256()
    for label, steps, values in zip(part["label"], part["steps"], part["values"], strict=True):
        digest.update(f"{label}\t{steps}\n".encode() + values.tobytes())
    return digest.hexdigest()[:12]
