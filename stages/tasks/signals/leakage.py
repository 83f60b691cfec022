"""The checks for leaks between parts of signals and in what was fitted on them.

Nothing of `split` or of `window`'s fitting is used here: an error there must not hide itself. The frames that training
reads are made again from the parts.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from stages.config.dataset import Dataset
from stages.config.schema import PARTS, Part
from stages.runtime.files import read_json
from stages.tasks.base import Findings
from stages.tasks.classification.config import SplitConfig
from stages.tasks.classification.label_checks import empty_parts_or_labels, foreign_labels, stratification
from stages.tasks.classification.modeling.data import PREPARED_PARTS
from stages.tasks.signals.config import WindowConfig

LISTED = 5  # offending rows that a finding names
TOLERANCE = 1e-4  # of a standardised value, which training reads in single precision


def check_leaks(dataset: Dataset) -> Findings:
    """Return a line for every leak, by check."""
    split, config = dataset.params("split", SplitConfig), dataset.params("window", WindowConfig)
    parts = {name: pd.read_parquet(dataset.part(name)) for name in PARTS}
    official = set(pd.read_parquet(dataset.table, columns=["part"])["part"].dropna())
    folder, labels = dataset.prepared / "frames", read_json(dataset.prepared / "frames" / "meta.json")["labels"]
    findings = {
        "shared_signals": shared_signals(parts),
        "empty_parts_or_labels": empty_parts_or_labels(parts, split.rare_below, official),
        "stratification": stratification(parts, split.tolerance, official),
        "labels": foreign_labels(parts["train"], labels),
        "scaler": foreign_scaler(parts["train"], read_json(folder / "scaler.json"), config),
        "arrays": [],
    }
    for name in PREPARED_PARTS:
        names = ("values", "offsets", "labels")
        arrays = {kind: np.load(folder / f"{name}.{kind}.npy", mmap_mode="r") for kind in names}
        findings["arrays"] += foreign_arrays(name, parts[name], parts["train"], labels, arrays, config)
    return findings


def signals(part: pd.DataFrame) -> list[np.ndarray]:
    """Return a part's signals, (steps, F) each."""
    columns = (part["values"], part["channels"])
    return [np.asarray(values).reshape(-1, channels) for values, channels in zip(*columns, strict=True)]


def shared_signals(parts: Mapping[Part, pd.DataFrame]) -> list[str]:
    """Return a line for every pair of parts that share a signal, whatever its label."""
    rows = {
        name: {
            (values.shape, (values + 0.0).tobytes()): row for values, row in zip(signals(part), part["id"], strict=True)
        }
        for name, part in parts.items()
    }
    lines = []
    for one, other in combinations(parts, 2):
        shared = [key for key in rows[one] if key in rows[other]]
        if shared:
            pairs = ", ".join(f"{rows[one][key]} = {rows[other][key]}" for key in shared[:LISTED])
            more = f" and {len(shared) - LISTED} more" if len(shared) > LISTED else ""
            lines.append(f"{one} and {other} share {len(shared)} signal(s), rows {pairs}{more}")
    return lines


def train_statistics(train: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and the deviation of each channel over all steps of train, 1 where it is constant."""
    together = np.concatenate(signals(train))
    deviation = together.std(axis=0)
    constant = deviation <= 1e-12 * np.abs(together).max(axis=0, initial=0)
    return together.mean(axis=0), np.where(constant, 1.0, deviation)


def foreign_scaler(train: pd.DataFrame, scaler: Mapping[str, Any], config: WindowConfig) -> list[str]:
    """Return a line for whatever of the scaler is not train's, or not as the parameters say."""
    mean, deviation = train_statistics(train)
    lines = [
        f"fitted {name} {np.round(fitted, 6).tolist()} is not train's {np.round(expected, 6).tolist()}"
        for name, fitted, expected in (("mean", scaler["mean"], mean), ("deviation", scaler["deviation"], deviation))
        if len(fitted) != len(expected) or not np.allclose((np.array(fitted) - expected) / deviation, 0, atol=1e-9)
    ]
    if (scaler["kind"], scaler["steps_per_frame"]) != (config.scaler, config.steps_per_frame):
        lines.append("the scaler is not of the kind that params.yaml names")
    return lines


def foreign_arrays(
    name: Part,
    part: pd.DataFrame,
    train: pd.DataFrame,
    labels: Sequence[str],
    arrays: Mapping[str, np.ndarray],
    config: WindowConfig,
) -> list[str]:
    """Return a line for whatever of the arrays that training reads is not what the part makes.

    Args:
        name: of the part.
        part: it.
        train: what the scaler is fitted on.
        labels: the fitted ones.
        arrays: values (t, F), offsets (n + 1,), labels (n,).
        config: how a signal becomes frames.
    """
    expected = [np.array(labels).tolist().index(label) if label in labels else -1 for label in part["label"]]
    lines = [] if arrays["labels"].tolist() == expected else [f"{name}: the labels that train reads are not the part's"]
    if len(arrays["offsets"]) != len(part) + 1:
        return [*lines, f"{name}: {len(arrays['offsets']) - 1} signals are prepared, but the part has {len(part)}"]
    mean, deviation = train_statistics(train)
    different = [
        row
        for row, values, start, end in zip(
            part["id"], signals(part), arrays["offsets"][:-1], arrays["offsets"][1:], strict=True
        )
        if not _alike(arrays["values"][start:end], _frames(values, mean, deviation, config))
    ]
    if different:
        rows = ", ".join(different[:LISTED]) + (
            f" and {len(different) - LISTED} more" if len(different) > LISTED else ""
        )
        lines.append(f"{name}: the frames of {len(different)} signal(s) are not what the part makes: {rows}")
    return lines


def _frames(values: np.ndarray, mean: np.ndarray, deviation: np.ndarray, config: WindowConfig) -> np.ndarray:
    if config.scaler == "each":
        own = values.std(axis=0)
        constant = own <= 1e-12 * np.abs(values).max(axis=0, initial=0)
        mean, deviation = values.mean(axis=0), np.where(constant, 1.0, own)
    if config.scaler != "none":
        values = (values - mean) / deviation
    groups = range(0, len(values), config.steps_per_frame)
    framed = [values[start : start + config.steps_per_frame].mean(axis=0) for start in groups]
    return np.array(framed[: config.maximum_length]).reshape(-1, values.shape[1])


def _alike(one: np.ndarray, other: np.ndarray) -> bool:
    return one.shape == other.shape and np.allclose(one, other, rtol=TOLERANCE, atol=TOLERANCE)
