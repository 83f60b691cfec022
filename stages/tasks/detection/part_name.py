"""What names the content of a part with objects."""

import pandas as pd

from stages.tasks.fingerprint import fingerprint


def name_of(part: pd.DataFrame) -> str:
    """Return what names a part's content: its pictures and their objects."""
    pairs = zip(part["labels"], part["boxes"], strict=True)
    return fingerprint(part["pixels"], ([*labels, *map(str, boxes)] for labels, boxes in pairs))
