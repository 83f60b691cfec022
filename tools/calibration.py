"""How often the comparison is wrong where the truth is known → the tables of docs/statistics.md.

Models that do not differ are simulated, and compared by the very functions that `compare` uses. For dependent items
the null is made of real differences: of the predictions of a `dvc repro`, two models at a time, the spectrum is taken,
which says how alike neighbours are, and series with that spectrum and a mean of 0 are drawn. `make calibration` takes
some minutes.
"""

import gc
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from stages.config.dataset import Dataset
from stages.config.loader import load
from stages.config.paths import Paths
from stages.evaluation.metric import Metric
from stages.evaluation.pairs import all_pairs, clear
from stages.evaluation.uncertainty import Figure, Independent, Ordered, Sampling, figure, moderated, uncertainty
from stages.runtime.files import write_text
from stages.runtime.progress import progress
from stages.tasks.base import Task
from stages.tasks.discovery import find_task, section_types

PAGE = Path("docs/statistics.md")
BEGIN, END = "<!-- made by `make calibration` -->", "<!-- end of the tables -->"
SCORE = Metric("score", "Score", "points", lambda sums: sums[..., 1] / sums[..., 0], "")
ITEMS, NETWORKS, CONFIDENCE = 300, 7, 0.95
SMOOTH = 5  # neighbouring frequencies of a spectrum that are averaged
RATIOS, SEEDS = (0.0, 0.5, 1.0, 2.0), (2, 3, 5)


def equal_models(rng: np.random.Generator, ratio: float, seeds: int, networks: int = NETWORKS) -> dict[str, Figure]:
    """Return the figures of networks and a baseline that do not differ but by chance.

    Args:
        rng: of the chance.
        ratio: the standard deviation of a network's seeds over the standard error that items give a difference.
        seeds: of each network.
        networks: how many.
    """
    error = np.sqrt(2 / ITEMS)  # of a difference: each item of each model varies with 1
    figures = {}
    for name in ("baseline", *(f"network {number}" for number in range(networks))):
        count = 1 if name == "baseline" else seeds
        luck = rng.normal(0, ratio * error, count) if name != "baseline" else np.zeros(1)
        values = rng.normal(size=ITEMS) + luck[:, None]
        figures[name] = figure(SCORE, np.stack([np.ones_like(values), values], axis=2), network=name != "baseline")
    return moderated(figures)


def error_rates(ratio: float, seeds: int, repetitions: int, networks: int = NETWORKS) -> tuple[float, float]:
    """Return how often an interval of a difference leaves out 0, and how often any pair of models is called different.

    The truth is that no pair is.
    """
    rng = np.random.default_rng([int(10 * ratio), seeds])
    missed, families = [], 0
    for _ in range(repetitions):
        pairs = all_pairs(equal_models(rng, ratio, seeds, networks), SCORE, Independent(), CONFIDENCE)
        missed += [not pair["low"] <= 0 <= pair["high"] for pair in pairs]
        families += any(clear(pair, CONFIDENCE) for pair in pairs)
    return float(np.mean(missed)), families / repetitions


def null_series(rng: np.random.Generator, differences: np.ndarray) -> np.ndarray:
    """Return half as many values as real differences, (items,), drawn with their spectrum and a true mean of 0."""
    count = len(differences)
    power = np.abs(np.fft.rfft(differences - differences.mean())) ** 2
    power[0] = power[1]  # the mean was taken out, but another test part would have another
    smooth = np.convolve(np.pad(power, SMOOTH // 2, mode="reflect"), np.full(SMOOTH, 1 / SMOOTH), mode="valid")
    real, imaginary = rng.normal(size=(2, len(smooth)))
    coefficients = np.sqrt(smooth / 2) * (real + 1j * imaginary)
    coefficients[0] = np.sqrt(smooth[0]) * real[0]
    values = np.fft.irfft(coefficients, count)
    start = int(rng.integers(count))
    return np.take(values, np.arange(start, start + count // 2), mode="wrap")


def null_rejections(differences: np.ndarray, sampling: Sampling, repetitions: int) -> float:
    """Return how often a mean of 0 is called another, of series with the spectrum of real differences."""
    rng = np.random.default_rng(0)
    rejected = []
    for _ in range(repetitions):
        values = null_series(rng, differences)
        p = uncertainty(Figure(float(values.mean()), values - values.mean(), ()), sampling, CONFIDENCE).p
        rejected.append(p is not None and p < 1 - CONFIDENCE)
    return float(np.mean(rejected))


def real_differences(paths: Paths) -> Iterator[tuple[str, Task, list[np.ndarray], pd.DataFrame]]:
    """Yield each dataset whose items are ordered: its task, differences of neighbouring models, and its items."""
    for task_name, section in load(Path("params.yaml"), section_types()).sections().items():
        task = find_task(task_name)
        for name in section.datasets:
            dataset = Dataset(paths, task_name, name)
            tables = {model: dataset.predictions(model) for model in section.model_names()}
            if not all(path.exists() for path in tables.values()):
                continue
            read = {model: pd.read_parquet(path) for model, path in tables.items()}
            first = next(iter(read.values()))
            items = first[first["seed"] == first["seed"].iloc[0]]
            figures = [figure(task.primary, task.per_seed(table), network=False) for table in read.values()]
            yield name, task, [(one - other).influence for one, other in combinations(figures, 2)], items


def seeds_table(repetitions: int) -> list[str]:
    """Return the table of networks that do not differ."""
    rows = ["| seeds | " + " | ".join(f"r = {ratio:g}" for ratio in RATIOS) + " |", "|---|" + "---:|" * len(RATIOS)]
    for seeds in progress(SEEDS, desc="seeds"):
        rates = [error_rates(ratio, seeds, repetitions) for ratio in RATIOS]
        rows.append(f"| {seeds} | " + " | ".join(f"{alone:.1%}, {family:.1%}" for alone, family in rates) + " |")
    return rows


def order_table(paths: Paths, repetitions: int) -> list[str]:
    """Return the table of real differences, of those datasets that have been run."""
    rows = [
        "| test part of | items | count as | called different | if each item counted |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, task, differences, items in progress(list(real_differences(paths)), desc="ordered items"):
        kind = task.sampling(items)
        sampling = kind if isinstance(kind, Ordered) else Ordered()
        if isinstance(kind, Independent):
            continue
        each = max(1, repetitions // len(differences))
        rates = [[null_rejections(series, way, each) for way in (sampling, Independent())] for series in differences]
        independent = np.median([sampling.spread(series).independent for series in differences])
        ours, naive = np.mean(rates, axis=0)
        rows.append(f"| {name} | {len(items):,} | {independent:,.0f} | {ours:.1%} | {naive:.1%} |")
    return rows


def main(repetitions: int = 2000) -> None:
    """Write both tables into docs/statistics.md."""
    gc.freeze()  # statsmodels collects garbage at each correction: of little, that is quick
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    seeds = [
        "Seven networks and a baseline that do not differ: how often an interval of a difference leaves out 0, and "
        f"how often any of the {NETWORKS * (NETWORKS + 1) // 2} pairs is called different, both at 5 % "
        f"({repetitions:,} repetitions). r: the standard deviation of a network's seeds over the standard error that "
        "the test items give a difference.",
        "",
        *seeds_table(repetitions),
    ]
    ordered = [
        "Pairs of models that do not differ, whose items are as alike as those of real pairs: how often they are "
        "called different at 5 %. Each simulated test part is half as long as the real one.",
        "",
        *order_table(Paths(), repetitions),
    ]
    write_text(PAGE, "\n".join([before + BEGIN, "", *seeds, "", *ordered, "", END + after]))
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
