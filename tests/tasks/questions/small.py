"""A small dataset of questions, prepared by the stages, and models with small parameters."""

import json
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
from stages.data.generators.stories import make
from stages.split import split
from stages.tasks.discovery import find_task
from stages.tasks.questions.config import Section
from stages.tokenize import tokenize
from tests.tasks.classification.small import SMALL
from tests.tasks.models import model_names, small_parameters

ALL_MODELS = model_names("questions")
READING = {"text": "story", "label": "answer", "kind": "kind", "facts": "facts", "replay": True}
MAXIMUM = 96  # tokens of a text


def tiny_model(name: str, **overrides: Any) -> ModelConfig:
    """Return the small parameters of a model by its name."""
    return small_parameters("questions", name, SMALL | {"sentences": 12} | overrides)


def write_stories(path: Path, count: int, seed: int) -> None:
    """Write stories with a question each, a line each."""
    path.write_text("".join(json.dumps(row) + "\n" for row in make(seed, count)), encoding="utf-8")


def write_params(root: Path, entry: Mapping[str, Any] | None = None, **section: Any) -> Dataset:
    """Write the resolved parameters of a dataset `mine`: its entry's keys, and those of the task's section."""
    defaults = {
        "seeds": [1],
        "datasets": {"mine": {"source": {"path": "mine"}, "reading": READING} | dict(entry or {})},
        "training": {"min_steps": 1, "epochs": 2, "batch_size": 32, "buckets": 2},
        "models": {name: tiny_model(name).model_dump() for name in ALL_MODELS},
    }
    params = params_type({"questions": Section})(questions=defaults | section)
    write_resolved(params, Paths(root))
    return Dataset(Paths(root), "questions", "mine")


def prepare(dataset: Dataset) -> Dataset:
    """Read, split and tokenize a dataset whose raw files are there."""
    dataset.prepared.mkdir(parents=True)
    pq.write_table(find_task("questions").read(dataset).rows, dataset.table)
    split(dataset)
    tokenize(dataset)
    return dataset


def make_dataset(root: Path, **overrides: Any) -> Dataset:
    """Return a small dataset with official parts, read, split and prepared. `overrides`: as for `write_params`."""
    tokenizer = {"maximum_length": MAXIMUM, "vectors": "none"}
    dataset = write_params(root, **{"entry": {"tokenizer": tokenizer}} | overrides)
    dataset.raw.mkdir(parents=True)
    for seed, (part, count) in enumerate({"train": 180, "validation": 60, "test": 60}.items()):
        write_stories(dataset.raw / f"{part}.jsonl", count, seed)
    return prepare(dataset)


def alter_end(part: pd.DataFrame) -> pd.DataFrame:
    """Return a test part whose last stories are others, and longer."""
    altered, count = part.copy(), len(part) // 4
    last = altered.index[len(part) - count :]
    altered.loc[last, "text"] = altered.loc[last, "text"] + "\nMina ran to the sea." * 3
    return altered
