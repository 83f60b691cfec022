"""How often the comparison is wrong where the truth is known → the tables of docs/statistics.md.

Models that do not differ are simulated, and compared by the very functions that `compare` uses. For dependent items
the spectrum is that of real differences, of the predictions of a `dvc repro`, two models at a time: it says how alike
neighbours are, and Gaussian series with that spectrum and a true mean of 0 are drawn. `make calibration` takes some
minutes.
"""

import gc
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from stages.compare import of_first_seed
from stages.config.dataset import Dataset
from stages.config.loader import load
from stages.config.paths import Paths
from stages.evaluation.metric import Metric
from stages.evaluation.pairs import all_pairs, clear
from stages.evaluation.uncertainty import (
    Figure,
    Grouped,
    Independent,
    Ordered,
    Sampling,
    figure,
    moderated,
    uncertainty,
)
from stages.runtime.files import write_text
from stages.runtime.progress import progress
from stages.tasks.base import Task
from stages.tasks.discovery import find_task, section_types

PAGE = Path("docs/statistics.md")
BEGIN, END = "<!-- made by `make calibration` -->", "<!-- end of the tables -->"
SCORE = Metric("score", "Score", "points", lambda sums: sums[..., 1] / sums[..., 0], "")
ITEMS, NETWORKS, CONFIDENCE = 300, 7, 0.95
SMOOTH = 5  # neighbouring frequencies of a spectrum that are averaged
Ratio = float | tuple[float, float]  # of all networks, or of the first and of the others
RATIOS: tuple[Ratio, ...] = (0.0, 0.5, 1.0, 2.0, (6.0, 0.3))
SEEDS = (2, 3, 5)
SIZES = ((1, 1, 1, 1), (1, 1, 1, 1, 1, 1), (1, 1, 1, 1, 3), (1, 2, 2, 4, 4))  # of works


def equal_models(rng: np.random.Generator, ratio: Ratio, seeds: int) -> dict[str, Figure]:
    """Return the figures of networks and a baseline that do not differ but by chance.

    Args:
        rng: of the chance.
        ratio: the standard deviation of a network's seeds over the standard error that items give a difference.
        seeds: of each network.
    """
    error = np.sqrt(2 / ITEMS)  # of a difference: each item of each model varies with 1
    figures = {}
    first, others = ratio if isinstance(ratio, tuple) else (ratio, ratio)
    spreads = {"baseline": 0.0} | {f"network {number}": others if number else first for number in range(NETWORKS)}
    for name, spread in spreads.items():
        luck = rng.normal(0, spread * error, 1 if name == "baseline" else seeds)
        values = rng.normal(size=ITEMS) + luck[:, None]
        figures[name] = figure(SCORE, np.stack([np.ones_like(values), values], axis=2), network=name != "baseline")
    return moderated(figures)


def error_rates(ratio: Ratio, seeds: int, repetitions: int) -> tuple[float, float]:
    """Return how often an interval of a difference leaves out 0, and how often any pair of models is called different.

    The truth is that no pair is.
    """
    rng = np.random.default_rng(seeds)
    missed, families = [], 0
    for _ in range(repetitions):
        pairs = all_pairs(equal_models(rng, ratio, seeds), SCORE, Independent(), CONFIDENCE)
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


def null_rejections(
    rng: np.random.Generator, differences: np.ndarray, sampling: Sampling, repetitions: int
) -> tuple[float, float]:
    """Return how often a mean of 0 is called another, of those series of which anything is said, and their share.

    The series have the spectrum of real differences.
    """
    return _rejections([null_series(rng, differences) for _ in range(repetitions)], sampling)


def group_rejections(sizes: tuple[int, ...], repetitions: int) -> float:
    """Return how often a mean of 0 is called another, of works of some relative sizes that differ from each other."""
    rng, groups = np.random.default_rng(0), np.repeat(np.arange(len(sizes)), 50 * np.array(sizes))
    series = [rng.normal(size=len(sizes))[groups] + rng.normal(size=len(groups)) for _ in range(repetitions)]
    return _rejections(series, Grouped(groups, "works"))[0]


def _rejections(series: list[np.ndarray], sampling: Sampling) -> tuple[float, float]:
    figures = [Figure(float(values.mean()), values - values.mean(), ()) for values in series]
    p = [uncertainty(each, sampling, CONFIDENCE).p for each in figures]
    decided = [value <= 1 - CONFIDENCE for value in p if value is not None]
    return (float(np.mean(decided)) if decided else float("nan")), len(decided) / len(p)


def real_differences(paths: Paths) -> Iterator[tuple[str, Task, list[np.ndarray], pd.DataFrame]]:
    """Yield each dataset that has been run: its task, the differences of all pairs of models, and its items."""
    for task_name, section in load(Path("params.yaml"), section_types()).sections().items():
        task = find_task(task_name)
        for name in section.datasets:
            dataset = Dataset(paths, task_name, name)
            tables = {model: dataset.predictions(model) for model in section.model_names()}
            if not all(path.exists() for path in tables.values()):
                continue
            read = {model: pd.read_parquet(path) for model, path in tables.items()}
            items = of_first_seed(next(iter(read.values())))
            figures = [figure(task.primary, task.per_seed(table), network=False) for table in read.values()]
            yield name, task, [(one - other).influence for one, other in combinations(figures, 2)], items


def seeds_table(repetitions: int) -> list[str]:
    """Return the table of networks that do not differ."""
    heads = [
        f"r = {ratio[0]:g} of one, {ratio[1]:g}" if isinstance(ratio, tuple) else f"r = {ratio:g}" for ratio in RATIOS
    ]
    rows = [f"| seeds | {' | '.join(heads)} |", "|---|" + "---:|" * len(RATIOS)]
    for seeds in progress(SEEDS, desc="seeds"):
        rates = [error_rates(ratio, seeds, repetitions) for ratio in RATIOS]
        rows.append(f"| {seeds} | " + " | ".join(f"{alone:.1%}, {family:.1%}" for alone, family in rates) + " |")
    return rows


def works_table(repetitions: int) -> list[str]:
    """Return the table of works."""
    rows = ["| sizes of the works | called different |", "|---|---:|"]
    rows += [f"| {' : '.join(map(str, sizes))} | {group_rejections(sizes, repetitions):.1%} |" for sizes in SIZES]
    return rows


def order_table(paths: Paths, repetitions: int) -> list[str]:
    """Return the table of real differences, of those datasets that have been run."""
    header = ("test part of", "items", "count as", "called different", "nothing said", "if each item counted")
    rows = [f"| {' | '.join(header)} |", "|---" + "|---:" * (len(header) - 1) + "|"]
    for name, task, differences, items in progress(list(real_differences(paths)), desc="ordered items"):
        kind = task.sampling(items)
        if isinstance(kind, Independent):
            continue
        sampling = kind if isinstance(kind, Ordered) else Ordered()
        each, rng = -(-repetitions // len(differences)), np.random.default_rng(0)
        rates = [null_rejections(rng, series, sampling, each) for series in differences]
        naive = [null_rejections(rng, series, Independent(), each)[0] for series in differences]
        independent = np.median([sampling.spread(series).independent for series in differences])
        said = np.mean([share for _, share in rates])
        called = np.nanmean([rate for rate, _ in rates]) if said else np.nan
        words = "–" if np.isnan(called) else f"{called:.1%}"
        rows.append(
            f"| {name} | {len(items):,} | {independent:,.0f} | {words} | {1 - said:.0%} | {np.mean(naive):.1%} |"
        )
    return rows


def main(repetitions: int = 2000) -> None:
    """Write the tables into docs/statistics.md."""
    gc.freeze()  # statsmodels collects garbage at each correction: of little, that is quick
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    seeds = [
        "Seven networks and a baseline that do not differ: how often an interval of a difference leaves out 0, and "
        f"how often any of the {NETWORKS * (NETWORKS + 1) // 2} pairs is called different, both at 5 % "
        f"({repetitions:,} repetitions). r: the standard deviation of a network's seeds over the standard error that "
        "the test items give a difference; in the last column one network's seeds lie far apart, the others' do not.",
        "",
        *seeds_table(repetitions),
    ]
    works = ["Works that differ from each other, at 5 %, by their relative sizes.", "", *works_table(repetitions)]
    ordered = [
        "Pairs of models that do not differ, whose items are as alike as those of real pairs: how often they are "
        "called different at 5 %, where anything is said. Each simulated test part is half as long as the real one, "
        "and its items are in their order also where `compare` counts works.",
        "",
        *order_table(Paths(), 2 * repetitions),
    ]
    write_text(PAGE, "\n".join([before + BEGIN, "", *seeds, "", *works, "", *ordered, "", END + after]))
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
