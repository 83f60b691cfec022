"""The checks for leaks between parts of signals and in what was fitted on them.

Nothing of `split` or of `window`'s fitting is used here: an error there must not hide itself. The frames that training
reads are made again from the parts.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from stages.config.dataset import Dataset
from stages.config.frames import WindowConfig
from stages.config.schema import PARTS, Part
from stages.data.frames import signals_of
from stages.runtime.files import read_json
from stages.tasks.base import Findings
from stages.tasks.classification.config import SplitConfig
from stages.tasks.classification.label_checks import empty_parts_or_labels, foreign_labels, stratification
from stages.tasks.classification.modeling.data import PREPARED_PARTS
from stages.tasks.signal_leakage import Expected, different_frames, foreign_scaler, shortened


def check_leaks(dataset: Dataset) -> Findings:
    """Return a line for every leak, by check."""
    split, config = dataset.params("split", SplitConfig), dataset.params("window", WindowConfig)
    parts = {name: pd.read_parquet(dataset.part(name)) for name in PARTS}
    official = set(pd.read_parquet(dataset.table, columns=["part"])["part"].dropna())
    folder, expected = dataset.prepared / "frames", Expected.of(signals_of(parts["train"]), config)
    labels = read_json(folder / "meta.json")["labels"]
    findings = {
        "shared_signals": shared_signals(parts),
        "empty_parts_or_labels": empty_parts_or_labels(parts, split.rare_below, official),
        "stratification": stratification(parts, split.tolerance, official),
        "labels": foreign_labels(parts["train"], labels),
        "scaler": foreign_scaler(read_json(folder / "scaler.json"), expected),
        "arrays": [],
    }
    for name in PREPARED_PARTS:
        names = ("values", "offsets", "labels")
        arrays = {kind: np.load(folder / f"{name}.{kind}.npy", mmap_mode="r") for kind in names}
        findings["arrays"] += foreign_arrays(name, parts[name], labels, arrays, expected)
    return findings


def shared_signals(parts: Mapping[Part, pd.DataFrame]) -> list[str]:
    """Return a line for every pair of parts that share a signal, whatever its label."""
    rows = {
        name: {
            (values.shape, (values + 0.0).tobytes()): row
            for values, row in zip(signals_of(part), part["id"], strict=True)
        }
        for name, part in parts.items()
    }
    lines = []
    for one, other in combinations(parts, 2):
        shared = [key for key in rows[one] if key in rows[other]]
        if shared:
            pairs = shortened([f"{rows[one][key]} = {rows[other][key]}" for key in shared])
            lines.append(f"{one} and {other} share {len(shared)} signal(s), rows {pairs}")
    return lines


def foreign_arrays(
    name: Part, part: pd.DataFrame, labels: Sequence[str], arrays: Mapping[str, np.ndarray], expected: Expected
) -> list[str]:
    """Return a line for whatever of the arrays that training reads is not what the part makes.

    Args:
        name: of the part.
        part: it.
        labels: the fitted ones.
        arrays: values (t, F), offsets (n + 1,), labels (n,).
        expected: what frames the signals make.
    """
    number = {label: place for place, label in enumerate(labels)}
    numbers = [number.get(label, -1) for label in part["label"]]
    lines = [] if arrays["labels"].tolist() == numbers else [f"{name}: the labels that train reads are not the part's"]
    ends = arrays["offsets"]
    if len(ends) != len(part) + 1:
        return [*lines, f"{name}: {len(ends) - 1} signals are prepared, but the part has {len(part)}"]
    if different := different_frames(part["id"].tolist(), signals_of(part), arrays["values"], ends, expected):
        rows = shortened(different)
        lines.append(f"{name}: the frames of {len(different)} signal(s) are not what the part makes: {rows}")
    return lines
