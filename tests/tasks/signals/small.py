"""A small dataset of signals, prepared by the stages, and models with small parameters."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from stages.config.dataset import Dataset
from stages.config.loader import params_type
from stages.config.paths import Paths
from stages.config.resolved import write_resolved
from stages.config.schema import ModelConfig
from stages.split import split
from stages.tasks.discovery import find_task
from stages.tasks.signals.config import Section
from stages.window import window
from tests.tasks.classification.small import SMALL
from tests.tasks.models import model_names, small_parameters

ALL_MODELS = model_names("signals")
OF_SIGNALS = {"features": 168, "dilations": 2, "neighbours": 40, "longest": 12, "embedding_dropout": 0.0}
LABELS = ["falls", "rises", "swings"]
MAXIMUM = 24  # frames of a signal


def tiny_model(name: str, **overrides: Any) -> ModelConfig:
    """Return the small parameters of a model by its name."""
    return small_parameters("signals", name, SMALL | OF_SIGNALS | overrides)


def signals(count: int, seed: int) -> tuple[list[np.ndarray], list[str]]:
    """Return signals of 5 to 30 steps and two channels, whose first has the shape that the label names."""
    rng = np.random.default_rng(seed)
    values, labels = [], []
    for _ in range(count):
        steps, label = int(rng.integers(5, 31)), LABELS[int(rng.integers(3))]
        at = np.linspace(0, 1, steps)
        shape = {"falls": -at, "rises": at, "swings": np.sin(6 * np.pi * at)}[label]
        values.append(np.stack([shape, np.zeros(steps)], axis=1) + 0.1 * rng.normal(size=(steps, 2)) + [5, 100])
        labels.append(label)
    return values, labels


def write_npz(path: Path, count: int, seed: int) -> None:
    """Write signals as arrays."""
    values, labels = signals(count, seed)
    np.savez(path, X=np.concatenate(values), y=np.array(labels), lengths=[len(each) for each in values])


def write_params(root: Path, entry: Mapping[str, Any] | None = None, **section: Any) -> Dataset:
    """Write the resolved parameters of a dataset `mine`: its entry's keys, and those of the task's section."""
    defaults = {
        "seeds": [1],
        "datasets": {"mine": {"source": {"path": "mine"}} | dict(entry or {})},
        "training": {"min_steps": 1, "epochs": 2, "batch_size": 16, "buckets": 2},
        "models": {name: tiny_model(name).model_dump(exclude={"vectors", "frozen"}) for name in ALL_MODELS},
    }
    params = params_type({"signals": Section})(signals=defaults | section)
    write_resolved(params, Paths(root))
    return Dataset(Paths(root), "signals", "mine")


def prepare(dataset: Dataset) -> Dataset:
    """Read, split and window a dataset whose raw files are there."""
    dataset.prepared.mkdir(parents=True)
    pq.write_table(find_task("signals").read(dataset).rows, dataset.table)
    split(dataset)
    window(dataset)
    return dataset


def make_dataset(root: Path, **overrides: Any) -> Dataset:
    """Return a small dataset with official parts, read, split and prepared. `overrides`: as for `write_params`."""
    dataset = write_params(root, **{"entry": {"window": {"maximum_length": MAXIMUM}}} | overrides)
    dataset.raw.mkdir(parents=True)
    for seed, (part, count) in enumerate({"train": 150, "validation": 40, "test": 40}.items()):
        write_npz(dataset.raw / f"{part}.npz", count, seed)
    return prepare(dataset)


def alter_end(part: pd.DataFrame) -> pd.DataFrame:
    """Return a test part whose last signals are others."""
    altered, count = part.copy(), len(part) // 4
    altered["values"] = [
        values if row < len(part) - count else values[::-1] * 3 for row, values in enumerate(part["values"])
    ]
    return altered
