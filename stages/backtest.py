"""Rolling origins: a forecaster judged from several cut-offs of the test part, refitted before each or not.

Not a stage of dvc.yaml, for it may fit a model many times: `python -m stages.backtest etth1 linear --refit`.
"""

import argparse
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from stages.console import Problem, progress, run
from stages.files import write_json
from stages.forecasting.data import Fitted, Prepared
from stages.forecasting.evaluation import later_windows
from stages.forecasting.intervals import Forecaster, measure_windows
from stages.forecasting.replica import fit
from stages.forecasting.saved import Saved
from stages.forecasting.splitting import PARTS
from stages.forecasting.windowing import write_windows
from stages.params import load
from stages.predict import find
from stages.replicas import prepare_jax
from stages.tasks import Job

SHOWN = ("mase", "mae", "rmse", "mse_standardised", "pinball", "coverage_80")


def backtest(dataset: str, model: str, cutoffs: int, refit: bool) -> None:
    """Measure a forecaster's first replica after each cut-off.

    The last steps before a cut-off, as many as the dataset's validation part has, settle the intervals if they hold
    enough windows. With --refit the model and its scaler are fitted anew, too, on all that comes before them.

    Raises:
        Problem: no such model, or more cut-offs than the test part has room for.
    """
    prepare_jax()
    saved = Saved(find(dataset, model))
    seed, trained = next(saved.replicas())
    rows = []
    for parts in progress(list(rolling_parts(dataset, cutoffs, saved.fitted)), desc="backtest", unit="cut-off"):
        forecaster, fitted = refitted(dataset, model, seed, parts) if refit else (trained, saved.fitted)
        before, windows = later_windows(parts, fitted)
        forecaster = forecaster if refit else forecaster.recalibrate(before)
        told = {"from": str(parts["test"]["timestamp"].min()), "windows": len(windows)}
        rows.append(told | measure_windows(forecaster.forecast, windows, fitted))
    path = Path("reports/backtest", dataset, f"{model}{'-refitted' if refit else ''}.json")
    write_json(path, {"dataset": dataset, "model": model, "refitted": refit, "cutoffs": rows})
    table = pd.DataFrame(rows)[["from", "windows", *SHOWN]]
    sys.stdout.write(f"{table.to_string(index=False, float_format='{:.4f}'.format)}\n{path}\n")


def rolling_parts(dataset: str, cutoffs: int, fitted: Fitted):
    """Yield the parts train, validation and test of every cut-off; test ends where the next begins.

    Raises:
        Problem: the test part is too short for so many cut-offs.
    """
    own = {part: pd.read_parquet(Path("data/prepared", dataset, f"{part}.parquet")) for part in PARTS}
    table = pd.concat(own.values(), ignore_index=True)
    times = np.sort(table["timestamp"].unique())
    steps = {part: rows["timestamp"].nunique() for part, rows in own.items()}
    most = steps["test"] // fitted.horizon
    if not 1 <= cutoffs <= most:
        raise Problem(
            f"--cutoffs is {cutoffs}: the test part has room for 1 to {most}, each with a whole horizon after it"
        )
    edges = np.linspace(len(times) - steps["test"], len(times), cutoffs + 1).astype(int)
    place = np.searchsorted(times, table["timestamp"].to_numpy())
    for cut, end in pairwise(edges):
        limits = [0, cut - steps["validation"], cut, end]
        yield {
            part: table[(place >= start) & (place < stop)]
            for part, (start, stop) in zip(PARTS, pairwise(limits), strict=True)
        }


def refitted(dataset: str, model: str, seed: int, parts: dict[str, pd.DataFrame]) -> tuple[Forecaster, Fitted]:
    """Return a model fitted on the parts before a cut-off, and its scaler."""
    entry = load().dataset(dataset)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_windows(parts, entry.reading, entry.window, folder / "window")
        data = Prepared.open(folder / "window")
        job = Job(dataset, model, seed, 0, folder / "model", folder / "checkpoint")
        return fit(job, data)[0], data.fitted


def command_line() -> argparse.ArgumentParser:
    """Return the parser of the command's words."""
    parser = argparse.ArgumentParser(prog="python -m stages.backtest", description=backtest.__doc__.partition("\n")[0])
    parser.add_argument("dataset")
    parser.add_argument("model")
    parser.add_argument("--cutoffs", type=int, default=3, help="evenly spread over the test part (default: 3)")
    parser.add_argument("--refit", action="store_true", help="fit the model and its scaler anew before each")
    return parser


if __name__ == "__main__":
    run(backtest, command_line())
