"""A small dataset of two series, prepared by the stages, and models with small parameters."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from stages.config.dataset import Dataset
from stages.config.loader import params_type
from stages.config.paths import Paths
from stages.config.resolved import write_resolved
from stages.config.schema import ModelConfig, Part
from stages.split import split
from stages.tasks.base import Split
from stages.tasks.discovery import find_task
from stages.tasks.forecasting.config import Reading, Section, SplitConfig, WindowConfig
from stages.tasks.forecasting.modeling.data import Prepared
from stages.tasks.forecasting.splitter import split_series
from stages.tasks.forecasting.unfit import Rule, Unfit
from stages.tasks.forecasting.windowing import write_windows
from stages.window import window
from tests.tasks.models import is_network, model_names, small_parameters

ALL_MODELS = model_names("forecasting")
NETWORKS = [name for name in ALL_MODELS if is_network("forecasting", name)]
SMALL = {"units": 8, "filters": 8, "blocks": 3, "position": 4, "segment": 4, "learning_rate": 0.01, "epochs": 2}
ENTRY = {
    "source": {"path": "mine"},
    "reading": {"covariates": ["holiday"]},
    "split": {"validation": 0.2, "test": 0.2},
    "window": {"look_back": 24, "horizon": 8, "season": 8, "calendar": ["hour"]},
}
WINDOW = WindowConfig(look_back=12, horizon=4, season=3)
TRAINING = {"min_steps": 1, "batch_size": 16, "windows_per_epoch": 64, "validation_windows": 40, "ema_decay": 0.5}


def tiny_model(name: str, **overrides: Any) -> ModelConfig:
    """Return the small parameters of a model by its name."""
    return small_parameters("forecasting", name, SMALL | overrides)


def two_series(count: int = 240) -> pd.DataFrame:
    """Return hourly series a and b with a season of 8, and holidays, by which the values rise."""
    rng, steps = np.random.default_rng(0), np.arange(count)
    holiday = (steps // 24 % 3 == 0).astype(float)
    columns: dict[str, Any] = {"timestamp": pd.date_range("2024-01-01", periods=count, freq="h"), "holiday": holiday}
    for number, name in enumerate("ab"):
        columns[name] = 10 * (number + 1) + np.sin(steps * np.pi / 4) + holiday + 0.1 * rng.normal(size=count)
    return pd.DataFrame(columns)


def make_dataset(
    root: Path, table: pd.DataFrame | None = None, entry: Mapping[str, Any] | None = None, **section: Any
) -> Dataset:
    """Return a small dataset `mine`, prepared from a raw file.

    Args:
        root: of the project.
        table: the raw file; None: `two_series`.
        entry: keys of the dataset's entry in place of those of ENTRY.
        section: keys of the task's section in place of the small ones.
    """
    dataset = Dataset(Paths(root), "forecasting", "mine")
    defaults = {
        "seeds": [1],
        "datasets": {"mine": ENTRY | dict(entry or {})},
        "training": TRAINING,
        "models": {name: tiny_model(name).model_dump() for name in ALL_MODELS},
    }
    write_resolved(params_type({"forecasting": Section})(forecasting=defaults | section), dataset.paths)
    dataset.raw.mkdir(parents=True)
    (two_series() if table is None else table).to_csv(dataset.raw / "mine.csv", index=False)
    dataset.prepared.mkdir(parents=True)
    pq.write_table(find_task("forecasting").read(dataset).rows, dataset.table)
    split(dataset)
    window(dataset)
    return dataset


def series_table(count: int = 100, names: Sequence[str] = ("a", "b"), values: Any = None) -> pd.DataFrame:
    """Return a tidy table of some series."""
    rng, tables = np.random.default_rng(0), []
    for name in names:
        column = rng.normal(size=count).cumsum() if values is None else values
        stamps = pd.date_range("2024-01-01", periods=count, freq="h")
        tables.append(pd.DataFrame({"series": name, "timestamp": stamps, "value": column, "filled": False}))
    table = pd.concat(tables, ignore_index=True)
    table.attrs["frequency"] = "h"
    return table


def split_table(table: pd.DataFrame, rule: Rule = "refuse", window: WindowConfig = WINDOW, **split: Any) -> Split:
    """Split a table of series."""
    return split_series(table, SplitConfig(**split), window, Unfit(rule, "reading.unfit_series"))


def prepared(
    folder: Path, table: pd.DataFrame | None = None, **window: Any
) -> tuple[dict[Part, pd.DataFrame], Prepared]:
    """Split a table and write its windows; return the parts and what was written."""
    table = series_table() if table is None else table
    parts = dict(split_table(table, validation=0.2, test=0.2).parts)
    config = WINDOW.model_copy(update=window)
    write_windows(parts, Reading(), config, folder / "window")
    return parts, Prepared.open(folder / "window")


def alter_end(part: pd.DataFrame) -> pd.DataFrame:
    """Return a test part whose series end in other values."""
    last = part.groupby("series").cumcount(ascending=False) < 8
    return part.assign(value=part["value"].where(~last, 99.0))
