"""A small dataset of scenes of made-up shapes, prepared by the stages, and models with small parameters."""

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
from stages.tasks.captioning.config import Section
from stages.tasks.discovery import find_task
from stages.window import window
from tests.tasks.models import model_names, small_parameters
from tests.tasks.seq2seq.small import SMALL

ALL_MODELS = model_names("captioning")
OF_PICTURES = {"side": 8, "landmarks": 20, "smallest": 3}
SIDE = 8
SHAPES = ["bar", "cross", "ring"]
ENTRY = {
    "source": {"path": "mine"},
    "reading": {"pixels": {"height": SIDE, "width": SIDE, "label": "last"}},
    "split": {
        "validation": 0.2,
        "test": 0.25,
        "compose": {"side": 20, "most": 2, "clutter": 1, "fragment": 2, "repeats": 2},
    },
    "window": {"height": 20, "width": 20, "filters": [4, 8]},
    "tokenizer": {"maximum_length": 12},
}


def tiny_model(name: str, **overrides: Any) -> ModelConfig:
    """Return the small parameters of a model by its name."""
    return small_parameters("captioning", name, SMALL | OF_PICTURES | overrides)


def draw(shape: str, rng: np.random.Generator) -> np.ndarray:
    """Return a shape, SIDE by SIDE bytes, of a random brightness."""
    picture, bright = np.zeros((SIDE, SIDE), np.uint8), int(rng.integers(150, 256))
    if shape == "bar":
        picture[1:7, 3:5] = bright
    elif shape == "cross":
        picture[3:5, 1:7] = picture[1:7, 3:5] = bright
    else:
        picture[1:7, 1:7], picture[3:5, 3:5] = bright, 0
    picture[int(rng.integers(SIDE)), int(rng.integers(SIDE))] = int(rng.integers(20, 60))  # so that no two are alike
    return picture


def write_pixels(path: Path, count: int = 150, seed: int = 0, header: bool = False) -> None:
    """Write a table with a shape a row, its name last."""
    rng = np.random.default_rng(seed)
    names = [SHAPES[int(rng.integers(3))] for _ in range(count)]
    rows = [[*map(str, draw(name, rng).ravel()), name] for name in names]
    first = [[*(f"pixel{place}" for place in range(SIDE * SIDE)), "label"]] if header else []
    path.write_text("\n".join(map(",".join, [*first, *rows])) + "\n", encoding="utf-8")


def write_params(root: Path, entry: Mapping[str, Any] | None = None, **section: Any) -> Dataset:
    """Write the resolved parameters of a dataset `mine`: its entry's keys, and those of the task's section."""
    defaults = {
        "seeds": [1],
        "datasets": {"mine": ENTRY | dict(entry or {})},
        "training": {"min_steps": 1, "batch_tokens": 320, "buckets": 2},
        "decoding": {"beam": 2},
        "models": {name: tiny_model(name).model_dump(exclude={"shared"}) for name in ALL_MODELS},
    }
    params = params_type({"captioning": Section})(captioning=defaults | section)
    write_resolved(params, Paths(root))
    return Dataset(Paths(root), "captioning", "mine")


def prepare(dataset: Dataset) -> Dataset:
    """Read, split and window a dataset whose raw files are there."""
    dataset.prepared.mkdir(parents=True, exist_ok=True)
    pq.write_table(find_task("captioning").read(dataset).rows, dataset.table)
    split(dataset)
    window(dataset)
    return dataset


def make_dataset(root: Path, **overrides: Any) -> Dataset:
    """Return a small dataset, read, split and prepared. `overrides`: as for `write_params`."""
    dataset = write_params(root, **overrides)
    dataset.raw.mkdir(parents=True)
    write_pixels(dataset.raw / "shapes.csv")
    return prepare(dataset)


def alter_end(part: pd.DataFrame) -> pd.DataFrame:
    """Return a test part whose last pictures are others."""
    altered, count = part.copy(), len(part) // 4
    altered["pixels"] = [
        pixels if row < len(part) - count else pixels[::-1] for row, pixels in enumerate(part["pixels"])
    ]
    return altered
