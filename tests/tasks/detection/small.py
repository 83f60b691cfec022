"""A small dataset of scenes of made-up shapes, prepared by the stages, and models with small parameters."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from stages.config.dataset import Dataset
from stages.config.loader import params_type
from stages.config.paths import Paths
from stages.config.resolved import write_resolved
from stages.config.schema import ModelConfig
from stages.split import split
from stages.tasks.detection.config import Section
from stages.tasks.discovery import find_task
from stages.window import window
from tests.tasks.captioning.small import ENTRY as OF_CAPTIONS
from tests.tasks.captioning.small import alter_end as alter_end
from tests.tasks.captioning.small import write_pixels
from tests.tasks.models import model_names, small_parameters

ALL_MODELS = model_names("detection")
SMALL = {"units": 16, "embedding": 8, "epochs": 3, "learning_rate": 0.01, "landmarks": 20, "smallest": 3}
ENTRY = {
    "source": {"path": "mine"},
    "reading": OF_CAPTIONS["reading"] | {"boxes": None},
    "split": OF_CAPTIONS["split"],
    "window": {"height": 20, "width": 20, "filters": [4, 8], "regions": 4},
}


def tiny_model(name: str, **overrides: Any) -> ModelConfig:
    """Return the small parameters of a model by its name."""
    return small_parameters("detection", name, SMALL | overrides)


def write_params(root: Path, entry: Mapping[str, Any] | None = None, **section: Any) -> Dataset:
    """Write the resolved parameters of a dataset `mine`: its entry's keys, and those of the task's section."""
    defaults = {
        "seeds": [1],
        "datasets": {"mine": ENTRY | dict(entry or {})},
        "training": {"min_steps": 1, "batch_size": 16},
        "models": {name: tiny_model(name).model_dump() for name in ALL_MODELS},
    }
    params = params_type({"detection": Section})(detection=defaults | section)
    write_resolved(params, Paths(root))
    return Dataset(Paths(root), "detection", "mine")


def prepare(dataset: Dataset) -> Dataset:
    """Read, split and window a dataset whose raw files are there."""
    dataset.prepared.mkdir(parents=True, exist_ok=True)
    pq.write_table(find_task("detection").read(dataset).rows, dataset.table)
    split(dataset)
    window(dataset)
    return dataset


def make_dataset(root: Path, **overrides: Any) -> Dataset:
    """Return a small dataset, read, split and prepared. `overrides`: as for `write_params`."""
    dataset = write_params(root, **overrides)
    dataset.raw.mkdir(parents=True)
    write_pixels(dataset.raw / "shapes.csv")
    return prepare(dataset)
