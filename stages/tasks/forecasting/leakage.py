"""The checks for leaks between parts of time series and in what was fitted on them.

They share no code with the splitter and the scaler: an error there must not hide itself.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from stages.config.dataset import Dataset
from stages.config.schema import PARTS, Part
from stages.runtime.files import read_json
from stages.tasks.base import Findings

Parts = Mapping[Part, pd.DataFrame]
Scaler = Mapping[str, Any]  # the content of scaler.json
Arrays = Mapping[str, np.ndarray]  # that `window` wrote, by file name


def check_leaks(dataset: Dataset) -> Findings:
    """Return a line for every leak, by check."""
    parts: dict[Part, pd.DataFrame] = {name: pd.read_parquet(dataset.part(name)) for name in PARTS}
    table, folder = pd.read_parquet(dataset.table), dataset.prepared / "window"
    scaler = read_json(folder / "scaler.json")
    arrays = {path.name.removesuffix(".npy"): np.load(path) for path in folder.glob("*.npy")}
    return {
        "order_of_parts": order_of_parts(parts),
        "lost_values": lost_values(table, parts),
        "scaler": wrong_scaler(parts["train"], scaler),
        "naive_error": wrong_naive_error(parts["train"], scaler),
        "covariates": wrong_covariates(parts, scaler, arrays),
        "scaled_values": wrong_values(parts, scaler, arrays),
        "logarithms": without_logarithm(parts, scaler),
        "targets": targets_outside(parts["train"], scaler, arrays),
        "room": without_room(parts["test"], scaler),
    }


def order_of_parts(parts: Parts) -> list[str]:
    """Return a line for every part that does not end before the next begins."""
    ends = {name: (part["timestamp"].min(), part["timestamp"].max()) for name, part in parts.items()}
    return [
        f"{one} goes on until {ends[one][1]}, but {other} begins at {ends[other][0]}"
        for one, other in pairwise(parts)
        if not ends[one][1] < ends[other][0]
    ]


def lost_values(table: pd.DataFrame, parts: Parts) -> list[str]:
    """Return a line if the parts together are not the table up to the end of test."""
    keys = ["series", "timestamp", "value"]
    kept = table[table["timestamp"] <= parts["test"]["timestamp"].max()]
    joined = pd.concat(parts.values())[keys].sort_values(keys[:2], ignore_index=True)
    same = joined.equals(kept[keys].sort_values(keys[:2], ignore_index=True))
    return (
        [] if same else [f"the table has {len(kept)} values up to the end of test, the parts {len(joined)}, or others"]
    )


def wrong_scaler(train: pd.DataFrame, scaler: Scaler) -> list[str]:
    """Return a line for every series whose scaler is not what train alone gives."""
    values = np.log(train["value"]) if scaler["logarithm"] else train["value"]
    groups = values.groupby(train["series"].to_numpy())
    center, scale = {
        "standard": lambda: (groups.mean(), groups.std(ddof=0)),
        "robust": lambda: (groups.median(), groups.quantile(0.75) - groups.quantile(0.25)),
        "none": lambda: (groups.size() * 0, groups.size() * 0 + 1),
    }[scaler["scaler"]]()
    expected = pd.DataFrame({"center": center, "scale": scale}).reindex(scaler["series"])
    given = pd.DataFrame({"center": scaler["center"], "scale": scaler["scale"]}, index=expected.index)
    wrong = np.flatnonzero(~np.isclose(given, expected).all(axis=1))
    lines = [
        f"{scaler['series'][place]}: centre {row.center:g} and scale {row.scale:g}, but train has {right.center:g}, "
        f"{right.scale:g}"
        for place, row, right in zip(
            wrong, given.iloc[wrong].itertuples(), expected.iloc[wrong].itertuples(), strict=True
        )
    ]
    if sorted(set(train["series"])) != sorted(scaler["series"]):
        lines.append("the scaler's series are not those of train")
    return lines


def wrong_naive_error(train: pd.DataFrame, scaler: Scaler) -> list[str]:
    """Return a line for every series whose naive error, the unit of MASE, is not what train alone gives."""
    series = train["series"].to_numpy()
    moves = train["value"].where(~train["filled"]).groupby(series).diff(scaler["season"]).abs()
    expected = moves.groupby(series).mean().reindex(scaler["series"]).to_numpy()
    wrong = np.flatnonzero(~np.isclose(scaler["naive_error"], expected))
    return [
        f"{scaler['series'][place]}: naive error {scaler['naive_error'][place]:g}, but train has {expected[place]:g}"
        for place in wrong
    ]


def wrong_covariates(parts: Parts, scaler: Scaler, arrays: Arrays) -> list[str]:
    """Return a line for every covariate whose scaler is not what train alone gives, or that is scaled otherwise."""
    lines = []
    both = pd.concat([parts["train"], parts["validation"]])
    places = pd.Categorical(both["series"], categories=scaler["series"]).codes
    both = both.assign(place=places)[places >= 0].sort_values(["place", "timestamp"], kind="stable")
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


def wrong_values(parts: Parts, scaler: Scaler, arrays: Arrays) -> list[str]:
    """Return a line for every series whose scaled values are not those of train and validation."""
    both = pd.concat([parts["train"], parts["validation"]])
    number = pd.Categorical(both["series"], categories=scaler["series"]).codes
    order = np.argsort(number, kind="stable")
    order = order[number[order] >= 0]
    values, number = both["value"].to_numpy()[order], number[order]
    values = np.log(values) if scaler["logarithm"] else values
    expected = (values - np.array(scaler["center"])[number]) / np.array(scaler["scale"])[number]
    lengths = np.bincount(number, minlength=len(scaler["series"]))
    wrong = set(np.flatnonzero(np.diff(arrays["bounds"]) != lengths).tolist())
    if not wrong:
        close = np.isclose(arrays["values"], expected, rtol=1e-4, atol=1e-4)
        wrong = set(number[~close].tolist())
    names = [scaler["series"][place] for place in sorted(wrong)]
    return [f"{name}: the scaled values are not those of train and validation" for name in names]


def without_logarithm(parts: Parts, scaler: Scaler) -> list[str]:
    """Return a line for every value without a logarithm where logarithms are forecast: `window` does not see test."""
    if not scaler["logarithm"]:
        return []
    rows = pd.concat(parts.values()).query("value <= 0")
    return [f"{row.series} has the value {row.value:g} at {row.timestamp}" for row in rows.itertuples()]


def without_room(test: pd.DataFrame, scaler: Scaler) -> list[str]:
    """Return a line for every series whose test part is shorter than a forecast: otherwise `evaluate` would fail."""
    steps = test["series"].value_counts().reindex(scaler["series"], fill_value=0)
    return [
        f"series '{name}' has {count} steps in test, fewer than the horizon {scaler['horizon']}: lower window.horizon, "
        "or raise split.test"
        for name, count in steps.items()
        if count < scaler["horizon"]
    ]


def targets_outside(train: pd.DataFrame, scaler: Scaler, arrays: Arrays) -> list[str]:
    """Return a line for every part whose windows have targets outside of it."""
    lengths = train["series"].value_counts().reindex(scaler["series"], fill_value=0).to_numpy()
    bounds, lines = arrays["bounds"], []
    limits = {"train": (bounds[:-1], bounds[:-1] + lengths), "validation": (bounds[:-1] + lengths, bounds[1:])}
    for part, (begins, ends) in limits.items():
        starts = arrays[f"{part}.starts"]
        series = np.searchsorted(bounds, starts, side="right") - 1
        first = starts + scaler["look_back"]
        outside = (first < begins[series]) | (first + scaler["horizon"] > ends[series])
        if outside.any():
            lines.append(f"{outside.sum()} window(s) of {part} have targets outside of it")
    return lines
