"""The checks for leaks between parts of time series and in what was fitted on them.

Nothing of the splitting or of the scaler's fitting is used here: an error there must not hide itself.
"""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from stages.files import read_json

PARTS = ("train", "validation", "test")


def findings(dataset: str) -> tuple[dict[str, list[str]], dict[str, int]]:
    """Return a line for every leak, by check, and the rows of every part."""
    folder = Path("data/prepared", dataset)
    parts = {name: pd.read_parquet(folder / f"{name}.parquet") for name in PARTS}
    table = pd.read_parquet(folder / "table.parquet")
    scaler = read_json(folder / "window/scaler.json")
    arrays = {path.name.removesuffix(".npy"): np.load(path) for path in (folder / "window").glob("*.npy")}
    found = {
        "order_of_parts": order_of_parts(parts),
        "lost_values": lost_values(table, parts),
        "scaler": foreign_scaler(parts["train"], scaler),
        "naive_error": foreign_naive_error(parts["train"], scaler),
        "covariates": foreign_covariates(parts, scaler, arrays),
        "scaled_values": foreign_values(parts, scaler, arrays),
        "logarithms": without_logarithm(parts, scaler),
        "targets": strayed_targets(parts["train"], scaler, arrays),
        "room": without_room(parts["test"], scaler),
    }
    return found, {name: len(part) for name, part in parts.items()}


def order_of_parts(parts: dict[str, pd.DataFrame]) -> list[str]:
    """Return a line for every part that does not end before the next begins."""
    ends = {name: (part["timestamp"].min(), part["timestamp"].max()) for name, part in parts.items()}
    return [
        f"{one} goes on until {ends[one][1]}, but {other} begins at {ends[other][0]}"
        for one, other in pairwise(parts)
        if not ends[one][1] < ends[other][0]
    ]


def lost_values(table: pd.DataFrame, parts: dict[str, pd.DataFrame]) -> list[str]:
    """Return a line if the parts together are not the table up to the end of test."""
    keys = ["series", "timestamp", "value"]
    kept = table[table["timestamp"] <= parts["test"]["timestamp"].max()]
    joined = pd.concat(parts.values())[keys].sort_values(keys[:2], ignore_index=True)
    same = joined.equals(kept[keys].sort_values(keys[:2], ignore_index=True))
    return (
        [] if same else [f"the table has {len(kept)} values up to the end of test, the parts {len(joined)}, or others"]
    )


def foreign_scaler(train: pd.DataFrame, scaler: dict) -> list[str]:
    """Return a line for every series whose scaler is not what train alone gives."""
    lines = []
    for name, center, scale in zip(scaler["series"], scaler["center"], scaler["scale"], strict=True):
        values = train.loc[train["series"] == name, "value"]
        values = np.log(values) if scaler["logarithm"] else values
        expected = {
            "standard": (values.mean(), values.std(ddof=0)),
            "robust": (values.median(), values.quantile(0.75) - values.quantile(0.25)),
            "none": (0, 1),
        }[scaler["scaler"]]
        if not np.allclose((center, scale), expected):
            lines.append(
                f"{name}: centre {center:g} and scale {scale:g}, but train has {expected[0]:g}, {expected[1]:g}"
            )
    if sorted(set(train["series"])) != sorted(scaler["series"]):
        lines.append("the scaler's series are not those of train")
    return lines


def foreign_naive_error(train: pd.DataFrame, scaler: dict) -> list[str]:
    """Return a line for every series whose naive error, which MASE is measured in, is not what train alone gives."""
    lines = []
    for name, found in zip(scaler["series"], scaler["naive_error"], strict=True):
        own = train[train["series"] == name]
        missed = own["value"].where(~own["filled"]).diff(scaler["season"]).abs().mean()
        if not np.isclose(found, missed):
            lines.append(f"{name}: naive error {found:g}, but train has {missed:g}")
    return lines


def foreign_covariates(parts: dict[str, pd.DataFrame], scaler: dict, arrays: dict[str, np.ndarray]) -> list[str]:
    """Return a line for every covariate whose scaler is not what train alone gives, or that is scaled otherwise."""
    lines = []
    both = pd.concat([parts["train"], parts["validation"]])
    both = pd.concat([both[both["series"] == name].sort_values("timestamp") for name in scaler["series"]])
    for place, name in enumerate(scaler["covariates"]):
        train = parts["train"][f"covariate.{name}"]
        center, scale = train.mean(), train.std(ddof=0) if train.nunique() > 1 else 1.0
        if not np.allclose((scaler["covariate_center"][place], scaler["covariate_scale"][place]), (center, scale)):
            lines.append(f"{name}: the covariate's scaler is not what train gives, {center:g} and {scale:g}")
        expected = (both[f"covariate.{name}"].to_numpy() - center) / scale
        scaled = arrays["covariates"][:, place]
        if len(scaled) != len(expected) or not np.allclose(scaled, expected, rtol=1e-4, atol=1e-4):
            lines.append(f"{name}: the scaled covariate is not that of train and validation")
    return lines


def foreign_values(parts: dict[str, pd.DataFrame], scaler: dict, arrays: dict[str, np.ndarray]) -> list[str]:
    """Return a line for every series whose scaled values are not those of train and validation."""
    lines = []
    for place, (name, center, scale) in enumerate(
        zip(scaler["series"], scaler["center"], scaler["scale"], strict=True)
    ):
        own = [part.loc[part["series"] == name, "value"] for part in (parts["train"], parts["validation"])]
        values = np.concatenate(own)
        expected = ((np.log(values) if scaler["logarithm"] else values) - center) / scale
        scaled = arrays["values"][slice(*arrays["bounds"][place : place + 2])]
        if len(scaled) != len(expected) or not np.allclose(scaled, expected, rtol=1e-4, atol=1e-4):
            lines.append(f"{name}: the scaled values are not those of train and validation")
    return lines


def without_logarithm(parts: dict[str, pd.DataFrame], scaler: dict) -> list[str]:
    """Return a line for every value that has no logarithm where those are forecast: in test, `window` sees none."""
    rows = pd.concat(parts.values()).query("value <= 0") if scaler["logarithm"] else pd.DataFrame()
    return [f"{row.series} has the value {row.value:g} at {row.timestamp}" for row in rows.itertuples()]


def without_room(test: pd.DataFrame, scaler: dict) -> list[str]:
    """Return a line for every series whose test part no forecast fits into: only `evaluate` would meet it."""
    steps = test["series"].value_counts().reindex(scaler["series"], fill_value=0)
    return [
        f"series '{name}' has {count} steps in test, fewer than the horizon {scaler['horizon']}: lower window.horizon, "
        "or raise split.test"
        for name, count in steps.items()
        if count < scaler["horizon"]
    ]


def strayed_targets(train: pd.DataFrame, scaler: dict, arrays: dict[str, np.ndarray]) -> list[str]:
    """Return a line for every part whose windows have targets outside of it."""
    lengths = train.groupby("series", sort=False).size()[scaler["series"]].to_numpy()
    bounds, lines = arrays["bounds"], []
    limits = {"train": (bounds[:-1], bounds[:-1] + lengths), "validation": (bounds[:-1] + lengths, bounds[1:])}
    for part, (begins, ends) in limits.items():
        starts = arrays[f"{part}.starts"]
        series = np.searchsorted(bounds, starts, side="right") - 1
        first = starts + scaler["look_back"]
        astray = (first < begins[series]) | (first + scaler["horizon"] > ends[series])
        if astray.any():
            lines.append(f"{astray.sum()} window(s) of {part} have targets outside of it")
    return lines
