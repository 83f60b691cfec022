"""A table of recordings → the parts train, validation and test, and within each the strings that they are joined to.

Recordings are split before they are joined, by a hash of their values, or of their speaker where one is named.
Official parts stand.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from stages.config.schema import PARTS
from stages.data.frames import signals_of
from stages.data.text import hash_to_unit
from stages.tasks.base import Split
from stages.tasks.fingerprint import fingerprint
from stages.tasks.grouped_split import Words, split_groups
from stages.tasks.speech.config import Compose, SplitConfig

WORDS = Words("recording", "speaker", "speakers", "the same sound says different things")
COLUMNS = ["id", "source", "channels", "channel_names", "sample_rate", "targets", "recordings", "ends"]


def split_recordings(table: pd.DataFrame, config: SplitConfig) -> Split:
    """Return the three parts, a row for each recording or string of them, and the dropped recordings by reason.

    Raises:
        UserError: a part is left without recordings.
    """
    rows, dropped = split_groups(table, config, WORDS)
    parts = {
        name: _composed(rows[name], config.compose, number) if config.compose else _alone(rows[name])
        for number, name in enumerate(PARTS)
    }
    details = {"recordings": {name: len(of_part) for name, of_part in rows.items()}, "composed": bool(config.compose)}
    remarks = [] if table["speaker"].notna().all() else ["no speakers are named: a voice of train may speak in test"]
    return Split(parts, dropped, details, remarks)


def _alone(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the sources of a part whose recordings stay as they are, in the order of a hash.

    Files stand in the order of their folders: the first of them would be of a few words or voices.
    """
    rows = rows.iloc[hash_to_unit(rows["id"], "order").argsort(kind="stable")]
    return pd.DataFrame(
        {
            "id": rows["id"],
            "source": [np.asarray(values, np.float32) for values in rows["values"]],
            "channels": rows["channels"],
            "channel_names": rows["channel_names"],
            "sample_rate": rows["sample_rate"],
            "targets": [[text] for text in rows["target"]],
            "recordings": [[name] for name in rows["id"]],
            "ends": [[steps] for steps in rows["steps"]],
        }
    ).reset_index(drop=True)


def _composed(rows: pd.DataFrame, config: Compose, number: int) -> pd.DataFrame:
    """Return the strings of a part. `number`: of the part, so that each is shuffled in its own way.

    A recording of train stands in `repeats` strings; one of validation or test in a single one, so that strings are
    independent of each other.
    """
    rng = np.random.default_rng([config.seed, number])
    signals, repeats = signals_of(rows), config.repeats if number == 0 else 1
    ids, targets, first = rows["id"].tolist(), rows["target"].tolist(), rows.iloc[0]
    strings: list[dict[str, Any]] = []
    for members in (string for _ in range(repeats) for string in _strings(len(rows), config, rng)):
        frames = [signals[member] for member in members]
        strings.append(
            {
                "id": f"{PARTS[number]}-{len(strings) + 1}",
                "source": np.concatenate(frames).astype(np.float32).ravel(),
                "channels": first["channels"],
                "channel_names": first["channel_names"],
                "sample_rate": first["sample_rate"],
                "targets": [" ".join(targets[member] for member in members)],
                "recordings": [ids[member] for member in members],
                "ends": np.cumsum([len(each) for each in frames]).tolist(),
            }
        )
    return pd.DataFrame(strings, columns=COLUMNS)


def _strings(count: int, config: Compose, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield the members of strings in which each of so many recordings stands once; the last may be shorter."""
    order, start = rng.permutation(count), 0
    while start < count:
        end = start + int(rng.integers(config.shortest, config.longest + 1))
        yield order[start:end]
        start = end


def describe(part: pd.DataFrame) -> dict[str, Any]:
    """Return what the report of the split says about a part."""
    words = part["targets"].map(lambda texts: len(texts[0].split()))
    sources = (np.asarray(source).tobytes() for source in part["source"])
    return {"rows": len(part), "words": int(words.sum()), "hash": fingerprint(sources, part["targets"])}
