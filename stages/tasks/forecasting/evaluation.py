"""A trained forecaster on the test part: every window, by origin, by step and by series."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from stages.config.dataset import Dataset
from stages.config.schema import PARTS, Part
from stages.evaluation.metric import measure
from stages.tasks.base import EvaluationResult
from stages.tasks.forecasting.metrics import METRICS, UNITS, WIDTHS
from stages.tasks.forecasting.modeling.contract import MEDIAN, Forecaster
from stages.tasks.forecasting.modeling.data import Windows
from stages.tasks.forecasting.modeling.saved import Saved
from stages.tasks.forecasting.modeling.scaler import ScalerState
from stages.tasks.forecasting.modeling.statistics import STATISTICS, forecast_statistics, sum_statistics
from stages.tasks.forecasting.modeling.tables import later_windows
from stages.tasks.forecasting.online import OnlineConformal
from stages.tasks.forecasting.splitter import content_hash

Parts = Mapping[Part, pd.DataFrame]

MIN_UPDATES = 32  # of the intervals, where there are so many origins; and at least one per horizon
DRIFT = 1.5  # times the error on validation, or a part of it: a remark is due
RANDOM_EXAMPLES = 3  # windows drawn at random; the worst is shown, too
INTERVAL_ENDS = ("low_95", "low_80", "median", "high_80", "high_95")  # columns of examples, in the order of LEVELS
BIN_EDGES = np.linspace(-3, 3, 41)  # of the histogram of residuals, in the scaler's units; the ends hold all beyond


def evaluate(saved: Saved, dataset: Dataset) -> EvaluationResult:
    """Return what a forecaster did on its dataset's test part."""
    state, parts = saved.state, {part: pd.read_parquet(dataset.part(part)) for part in PARTS}
    validation, windows = later_windows(parts, state)
    windows = windows.take(np.argsort(windows.steps, kind="stable"))
    origin, update = origin_numbers(windows), update_numbers(windows)
    seconds, sums, examples = 0.0, {}, None
    for seed, forecaster in saved.replicas():
        online = OnlineConformal(forecaster.model, validation, state)
        sums[seed] = ErrorSums.of(online.forecast(windows, update), windows, origin, state)
        seconds += online.seconds
        if examples is None:
            examples = _examples(online, windows, update, sums[seed], parts, state)
    assert examples is not None
    steps = _by_step(list(sums.values()))
    scores = {seed: measure_sums(of_seed.by_origin.sum(axis=0)) for seed, of_seed in sums.items()}
    return EvaluationResult(
        pd.concat([of_seed.table().assign(seed=seed, horizon=windows.horizon) for seed, of_seed in sums.items()]),
        scores=scores,
        details={
            "by_step": steps,
            "by_series": _by_series(list(sums.values()), windows, state),
            "signature": _signature(saved, parts, windows, origins=int(origin.max()) + 1),
        },
        seconds=seconds,
        items=len(windows) * len(sums),
        plots={
            "forecasts": examples,
            "steps": pd.DataFrame(steps),
            "residuals": next(iter(sums.values())).histogram(),
        },
        remarks=_drift(saved, list(scores.values())),
    )


def measure_sums(sums: np.ndarray) -> dict[str, float]:
    """Return all metrics, and the intervals' widths, of sums of STATISTICS (statistics,)."""
    return measure((*METRICS, *WIDTHS), sums)


def measure_series(sums: np.ndarray) -> dict[str, float]:
    """Return what `measure_sums` does, and the errors in the data's units, of one series' sums (statistics,)."""
    return measure((*METRICS, *WIDTHS, *UNITS), sums)


def measure_forecaster(forecaster: Forecaster, windows: Windows, state: ScalerState) -> dict[str, float]:
    """Return all metrics, and the intervals' widths, of what a forecaster predicts for some windows."""
    return measure_sums(sum_statistics(forecaster.forecast, windows, state))


@dataclass(frozen=True)
class ErrorSums:
    """What a forecaster's errors add up to, by origin, step and window, and a histogram of its residuals."""

    by_origin: np.ndarray  # sums of STATISTICS over the windows that begin at a time, (origins, statistics)
    by_step: np.ndarray  # (H, statistics)
    by_window: np.ndarray  # (windows, statistics)
    counts: np.ndarray  # of residuals between BIN_EDGES

    @classmethod
    def of(
        cls, forecasts: Iterable[np.ndarray], windows: Windows, origin: np.ndarray, state: ScalerState
    ) -> "ErrorSums":
        """Add up the errors of forecasts.

        Args:
            forecasts: quantiles (n, H, levels) of some windows at a time, in order.
            windows: all of them.
            origin: the number of each window's, (windows,).
            state: the scaler.
        """
        by_step, counts = np.zeros((windows.horizon, len(STATISTICS))), np.zeros(len(BIN_EDGES) - 1, int)
        by_window, place = [], 0
        for quantiles in forecasts:
            batch, place = windows.take(slice(place, place + len(quantiles))), place + len(quantiles)
            statistics = forecast_statistics(quantiles, batch, state)
            by_step += statistics.sum(axis=0)
            by_window.append(statistics.sum(axis=1))
            residuals = (batch.targets() - quantiles[..., MEDIAN])[batch.observed_mask()]
            counts += np.histogram(np.clip(residuals, BIN_EDGES[0], BIN_EDGES[-1]), BIN_EDGES)[0]
        of_windows = np.concatenate(by_window)
        by_origin = np.zeros((origin.max() + 1, len(STATISTICS)))
        np.add.at(by_origin, origin, of_windows)
        return cls(by_origin, by_step, of_windows, counts)

    def table(self) -> pd.DataFrame:
        """Return a row for each origin, in the order of time: id and STATISTICS."""
        table = pd.DataFrame(self.by_origin, columns=list(STATISTICS)).reset_index(names="id")
        return table.astype({"values": "int64"})

    def histogram(self) -> pd.DataFrame:
        """Return the share of residuals by their size."""
        middle = (BIN_EDGES[1:] + BIN_EDGES[:-1]) / 2
        return pd.DataFrame({"error": middle.round(6), "share": self.counts / self.counts.sum()})


def origin_numbers(windows: Windows) -> np.ndarray:
    """Return the number of each window's origin, (windows,): those of all series that begin at a time have one."""
    return np.asarray(np.unique(windows.steps, return_inverse=True)[1])


def update_numbers(windows: Windows) -> np.ndarray:
    """Return the number of the update of the intervals that comes before each window, (windows,)."""
    origins = windows.steps - windows.steps.min()
    length = min(windows.horizon, int(origins.max()) // MIN_UPDATES + 1)
    return np.asarray(np.unique(origins // length, return_inverse=True)[1])


def _by_step(sums: Sequence[ErrorSums]) -> list[dict[str, float]]:
    mean = np.mean([of_seed.by_step for of_seed in sums], axis=0)
    return [{"step": number + 1} | measure_sums(row) for number, row in enumerate(mean)]


def _by_series(sums: Sequence[ErrorSums], windows: Windows, state: ScalerState) -> dict[str, dict[str, float]]:
    mean = np.mean([of_seed.by_window for of_seed in sums], axis=0)
    series = windows.series
    return {name: measure_series(mean[series == number].sum(axis=0)) for number, name in enumerate(state.series)}


def _drift(saved: Saved, scores: Sequence[Mapping[str, float]]) -> tuple[str, ...]:
    """Return a remark if the errors on test are of another size than those on validation, which comes before it."""
    primary = METRICS[0]
    before = np.mean([row[primary.name] for row in saved.metadata["validation"]])
    ratio = float(np.mean([row[primary.name] for row in scores]) / before) if before else 1.0
    if 1 / DRIFT < ratio < DRIFT:
        return ()
    return (
        f"the {primary.title} on test is {ratio:.1f} times that on validation: the series changed in between (drift), "
        "so what was best then may not be best later",
    )


def _signature(saved: Saved, parts: Parts, windows: Windows, origins: int) -> dict[str, Any]:
    state = saved.state
    return {
        "part": "test",
        "split": content_hash(parts["test"]),
        "items": origins,
        "windows": len(windows),
        "values_not_counted": int((~windows.observed_mask()).sum()),
        "series": len(state.series),
        "horizon": state.horizon,
        "frequency": state.frequency,
        "season": state.season,
        "scaler": f"{state.scaler}{' of logarithms' if state.logarithm else ''}, fitted on train",
        "seeds": saved.seeds,
        "context": saved.context,
        "smape": "0 to 200 %",
        "average": "mean over seeds; over series and steps alike",
        "intervals": "from the latest errors of each series that were known before a forecast",
    }


def _examples(
    online: OnlineConformal,
    windows: Windows,
    update: np.ndarray,
    sums: ErrorSums,
    parts: Parts,
    state: ScalerState,
) -> pd.DataFrame:
    """Return forecasts and truth of a few windows in the data's units: some drawn at random, and the worst.

    The same are drawn for every model. A row for each value: window, time, step (below 1: what was known), truth, and
    the forecast's median and interval ends.
    """
    errors = sums.by_window[:, STATISTICS.index("scaled")]
    count = min(RANDOM_EXAMPLES, len(windows))
    sampled = np.sort(np.random.default_rng(0).choice(len(windows), count, replace=False))
    names = [f"drawn {number + 1}" for number in range(count)] + ["worst"]
    chosen = np.array([*sampled, int(errors.argmax())])
    examples, stamps = windows.take(chosen), _stamps(parts, state)
    quantiles = state.inverse_transform(online.repeat(examples, update[chosen]), examples.series)
    tables = [
        _example(f"{name}: {state.series[examples.series[place]]}", window, quantiles[place], stamps, state)
        for place, (name, window) in enumerate(zip(names, examples.batches(1), strict=True))
    ]
    return pd.concat(tables).round(6)


def _example(name: str, window: Windows, quantiles: np.ndarray, stamps: np.ndarray, state: ScalerState) -> pd.DataFrame:
    """Return the rows of one window.

    Args:
        name: of the window.
        window: it alone.
        quantiles: its forecast in the data's units, (H, levels).
        stamps: the time of every value of the panel, (n,).
        state: the scaler.
    """
    history, origin = min(2 * state.horizon, state.look_back), window.origins[0]
    values = np.concatenate([window.past(history)[0], window.targets()], axis=1).astype(float)
    table = pd.DataFrame(
        {
            "window": name,
            "step": np.arange(-history + 1, state.horizon + 1),
            "time": stamps[origin - history : origin + state.horizon].astype(str),
            "truth": state.inverse_transform(values, window.series)[0],
        }
    )
    for column, ends in zip(INTERVAL_ENDS, quantiles.T, strict=True):
        table[column] = np.concatenate([np.full(history, np.nan), ends])
    return table


def _stamps(parts: Parts, state: ScalerState) -> np.ndarray:
    """Return the time of every value in the panel's order."""
    table = pd.concat(parts.values())
    series = table["series"].map({name: number for number, name in enumerate(state.series)})
    return table["timestamp"].to_numpy()[np.lexsort((table["timestamp"].to_numpy(), series))]
