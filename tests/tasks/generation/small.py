"""A small dataset of running text, prepared by the stages, and models with small parameters."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from stages.config.dataset import Dataset
from stages.config.loader import params_type
from stages.config.paths import Paths
from stages.config.resolved import write_resolved
from stages.config.schema import ModelConfig
from stages.split import split
from stages.tasks.discovery import find_task
from stages.tasks.generation.config import Section
from stages.window import window
from tests.tasks.models import is_network, model_names, small_parameters

TEXT = "the cat sat on the mat.\nthe dog sat on the cat.\n" * 300
ALL_MODELS = model_names("generation")
NETWORKS = [name for name in ALL_MODELS if is_network("generation", name)]
BASELINES = [name for name in ALL_MODELS if name not in NETWORKS]
SMALL = {
    "order": 4,
    "units": 8,
    "filters": 8,
    "embedding": 4,
    "blocks": 3,
    "latent": 4,
    "chunk_length": 16,
    "dropout": 0.1,
    "learning_rate": 0.01,
    "epochs": 2,
}


def tiny_model(name: str, **overrides: Any) -> ModelConfig:
    """Return the small parameters of a model by its name."""
    return small_parameters("generation", name, SMALL | overrides)


def write_params(root: Path, entry: Mapping[str, Any] | None = None, **section: Any) -> Dataset:
    """Write the resolved parameters of a dataset `mine`: its entry's keys, and those of the task's section."""
    paths = Paths(root)
    models = {name: tiny_model(name).model_dump() for name in ALL_MODELS}
    defaults = {
        "seeds": [1],
        "datasets": {"mine": {"source": {"path": "mine"}, "window": {"length": 32}} | dict(entry or {})},
        "training": {"min_steps": 1, "batch_size": 8, "steps_per_epoch": 10},
        "sampling": {"length": 60, "temperatures": [0, 1]},
        "models": models,
    }
    write_resolved(params_type({"generation": Section})(generation=defaults | section), paths)
    return Dataset(paths, "generation", "mine")


def write_raw(dataset: Dataset, files: Mapping[str, bytes]) -> None:
    """Write a dataset's raw files."""
    dataset.raw.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (dataset.raw / name).write_bytes(content)


def prepare(dataset: Dataset) -> None:
    """Read a dataset's raw files, split the table and prepare the parts."""
    dataset.prepared.mkdir(parents=True, exist_ok=True)
    pq.write_table(find_task("generation").read(dataset).rows, dataset.table)
    split(dataset)
    window(dataset)


def make_dataset(root: Path, files: Mapping[str, bytes] | None = None, **overrides: Any) -> Dataset:
    """Return a small dataset, prepared from raw files (by name); `overrides`: as for `write_params`."""
    dataset = write_params(root, **overrides)
    write_raw(dataset, {"mine.txt": TEXT.encode()} if files is None else files)
    prepare(dataset)
    return dataset


def alter_end(part: pd.DataFrame) -> pd.DataFrame:
    """Return a test part whose text ends in other words."""
    end = "a dog and another cat.\n" * 5
    return part.assign(text=part["text"].str[: -len(end)] + end)
