"""A trained forecaster on the test part: every window, by block of time, by step and by series."""

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from stages.forecasting.data import MEDIAN, Fitted, Windows, arrange, part_ends, starts_within
from stages.forecasting.intervals import added
from stages.forecasting.metrics import COLUMNS, figures
from stages.forecasting.rolling import Rolling
from stages.forecasting.saved import Saved
from stages.forecasting.splitting import PARTS, content_hash
from stages.tasks import Measured

# A block's length in horizons. Windows at the ends of neighbouring blocks have targets in common: of models that do not
# differ, blocks of one horizon let 13 of 100 seem to at 95 % (simulated for etth1's sizes), these 6 or 7.
BLOCK = 2
UPDATES = 32  # of the intervals, at least, where there are so many origins; and one a horizon
CONTEXT = "the last {look_back} values before a window"
SHOWN = 3  # windows drawn by chance; and the worst
ERRORS = np.linspace(-3, 3, 41)  # edges of the histogram of errors, in the scaler's units; the ends hold all beyond


def measure(saved: Saved) -> Measured:
    """Return what a forecaster did on its dataset's test part."""
    prepared = Path("data/prepared", saved.about["dataset"])
    parts = {part: pd.read_parquet(prepared / f"{part}.parquet") for part in PARTS}
    validation, windows = later_windows(parts, saved.fitted)
    windows = windows.some(np.argsort(windows.steps, kind="stable"))
    block, update = _blocks(windows, saved.fitted), _updates(windows, saved.fitted)
    seconds, sums, shown = 0.0, {}, None
    for seed, forecaster in saved.replicas():
        rolling = Rolling(forecaster.model, validation, len(saved.fitted.series))
        sums[seed] = _Sums.of(rolling.forecast(windows, update), windows, block, saved.fitted)
        seconds += rolling.seconds
        if shown is None:
            shown = _examples(rolling, windows, update, sums[seed], parts, saved.fitted)
    predictions = pd.concat([own.table().assign(seed=seed) for seed, own in sums.items()])
    mean = np.mean([own.by_step for own in sums.values()], axis=0)
    steps = [{"step": step + 1} | _plain(figures(row)) for step, row in enumerate(mean)]
    return Measured(
        predictions,
        scores={seed: _plain(figures(own.by_block.sum(axis=0))) for seed, own in sums.items()},
        details={
            "by_step": steps,
            "by_series": _by_series(list(sums.values()), windows, saved.fitted),
            "signature": _signature(saved, parts, windows, block),
        },
        seconds=seconds,
        items=len(windows) * len(sums),
        plots={
            "forecasts": shown,
            "steps": pd.DataFrame(steps),
            "residuals": next(iter(sums.values())).histogram(),
        },
    )


def later_windows(parts: dict[str, pd.DataFrame], fitted: Fitted) -> list[Windows]:
    """Return every window whose targets lie in validation, and in test; it may look back into the parts before."""
    panel = arrange(pd.concat(parts.values()), fitted)
    ends = part_ends(panel, (parts[part] for part in PARTS), fitted)
    return [
        Windows(panel, starts_within(fitted, panel, first, last, 1, part), fitted.look_back, fitted.horizon)
        for part, (first, last) in zip(PARTS[1:], pairwise(ends), strict=True)
    ]


class _Sums:
    """What a forecaster's errors add up to, by block of time, step and series, and how they are spread."""

    def __init__(self, by_block: np.ndarray, by_step: np.ndarray, by_window: np.ndarray, spread: np.ndarray) -> None:
        """Keep sums of COLUMNS: (blocks, …), (H, …), (windows, …); and counts between ERRORS."""
        self.by_block, self.by_step, self.by_window, self.spread = by_block, by_step, by_window, spread

    @classmethod
    def of(cls, forecasts: Iterable[np.ndarray], windows: Windows, block: np.ndarray, fitted: Fitted) -> "_Sums":
        """Add up the errors of forecasts that come some windows at a time, in order; `block` is each window's."""
        by_step, by_window, spread, place = 0.0, [], 0, 0
        for found in forecasts:
            some, place = windows.some(slice(place, place + len(found))), place + len(found)
            sums = added(found, some, fitted)
            by_step = by_step + sums.sum(axis=0)
            by_window.append(sums.sum(axis=1))
            missed = (some.targets() - found[..., MEDIAN])[some.counted()]
            spread = spread + np.histogram(np.clip(missed, ERRORS[0], ERRORS[-1]), ERRORS)[0]
        by_window = np.concatenate(by_window)
        by_block = np.zeros((block.max() + 1, len(COLUMNS)))
        np.add.at(by_block, block, by_window)
        return cls(by_block, by_step, by_window, spread)

    def table(self) -> pd.DataFrame:
        """Return a row a block: id and COLUMNS."""
        return pd.DataFrame(self.by_block, columns=list(COLUMNS)).reset_index(names="id").astype({"values": "int64"})

    def histogram(self) -> pd.DataFrame:
        """Return the share of errors by their size."""
        middle = (ERRORS[1:] + ERRORS[:-1]) / 2
        return pd.DataFrame({"error": middle.round(6), "share": self.spread / self.spread.sum()})


def _blocks(windows: Windows, fitted: Fitted) -> np.ndarray:
    """Return the number of each window's block, (windows,): forecasts that begin close to each other err alike.

    A block holds the windows of all series that begin within BLOCK horizons, the last one up to twice as many. There
    are two at least, shorter if need be: with so few, no difference is ever proven.
    """
    origins = windows.steps - windows.steps.min()
    span = int(origins.max()) + 1
    count = max(2, span // (BLOCK * fitted.horizon))
    length = max(1, min(BLOCK * fitted.horizon, span // count))
    return np.unique(np.minimum(origins // length, count - 1), return_inverse=True)[1]


def _updates(windows: Windows, fitted: Fitted) -> np.ndarray:
    """Return the number of the update of the intervals that comes before each window, (windows,)."""
    origins = windows.steps - windows.steps.min()
    return np.unique(origins // min(fitted.horizon, int(origins.max()) // UPDATES + 1), return_inverse=True)[1]


def _by_series(sums: list[_Sums], windows: Windows, fitted: Fitted) -> dict[str, dict[str, float]]:
    mean = np.mean([own.by_window for own in sums], axis=0)
    return {
        name: _plain(figures(mean[windows.series == number].sum(axis=0))) for number, name in enumerate(fitted.series)
    }


def _signature(saved: Saved, parts: dict[str, pd.DataFrame], windows: Windows, block: np.ndarray) -> dict:
    fitted = saved.fitted
    look_back = getattr(saved.parameters, "look_back", None) or fitted.look_back
    return {
        "part": "test",
        "split": content_hash(parts["test"]),
        "items": int(block.max()) + 1,
        "windows": len(windows),
        "values_not_counted": int((~windows.counted()).sum()),
        "series": len(fitted.series),
        "horizon": fitted.horizon,
        "frequency": fitted.frequency,
        "season": fitted.season,
        "scaler": f"{fitted.scaler}{' of logarithms' if fitted.logarithm else ''}, fitted on train",
        "seeds": saved.about["seeds"],
        "context": getattr(saved.module, "CONTEXT", CONTEXT.format(look_back=min(look_back, fitted.look_back))),
        "smape": "0 to 200 %",
        "average": "mean over seeds; over series and steps alike",
        "intervals": "from the latest errors of each series that were known before a forecast",
    }


def _plain(found: dict[str, np.ndarray]) -> dict[str, float]:
    return {name: float(value) for name, value in found.items()}


def _examples(
    rolling: Rolling,
    windows: Windows,
    update: np.ndarray,
    sums: _Sums,
    parts: dict[str, pd.DataFrame],
    fitted: Fitted,
) -> pd.DataFrame:
    """Return forecasts and truth of a few windows in the data's units: some drawn by chance, and the worst.

    The same are drawn for every model. A row a value: window, step (below 1: what was known), truth, and the
    forecast's median and interval ends.
    """
    errors = sums.by_window[:, COLUMNS.index("scaled")]
    drawn = np.sort(np.random.default_rng(0).choice(len(windows), min(SHOWN, len(windows)), replace=False))
    names = [f"drawn {number + 1}" for number in range(len(drawn))] + ["worst"]
    picked = np.array([*drawn, int(errors.argmax())])
    chosen, stamps = windows.some(picked), _stamps(parts, fitted)
    forecasts = rolling.again(chosen, update[picked])
    history = min(2 * fitted.horizon, fitted.look_back)
    rows = []
    for place, (name, number) in enumerate(zip(names, chosen.series, strict=True)):
        own = chosen.some(slice(place, place + 1))
        found = fitted.restored(forecasts[place : place + 1], own.series)[0]  # (H, levels)
        truth = np.concatenate([own.past(history)[0], own.targets()], axis=1).astype(float)
        truth = fitted.restored(truth, own.series)[0]
        when = stamps[own.origins[0] - history : own.origins[0] + fitted.horizon]
        table = pd.DataFrame({"window": f"{name}: {fitted.series[number]}", "time": when.astype(str), "truth": truth})
        table.insert(1, "step", np.arange(-history + 1, fitted.horizon + 1))
        for column, values in zip(("low_95", "low_80", "median", "high_80", "high_95"), found.T, strict=True):
            table[column] = np.concatenate([np.full(history, np.nan), values])
        rows.append(table)
    return pd.concat(rows).round(6)


def _stamps(parts: dict[str, pd.DataFrame], fitted: Fitted) -> np.ndarray:
    """Return the time of every value in the panel's order."""
    table = pd.concat(parts.values())
    number = table["series"].map({name: place for place, name in enumerate(fitted.series)})
    return table["timestamp"].to_numpy()[np.lexsort((table["timestamp"].to_numpy(), number))]
