"""A small dataset of strings of sounds, prepared by the stages, and models with small parameters."""

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
from stages.tasks.speech.config import Section
from stages.window import window
from tests.tasks.models import model_names, small_parameters
from tests.tasks.seq2seq.small import SMALL

ALL_MODELS = model_names("speech")
OF_SPEECH = {"states": 2, "gaussians": 1, "iterations": 2, "frames": 4000}
WORDS = ["falls", "rises", "swings"]
ENTRY = {
    "source": {"path": "mine"},
    "split": {"validation": 0.2, "test": 0.25, "compose": {"shortest": 2, "longest": 3, "repeats": 3}},
    "window": {"maximum_length": 60, "frames_per_vector": 2},
    "tokenizer": {"maximum_length": 8},
}


def tiny_model(name: str, **overrides: Any) -> ModelConfig:
    """Return the small parameters of a model by its name."""
    return small_parameters("speech", name, SMALL | OF_SPEECH | overrides)


def sounds(count: int, seed: int = 0) -> tuple[list[np.ndarray], list[str]]:
    """Return sounds of 8 to 16 steps and two channels, whose first has the shape that the word names."""
    rng = np.random.default_rng(seed)
    values, words = [], []
    for _ in range(count):
        steps, word = int(rng.integers(8, 17)), WORDS[int(rng.integers(3))]
        at = np.linspace(0, 1, steps)
        shape = {"falls": 2 - 2 * at, "rises": 2 * at - 2, "swings": 3 * np.sin(6 * np.pi * at)}[word]
        values.append(np.stack([shape, np.zeros(steps)], axis=1) + 0.1 * rng.normal(size=(steps, 2)) + [5, 100])
        words.append(word)
    return values, words


def write_npz(path: Path, count: int = 200, seed: int = 0) -> None:
    """Write sounds as arrays."""
    values, words = sounds(count, seed)
    np.savez(path, X=np.concatenate(values), y=np.array(words), lengths=[len(each) for each in values])


def write_params(root: Path, entry: Mapping[str, Any] | None = None, **section: Any) -> Dataset:
    """Write the resolved parameters of a dataset `mine`: its entry's keys, and those of the task's section."""
    defaults = {
        "seeds": [1],
        "datasets": {"mine": ENTRY | dict(entry or {})},
        "training": {"min_steps": 1, "batch_tokens": 512, "buckets": 2},
        "decoding": {"beam": 2},
        "models": {name: tiny_model(name).model_dump(exclude={"shared"}) for name in ALL_MODELS},
    }
    params = params_type({"speech": Section})(speech=defaults | section)
    write_resolved(params, Paths(root))
    return Dataset(Paths(root), "speech", "mine")


def prepare(dataset: Dataset) -> Dataset:
    """Read, split and window a dataset whose raw files are there."""
    dataset.prepared.mkdir(parents=True, exist_ok=True)
    pq.write_table(find_task("speech").read(dataset).rows, dataset.table)
    split(dataset)
    window(dataset)
    return dataset


def make_dataset(root: Path, **overrides: Any) -> Dataset:
    """Return a small dataset, read, split and prepared. `overrides`: as for `write_params`."""
    dataset = write_params(root, **overrides)
    dataset.raw.mkdir(parents=True)
    write_npz(dataset.raw / "sounds.npz")
    return prepare(dataset)


def alter_end(part: pd.DataFrame) -> pd.DataFrame:
    """Return a test part whose last sources are others, and longer."""
    altered, count = part.copy(), len(part) // 4
    altered["source"] = [
        values if row < len(part) - count else np.concatenate([values[::-1] * 2, values])
        for row, values in enumerate(part["source"])
    ]
    return altered
