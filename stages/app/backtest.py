"""Rolling origins: a forecaster measured after several cut-offs of the test part, refitted before each or not."""

import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from stages.app.common import find_model, write_output
from stages.app.forecast import TASK, read_section
from stages.config.dataset import Dataset
from stages.config.paths import Paths
from stages.config.schema import PARTS, Part
from stages.runtime.errors import UserError
from stages.runtime.files import write_json
from stages.runtime.jax_setup import prepare_jax
from stages.runtime.progress import progress
from stages.tasks.forecasting.config import Section
from stages.tasks.forecasting.evaluation import measure_forecaster
from stages.tasks.forecasting.modeling.conformal import CalibratedForecaster
from stages.tasks.forecasting.modeling.data import Prepared
from stages.tasks.forecasting.modeling.saved import Saved
from stages.tasks.forecasting.modeling.scaler import ScalerState
from stages.tasks.forecasting.modeling.tables import later_windows
from stages.tasks.forecasting.modeling.training import fit_forecaster
from stages.tasks.forecasting.windowing import write_windows
from stages.training.replica import Job

SHOWN = ("mase", "rmsse", "mse_standardised", "pinball", "coverage_80")  # metrics in the terminal's table
Parts = dict[Part, pd.DataFrame]


def backtest(paths: Paths, dataset: str, model: str, cutoffs: int = 3, refit: bool = False) -> None:
    """Measure a forecaster's first run after each cut-off.

    The last steps before a cut-off, as many as the dataset's validation part has, settle the intervals if they hold
    enough windows. If refitted, the model and its scaler are fitted anew, too, on all that comes before them.

    Args:
        paths: of the project.
        dataset, model: the model is in models/<dataset>/<model>.
        cutoffs: how many there are, evenly spread over the test part.
        refit: fit the model anew before each.

    Raises:
        UserError: no such model, or more cut-offs than the test part has room for.
    """
    prepare_jax()
    saved = Saved(find_model(paths, dataset, model))
    seed, trained = next(saved.replicas())
    data = Dataset(paths, TASK, dataset)
    section = read_section(paths, dataset) if refit else None
    rows = []
    for parts in progress(list(rolling_parts(data, cutoffs, saved.state)), desc="backtest", unit="cut-off"):
        if section is not None:
            forecaster, state = refit_model(data, model, seed, section, parts)
            _, windows = later_windows(parts, state)
        else:
            validation, windows = later_windows(parts, saved.state)
            forecaster, state = trained.recalibrate(validation), saved.state
        begin = str(parts["test"]["timestamp"].min())
        rows.append({"from": begin, "windows": len(windows)} | measure_forecaster(forecaster, windows, state))
    path = data.report("backtest", f"{model}-refitted" if refit else model)
    write_json(path, {"dataset": dataset, "model": model, "refitted": refit, "cutoffs": rows})
    table = pd.DataFrame(rows)[["from", "windows", *SHOWN]]
    write_output([f"{table.to_string(index=False, float_format='{:.4f}'.format)}\n{path}\n"])


def rolling_parts(data: Dataset, cutoffs: int, state: ScalerState) -> Iterator[Parts]:
    """Yield the parts train, validation and test of every cut-off; test ends where the next begins.

    Raises:
        UserError: the test part is too short for so many cut-offs.
    """
    parts = {part: pd.read_parquet(data.part(part)) for part in PARTS}
    table = pd.concat(parts.values(), ignore_index=True)
    times = np.sort(table["timestamp"].unique())
    steps = {part: rows["timestamp"].nunique() for part, rows in parts.items()}
    most = steps["test"] // state.horizon
    if not 1 <= cutoffs <= most:
        raise UserError(
            f"--cutoffs is {cutoffs}: the test part has room for 1 to {most}, each with a whole horizon after it"
        )
    edges = np.linspace(len(times) - steps["test"], len(times), cutoffs + 1).astype(int)
    place = np.searchsorted(times, table["timestamp"].to_numpy())
    for cut, end in pairwise(edges):
        limits = pairwise([0, cut - steps["validation"], cut, end])
        yield {
            part: table[(place >= start) & (place < stop)] for part, (start, stop) in zip(PARTS, limits, strict=True)
        }


def refit_model(
    data: Dataset, model: str, seed: int, section: Section, parts: Parts
) -> tuple[CalibratedForecaster, ScalerState]:
    """Return a model fitted on the parts before a cut-off, and its scaler."""
    entry = section.datasets[data.name]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_windows(parts, entry.reading, entry.window, folder / "window")
        prepared = Prepared.open(folder / "window")
        parameters = section.model(model)
        job = Job(data, model, parameters, section.training, seed, folder / "model", folder / "checkpoint")
        return fit_forecaster(job, prepared), prepared.state
