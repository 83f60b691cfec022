"""Signals of parts as arrays, and how they become frames: each channel less its mean over train, by its deviation."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stages.config.frames import WindowConfig
from stages.config.reading import SignalReading

BATCH = 1_000  # signals
SMALLEST = 1e-12  # a deviation below this share of the largest value is rounding: the channel is constant


@dataclass(frozen=True)
class Scaler:
    """Each channel's mean and deviation over train, and how a signal becomes frames."""

    kind: Literal["standard", "each", "none"]
    steps_per_frame: int
    mean: list[float]  # of each channel over the steps of train
    deviation: list[float]

    @classmethod
    def fit(cls, signals: Callable[[], Iterable[np.ndarray]], config: WindowConfig) -> Self:
        """Return the scaler of the signals that a function yields, each (steps, F); it is called twice.

        The deviation is taken from the mean, not from the mean of squares, which would round away a small one.
        """
        count, total = 0, np.zeros(1)
        for values in signals():
            count, total = count + len(values), total + values.sum(axis=0, dtype=float)
        mean = total / max(count, 1)
        squares, largest = np.zeros(len(mean)), np.zeros(len(mean))
        for values in signals():
            squares += ((values - mean) ** 2).sum(axis=0)
            largest = np.maximum(largest, np.abs(values).max(axis=0, initial=0))
        spread = np.sqrt(squares / max(count, 1))
        spread = np.where(spread > SMALLEST * largest, spread, 1.0)
        return cls(config.scaler, config.steps_per_frame, mean.tolist(), spread.tolist())

    def frames(self, values: np.ndarray) -> np.ndarray:
        """Return the frames (T, F) float32 of a signal (steps, F)."""
        if self.kind == "each" and len(values):
            values = (values - values.mean(axis=0)) / deviation(values)
        elif self.kind == "standard":
            values = (values - self.mean) / self.deviation
        if self.steps_per_frame > 1 and len(values):
            starts = np.arange(0, len(values), self.steps_per_frame)
            counts = np.diff(np.append(starts, len(values)))
            values = np.add.reduceat(values, starts, axis=0) / counts[:, None]
        return np.asarray(values, np.float32)

    def as_json(self) -> dict[str, Any]:
        """Return what makes it again."""
        return asdict(self)


def deviation(values: np.ndarray) -> np.ndarray:
    """Return each channel's standard deviation over steps (T, F), 1 where it is constant."""
    spread = values.std(axis=0)
    return np.where(spread > SMALLEST * np.abs(values).max(axis=0, initial=0), spread, 1.0)


def as_read(reading: SignalReading, train: Path) -> SignalReading:
    """Return how files are to be read so that they are like train: its channels by name, and its sample rate.

    `train`: a part's file, with the columns channel_names and sample_rate.
    """
    with pq.ParquetFile(train) as file:
        first = next(file.iter_batches(1, columns=["channel_names", "sample_rate"])).to_pylist()[0]
    names, rate = first["channel_names"], first["sample_rate"]
    if names is not None:
        reading = reading.model_copy(update={"channels": tuple(names)})
    if rate is not None and reading.sound.sample_rate is None:
        reading = reading.model_copy(update={"sound": reading.sound.model_copy(update={"sample_rate": rate})})
    return reading


def stream_part(path: Path, values: str, column: str) -> Iterator[tuple[np.ndarray, Any]]:
    """Yield a part's signals, (steps, F) each, and what they have in a column. `values`: the column of the numbers."""
    with pq.ParquetFile(path, pre_buffer=False) as file:
        for batch in file.iter_batches(BATCH, columns=[column, "channels", values]):
            flat = batch[values].flatten().to_numpy()
            offsets = np.cumsum([0, *pc.list_value_length(batch[values]).to_pylist()])
            meanings, channels = batch[column].to_pylist(), batch["channels"].to_pylist()
            for row, meaning in enumerate(meanings):
                yield flat[offsets[row] : offsets[row + 1]].reshape(-1, channels[row]), meaning


def signals_of(part: pd.DataFrame, values: str = "values") -> list[np.ndarray]:
    """Return a part's signals, (steps, F) each. `values`: the column of the numbers."""
    columns = (part[values], part["channels"])
    return [np.asarray(flat).reshape(-1, channels) for flat, channels in zip(*columns, strict=True)]
