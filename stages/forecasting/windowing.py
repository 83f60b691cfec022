"""The parts of some series → a scaler fitted on train alone, the scaled series, and where windows start."""

from pathlib import Path

import numpy as np
import pandas as pd

from stages.files import write_json
from stages.forecasting.data import arrange, fit, part_ends, starts_within
from stages.forecasting.params import Reading, Window
from stages.forecasting.timing import frequency_of
from stages.params import load


def window(dataset: str, prepared: Path, output: Path) -> dict:
    """Write a dataset's scaled series and windows to `output`; return what the report says about them."""
    entry = load().dataset(dataset)
    parts = {part: pd.read_parquet(prepared / f"{part}.parquet") for part in ("train", "validation")}
    return write_windows(parts, entry.reading, entry.window, output)


def write_windows(parts: dict[str, pd.DataFrame], reading: Reading, choices: Window, output: Path) -> dict:
    """Write the scaled series and windows of the tables train and validation; test, if given, is left alone."""
    train, validation = parts["train"], parts["validation"]
    first = train[train["series"] == train["series"].iloc[0]]["timestamp"]
    fitted = fit(train, validation, choices, frequency_of(first, reading.frequency), reading.time_zone)
    panel = arrange(pd.concat([train, validation]), fitted)
    [ends] = part_ends(panel, [train], fitted)
    starts = {
        "train": starts_within(fitted, panel, panel.bounds[:-1], ends, choices.stride, "train"),
        "validation": starts_within(fitted, panel, ends, panel.bounds[1:], 1, "validation"),
    }
    output.mkdir()
    panel.save(output)
    write_json(output / "scaler.json", fitted.about(), digits=None)
    for part, found in starts.items():
        np.save(output / f"{part}.starts.npy", found)
    counts = {part: {"windows": len(found)} for part, found in starts.items()}
    return {"series": len(fitted.series), "features": fitted.features} | counts
