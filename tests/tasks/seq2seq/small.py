"""Small pairs, letters and the sounds that they stand for (an e is silent), prepared by the stages; small models."""

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
from stages.tasks.seq2seq.config import Section, Training
from stages.tasks.seq2seq.task import TASK
from stages.tokenize import tokenize
from stages.training.replica import Job
from tests.tasks.models import is_network, model_names, small_parameters

RNG = np.random.default_rng(0)
WORDS = sorted({"".join(RNG.choice(list("abcde"), RNG.integers(1, 8))) + "a" for _ in range(300)})
TSV = "source\ttarget\n" + "".join(f"{word}\t{' '.join(word.replace('e', '').upper())}\n" for word in WORDS)
ALL_MODELS = model_names("seq2seq")
NETWORKS = [name for name in ALL_MODELS if is_network("seq2seq", name)]
BASELINES = [name for name in ALL_MODELS if name not in NETWORKS]
SMALL = {"window": 1, "units": 16, "embedding": 8, "width": 8, "epochs": 3, "learning_rate": 0.01}
ENTRY = {
    "source": {"path": "mine"},
    "split": {"validation": 0.1, "test": 0.1},
    # Most words are read in the shorter of two lengths.
    "tokenizer": {"source": {"unit": "character", "maximum_length": 20}, "target": {"maximum_length": 12}},
}


def tiny_model(name: str, **overrides: Any) -> ModelConfig:
    """Return the small parameters of a model by its name."""
    return small_parameters("seq2seq", name, SMALL | overrides)


def write_params(root: Path, entry: Mapping[str, Any] | None = None, **section: Any) -> Dataset:
    """Write the resolved parameters of a dataset `mine`: its entry's keys, and those of the task's section."""
    paths = Paths(root)
    defaults = {
        "seeds": [1],
        "datasets": {"mine": ENTRY | dict(entry or {})},
        "training": {"min_steps": 1, "batch_tokens": 256, "buckets": 2},
        "decoding": {"beam": 2},
        "models": {name: tiny_model(name).model_dump() for name in ALL_MODELS},
    }
    params = params_type({"seq2seq": Section})(seq2seq=defaults | section)
    write_resolved(params, paths)
    return Dataset(paths, "seq2seq", "mine")


def make_dataset(root: Path, files: Mapping[str, str] | None = None, **overrides: Any) -> Dataset:
    """Return a small dataset, prepared from raw files (by name); `overrides`: as for `write_params`."""
    dataset = write_params(root, **overrides)
    dataset.raw.mkdir(parents=True)
    for name, content in ({"own.tsv": TSV} if files is None else files).items():
        (dataset.raw / name).write_text(content, encoding="utf-8")
    dataset.prepared.mkdir(parents=True)
    pq.write_table(TASK.read(dataset).rows, dataset.table)
    split(dataset)
    tokenize(dataset)
    return dataset


def make_job(name: str, dataset: Dataset, folder: Path, training: Training | None = None, **parameters: Any) -> Job:
    """Return what one replica of a small model is told."""
    training = training or Training(min_steps=1, batch_tokens=256, buckets=2, ema_decay=0.5, patience=99)
    return Job(dataset, name, tiny_model(name, **parameters), training, 1, folder / "model", folder / "checkpoint")


def alter_end(part: pd.DataFrame) -> pd.DataFrame:
    """Return a test part whose last sources are others."""
    altered, count = part.copy(), len(part) // 4
    altered.loc[altered.index[-count:], "source"] = "abcdeabcdeabcde"
    return altered
