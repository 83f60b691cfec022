"""A table of recordings → the parts train, validation and test, and within each the strings that they are joined to.

Recordings are split before they are joined, by a hash of their values, or of their speaker where one is named.
Official parts stand.
"""

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from stages.config.schema import PARTS, Part
from stages.data.frames import signals_of
from stages.data.text import hash_to_unit
from stages.runtime.errors import UserError
from stages.runtime.remarks import dropped_rows
from stages.tasks.base import Split
from stages.tasks.speech.config import Compose, SplitConfig

NAMED_SPEAKERS = "; each part needs speakers of its own, where reading.speaker names them"
MANY = 200  # groups, of which a hash gives each part its share
COLUMNS = ["id", "source", "channels", "channel_names", "sample_rate", "targets", "recordings", "ends"]


def split_recordings(table: pd.DataFrame, config: SplitConfig) -> Split:
    """Return the three parts, a row for each recording or string of them, and the dropped recordings by reason.

    Dropped are recordings that say different things by the table though their values are the same, repetitions, and
    recordings outside an official part that also stand in it, or whose speaker does.

    Raises:
        UserError: a part is left without recordings.
    """
    part = table["part"].astype(object).where(table["part"].notna(), None)
    group = table["speaker"].where(table["speaker"].notna(), table["content"])
    reason = pd.Series(None, index=table.index, dtype=object)
    reason[table.groupby("content")["target"].transform("nunique") > 1] = "the same sound says different things"
    for official, later in (("test", ("validation", "train", None)), ("validation", ("train", None))):
        inside = group.isin(group[reason.isna() & (part == official)])
        late = part.map(lambda name, later=later: name in later)
        reason[reason.isna() & inside & late] = f"also in the {official} part"
    repeated = table[["content"]].assign(kept=reason.isna()).duplicated() & reason.isna()
    reason[repeated] = "repeated"
    kept = reason.isna()
    part = _draw(group, part, kept, config)
    dropped = {str(name): int(count) for name, count in reason.value_counts().sort_index().items()}
    rows = {name: table[kept & (part == name)] for name in PARTS}
    _refuse_empty(rows, dropped, table["speaker"].nunique())
    parts = {
        name: _composed(rows[name], config.compose, number) if config.compose else _alone(rows[name])
        for number, name in enumerate(PARTS)
    }
    details = {"recordings": {name: len(of_part) for name, of_part in rows.items()}, "composed": bool(config.compose)}
    remarks = [] if table["speaker"].notna().all() else ["no speakers are named: a voice of train may speak in test"]
    return Split(parts, dropped, details, remarks)


def _draw(group: pd.Series, part: pd.Series, kept: pd.Series, config: SplitConfig) -> pd.Series:
    """Assign recordings to parts by the hash of their group; official test and validation parts stand.

    Of few groups, such as speakers, a hash may give a part none: they are cut in the order of their hashes.
    """
    pool = kept & ~part.isin(["test", "validation"])
    position = hash_to_unit(group[pool], config.salt)
    count = position.nunique()
    if not count:
        return part
    if count < MANY:
        position = (position.rank(method="dense") - 0.5) / count
    drawn, edge = pd.Series("train", index=position.index, dtype=object), 0.0
    for name, share in (("test", config.test), ("validation", config.validation)):
        if not (part == name).any():
            share = max(share, 1 / count) if count < MANY else share
            drawn[(position >= edge) & (position < edge + share)] = name
            edge += share
    return part.where(~pool, drawn.reindex(part.index))


def _refuse_empty(rows: dict[Part, pd.DataFrame], dropped: dict[str, int], speakers: int) -> None:
    if empty := [name for name, of_part in rows.items() if of_part.empty]:
        sizes = ", ".join(f"{name} {len(of_part)}" for name, of_part in rows.items())
        reasons = f"; dropped: {dropped_rows(dropped)}" if dropped else ""
        raise UserError(
            f"no recording is left for {' and '.join(empty)} ({sizes}{reasons}): add recordings, or change the shares "
            f"or the salt under split{NAMED_SPEAKERS if speakers else ''}"
        )


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
    return {"rows": len(part), "words": int(words.sum()), "hash": part_hash(part)}


def part_hash(part: pd.DataFrame) -> str:
    """Return twelve hexadecimal digits that name a part: a hash of its sources and targets in their order."""
    digest = hashlib.sha256()
    for source, targets in zip(part["source"], part["targets"], strict=True):
        digest.update("\t".join(targets).encode() + np.asarray(source).tobytes())
    return digest.hexdigest()[:12]
