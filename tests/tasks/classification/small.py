"""A small dataset of texts, prepared by the stages, and models with small parameters."""

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
from stages.tasks.classification.config import Section
from stages.tasks.discovery import find_task
from stages.tokenize import tokenize
from tests.tasks.models import is_network, model_names, small_parameters

ALL_MODELS = model_names("classification")
NETWORKS = [name for name in ALL_MODELS if is_network("classification", name)]
BASELINES = [name for name in ALL_MODELS if name not in NETWORKS]
SMALL = {
    "units": 8,
    "filters": 8,
    "widths": (2, 3),
    "heads": 2,
    "width": 8,
    "embedding": 16,
    "embedding_dropout": 0.1,
    "dropout": 0.1,
    "learning_rate": 0.02,
}
LABELS = ["bad", "fine", "good"]
MAXIMUM = 24  # tokens of a text


def tiny_model(name: str, **overrides: Any) -> ModelConfig:
    """Return the small parameters of a model by its name."""
    return small_parameters("classification", name, SMALL | overrides)


def sentences(count: int, seed: int) -> tuple[list[str], np.ndarray]:
    """Return texts of 1 to 30 words, of which one gives the label away, and the labels' indices."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, len(LABELS), count)
    texts = []
    for label in labels:
        words = rng.choice([f"word{i}" for i in range(30)], rng.integers(0, 30)).tolist()
        words.insert(int(rng.integers(0, min(len(words), 20) + 1)), f"{LABELS[label]}ly")
        texts.append(" ".join(words))
    return texts, labels


def labelled(count: int, seed: int, weight: float = 1.0) -> pd.DataFrame:
    """Return rows of sentences with their labels, all of one weight."""
    texts, labels = sentences(count, seed)
    return pd.DataFrame({"text": texts, "label": np.array(LABELS)[labels], "weight": weight})


def mislabelled(count: int, seed: int, weight: float) -> pd.DataFrame:
    """Return rows of sentences with wrong labels, all of one weight."""
    texts, labels = sentences(count, seed)
    return pd.DataFrame({"text": texts, "label": np.array(LABELS)[(labels + 1) % len(LABELS)], "weight": weight})


def official_parts() -> dict[str, pd.DataFrame]:
    """Return parts whose train holds as many wrong labels as right ones, which count next to nothing in training."""
    train = pd.concat([labelled(300, 0, weight=2.0), mislabelled(300, 100, weight=0.002)])
    return {"train": train, "validation": labelled(60, 1), "test": labelled(60, 2)}


def write_params(root: Path, entry: Mapping[str, Any] | None = None, **section: Any) -> Dataset:
    """Write the resolved parameters of a dataset `mine`: its entry's keys, and those of the task's section."""
    paths = Paths(root)
    defaults = {
        "seeds": [1],
        "datasets": {"mine": {"source": {"path": "mine"}} | dict(entry or {})},
        "training": {"min_steps": 1, "epochs": 2, "batch_size": 16, "buckets": 2},
        "models": {name: tiny_model(name).model_dump() for name in ALL_MODELS},
    }
    params = params_type({"classification": Section})(classification=defaults | section)
    write_resolved(params, paths)
    return Dataset(paths, "classification", "mine")


def write_parts(dataset: Dataset, parts: Mapping[str, pd.DataFrame], official: tuple[str, ...] = ()) -> None:
    """Write parts, and the table that they are of, in which some of them are official."""
    for name, part in parts.items():
        path = dataset.prepared / "parts" / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        part.to_parquet(path, index=False)
    table = pd.concat([part.assign(part=name if name in official else None) for name, part in parts.items()])
    table.astype({"part": "str"}).to_parquet(dataset.table, index=False)


def make_dataset(root: Path, files: Mapping[str, pd.DataFrame] | None = None, **overrides: Any) -> Dataset:
    """Return a small dataset, read, split and tokenized.

    Args:
        root: the project's folder.
        files: raw tables by the file's stem; None: the official parts above.
        overrides: as for `write_params`.
    """
    entry = {
        "reading": {"weight": "weight"},
        "tokenizer": {"maximum_length": MAXIMUM, "vectors_width": 12},  # narrower than the models': the rest is random
    }
    dataset = write_params(root, **{"entry": entry} | overrides)
    dataset.raw.mkdir(parents=True)
    dataset.vectors.mkdir(parents=True)
    for stem, table in (official_parts() if files is None else files).items():
        table.to_csv(dataset.raw / f"{stem}.csv", index=False)
    dataset.prepared.mkdir(parents=True)
    pq.write_table(find_task("classification").read(dataset).rows, dataset.table)
    split(dataset)
    tokenize(dataset)
    return dataset


def alter_end(part: pd.DataFrame) -> pd.DataFrame:
    """Return a test part whose last texts are others."""
    altered, count = part.copy(), len(part) // 4
    altered.loc[altered.index[-count:], "text"] = "word1 unheard of " * 20
    return altered
