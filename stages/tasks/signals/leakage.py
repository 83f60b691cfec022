"""The checks for leaks between parts of signals and in what was fitted on them.

Nothing of `split` or of `window`'s fitting is used here: an error there must not hide itself. The frames that training
reads are made again from the parts.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple, Self

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
    folder, expected = dataset.prepared / "frames", Expected.of(parts["train"], config)
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


class Expected(NamedTuple):
    """What the scaler must be, and what frames it makes."""

    mean: np.ndarray  # (F,)
    deviation: np.ndarray  # (F,)
    config: WindowConfig

    @classmethod
    def of(cls, train: pd.DataFrame, config: WindowConfig) -> Self:
        """Return it for all steps of train together."""
        together = np.concatenate(signals(train))
        return cls(together.mean(axis=0), _deviation(together), config)

    def frames(self, values: np.ndarray) -> np.ndarray:
        """Return the frames (T, F) of a signal (steps, F), cut."""
        mean, deviation = self.mean, self.deviation
        if self.config.scaler == "each":
            mean, deviation = values.mean(axis=0), _deviation(values)
        if self.config.scaler != "none":
            values = (values - mean) / deviation
        if (steps := self.config.steps_per_frame) > 1:
            framed = [values[start : start + steps].mean(axis=0) for start in range(0, len(values), steps)]
            values = np.array(framed).reshape(-1, values.shape[1])
        return values[: self.config.maximum_length]


def _deviation(values: np.ndarray) -> np.ndarray:
    """Return each channel's standard deviation, 1 where it is constant but for rounding."""
    constant = values.std(axis=0) <= 1e-12 * np.abs(values).max(axis=0, initial=0)
    return np.where(constant, 1.0, values.std(axis=0))


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


def foreign_scaler(scaler: Mapping[str, Any], expected: Expected) -> list[str]:
    """Return a line for whatever of the scaler is not train's, or not as the parameters say.

    Sums of many values of a level far above their spread are rounded by the order that they are added in.
    """
    rounding = 1e-9 + 1e-12 * np.abs(expected.mean) / expected.deviation
    lines = [
        f"fitted {name} {np.round(fitted, 6).tolist()} is not train's {np.round(of_train, 6).tolist()}"
        for name, fitted, of_train in (
            ("mean", scaler["mean"], expected.mean),
            ("deviation", scaler["deviation"], expected.deviation),
        )
        if len(fitted) != len(of_train) or (np.abs(fitted - of_train) / expected.deviation > rounding).any()
    ]
    if (scaler["kind"], scaler["steps_per_frame"]) != (expected.config.scaler, expected.config.steps_per_frame):
        lines.append("the scaler is not of the kind that params.yaml names")
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
    different = [
        row
        for row, values, start, end in zip(part["id"], signals(part), ends[:-1], ends[1:], strict=True)
        if not _alike(arrays["values"][start:end], expected.frames(values))
    ]
    if different:
        more = f" and {len(different) - LISTED} more" if len(different) > LISTED else ""
        rows = ", ".join(different[:LISTED]) + more
        lines.append(f"{name}: the frames of {len(different)} signal(s) are not what the part makes: {rows}")
    return lines


def _alike(one: np.ndarray, other: np.ndarray) -> bool:
    return one.shape == other.shape and np.allclose(one, other, rtol=TOLERANCE, atol=TOLERANCE)
