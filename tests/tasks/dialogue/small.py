"""Small conversations, prepared by the stages, and models with small parameters."""

import json
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
from stages.tasks.dialogue.config import Section
from stages.tasks.discovery import find_task
from stages.tokenize import tokenize
from tests.tasks.models import model_names, small_parameters
from tests.tasks.seq2seq.small import SMALL

ALL_MODELS = model_names("dialogue")
TOPICS = ("tea", "rain", "trains", "cats", "books", "snow", "bread", "songs")


def tiny_model(name: str, **overrides: Any) -> ModelConfig:
    """Return the small parameters of a model by its name."""
    return small_parameters("dialogue", name, SMALL | {"lexical": 1.0} | overrides)


def conversations(count: int, seed: int) -> list[list[dict[str, str]]]:
    """Return conversations of two people, each about one topic, whose words come again in a reply."""
    rng = np.random.default_rng(seed)
    results = []
    for number in range(count):
        topic, turns = TOPICS[int(rng.integers(len(TOPICS)))], []
        for turn in range(int(rng.integers(3, 6))):
            words = " ".join(rng.choice([f"word{i}" for i in range(60)], 3))
            turns.append({"speaker": f"p{seed}-{number}-{turn % 2}", "text": f"{words} {topic}"})
        results.append(turns)
    return results


def write_conversations(path: Path, count: int, seed: int) -> None:
    """Write conversations, a line each."""
    lines = (json.dumps({"turns": turns}) for turns in conversations(count, seed))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_params(root: Path, entry: Mapping[str, Any] | None = None, **section: Any) -> Dataset:
    """Write the resolved parameters of a dataset `mine`: its entry's keys, and those of the task's section."""
    tokenizer = {"shared": True, "target": {"unit": "word", "maximum_length": 16}}
    defaults = {
        "seeds": [1],
        "datasets": {"mine": {"source": {"path": "mine"}, "tokenizer": tokenizer} | dict(entry or {})},
        "training": {"min_steps": 1, "batch_tokens": 256, "buckets": 1},
        "decoding": {"beam": 2},
        "models": {name: tiny_model(name).model_dump() for name in ALL_MODELS},
    }
    params = params_type({"dialogue": Section})(dialogue=defaults | section)
    write_resolved(params, Paths(root))
    return Dataset(Paths(root), "dialogue", "mine")


def prepare(dataset: Dataset) -> Dataset:
    """Read, split and tokenize a dataset whose raw files are there."""
    dataset.prepared.mkdir(parents=True)
    pq.write_table(find_task("dialogue").read(dataset).rows, dataset.table)
    split(dataset)
    tokenize(dataset)
    return dataset


def make_dataset(root: Path, **overrides: Any) -> Dataset:
    """Return a small dataset with official parts, read, split and prepared. `overrides`: as for `write_params`."""
    dataset = write_params(root, **overrides)
    dataset.raw.mkdir(parents=True)
    for seed, (part, count) in enumerate({"train": 80, "validation": 20, "test": 20}.items()):
        write_conversations(dataset.raw / f"{part}.jsonl", count, seed)
    return prepare(dataset)


def alter_end(part: pd.DataFrame) -> pd.DataFrame:
    """Return a test part before whose last replies other things were said."""
    altered, count = part.copy(), len(part) // 4
    altered.loc[altered.index[-count:], "source"] = "word1 word2 tea ‖ word3 rain and more of it"
    return altered
