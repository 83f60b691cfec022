"""The parts of some series → a scaler fitted on train alone, the scaled series, and where windows start."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from stages.config.dataset import Dataset
from stages.config.schema import Part
from stages.runtime.files import write_json
from stages.tasks.base import Preparation
from stages.tasks.forecasting.config import Reading, WindowConfig
from stages.tasks.forecasting.modeling.scaler import fit_scaler
from stages.tasks.forecasting.modeling.tables import part_ends, to_panel, window_starts


def prepare(dataset: Dataset, output: Path) -> Preparation:
    """Write a dataset's scaled series and windows to the new folder `output`."""
    parts: dict[Part, pd.DataFrame] = {
        "train": pd.read_parquet(dataset.part("train")),
        "validation": pd.read_parquet(dataset.part("validation")),
    }
    return write_windows(parts, dataset.params("reading", Reading), dataset.params("window", WindowConfig), output)


def write_windows(
    parts: Mapping[Part, pd.DataFrame], reading: Reading, config: WindowConfig, output: Path
) -> Preparation:
    """Write the scaled series and windows of the tables train and validation; test, if given, is not read.

    Raises:
        UserError: a series is too short or cannot be scaled.
    """
    train, validation = parts["train"], parts["validation"]
    state = fit_scaler(train, validation, config, train.attrs["frequency"], reading.time_zone)
    panel = to_panel(pd.concat([train, validation]), state)
    [ends] = part_ends(panel, [train], state)
    starts = {
        "train": window_starts(state, panel, panel.bounds[:-1], ends, config.stride, "train"),
        "validation": window_starts(state, panel, ends, panel.bounds[1:], 1, "validation"),
    }
    output.mkdir()
    panel.save(output)
    write_json(output / "scaler.json", state.to_json(), digits=None)
    for part, of_part in starts.items():
        np.save(output / f"{part}.starts.npy", of_part)
    counts = {part: {"windows": len(of_part)} for part, of_part in starts.items()}
    windows = ", ".join(f"{part} {len(of_part):,} windows" for part, of_part in starts.items())
    return Preparation(
        report={"series": len(state.series), "features": state.features} | counts,
        summary=f"{len(state.series)} series; {windows}",
    )
