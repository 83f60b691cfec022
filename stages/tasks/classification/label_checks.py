"""The checks of parts by their labels, for classifiers of anything; see `leakage`."""

from collections.abc import Mapping, Sequence, Set

import numpy as np
import pandas as pd

from stages.config.schema import PARTS, Part


def empty_parts_or_labels(parts: Mapping[Part, pd.DataFrame], rare_below: int, official: Set[str]) -> list[str]:
    """Return a line for every part without rows, and every label that a drawn part has no row of, or has alone.

    A label whose rows are too few for every part may stand in train alone. Official parts are as they are.
    """
    lines = [f"{name} is empty" for name, part in parts.items() if part.empty]
    drawn: list[Part] = [name for name in PARTS if name != "train" and name not in official]
    counts = pd.concat([part["label"] for name, part in parts.items() if name in ("train", *drawn)]).value_counts()
    needed = set(counts.index[counts >= max(rare_below, 1 + len(drawn))])
    for name in drawn:
        labels = set(parts[name]["label"])
        if lacking := sorted(needed - labels) if labels else []:
            lines.append(f"{name} has no row with the label {', '.join(map(repr, lacking))}")
        if alone := sorted(labels - set(parts["train"]["label"])) if len(parts["train"]) else []:
            lines.append(f"train has no row with the label {', '.join(map(repr, alone))}, which {name} has")
    return lines


def stratification(parts: Mapping[Part, pd.DataFrame], tolerance: float, official: Set[str]) -> list[str]:
    """Return a line for every label whose share in a drawn part is further from its share in train than allowed.

    Beside the tolerance, three standard errors of a share in a random part of that size are allowed, since most
    labels are drawn by hash. Official parts are as they are.
    """
    shares = {name: part["label"].value_counts(normalize=True) for name, part in parts.items() if len(part)}
    lines = []
    for name in set(shares) - official - {"train"} if "train" in shares else ():
        expected = shares["train"].reindex(shares["train"].index.union(shares[name].index), fill_value=0)
        error = np.sqrt(expected * (1 - expected) / len(parts[name]))
        gap = (shares[name].reindex(expected.index, fill_value=0) - expected).abs()
        for label in gap.index[gap > tolerance + 3 * error]:
            lines.append(
                f"{name}: label '{label}' has a share {gap[label]:.3f} away from train's {expected[label]:.3f}"
            )
    return sorted(lines)


def foreign_labels(train: pd.DataFrame, labels: Sequence[str]) -> list[str]:
    """Return a line if the fitted label set is not that of train."""
    expected = sorted(train["label"].unique())
    return [] if expected == labels else [f"fitted labels {labels} are not train's {expected}"]
