"""Parts of signals → a scaler fitted on train alone, and frames with offsets.

Signals are read and written in batches, so that memory does not grow with their number.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stages.config.dataset import Dataset
from stages.config.reading import SignalReading
from stages.data.arrays import GrowingArray
from stages.runtime.files import write_json
from stages.runtime.progress import progress
from stages.tasks.base import Preparation
from stages.tasks.classification.modeling.data import PREPARED_PARTS
from stages.tasks.signals.config import WindowConfig
from stages.tasks.signals.modeling.frames import SMALLEST, SignalScaler

BATCH = 1_000  # signals
PERCENTAGES = (0, 25, 50, 75, 95, 100)  # of the signals, by length


def prepare(dataset: Dataset, output: Path) -> Preparation:
    """Fit a scaler on train, and write train and validation as frames into the new folder `output`."""
    config, train = dataset.params("window", WindowConfig), dataset.part("train")
    scaler = fit_scaler(lambda: (values for values, _ in read_signals(train)), config)
    labels = sorted(pc.unique(pq.read_table(train, columns=["label"])["label"]).to_pylist())
    output.mkdir()
    scaler.save(output / "scaler.json")
    reading = _as_read(dataset.params("reading", SignalReading), train)
    meta = {"labels": labels, "maximum_length": config.maximum_length, "reading": reading.model_dump(mode="json")}
    write_json(output / "meta.json", meta)
    report: dict[str, Any] = {"channels": len(scaler.mean), "scaler": config.scaler}
    report |= {"steps_per_frame": config.steps_per_frame, "maximum_length": config.maximum_length}
    for part in PREPARED_PARTS:
        lengths = write_part(scaler, dataset.part(part), output, labels, config.maximum_length)
        report[part] = summarise(lengths, config.maximum_length)
    frames, signals = (sum(report[part][count] for part in PREPARED_PARTS) for count in ("frames", "signals"))
    cut = sum(report[part]["signals_cut"] for part in PREPARED_PARTS)
    remarks = []
    if cut:
        key = dataset.key("window.maximum_length")
        remarks.append(f"{cut} of {signals} signals are longer than {key} and lose their end")
    return Preparation(report, f"{frames} frames of {len(scaler.mean)} channel(s) in {signals} signals", None, remarks)


def _as_read(reading: SignalReading, train: Path) -> SignalReading:
    """Return how files are to be read so that they are like train: its channels by name, and its sample rate."""
    with pq.ParquetFile(train) as file:
        first = next(file.iter_batches(1, columns=["channel_names", "sample_rate"])).to_pylist()[0]
    names, rate = first["channel_names"], first["sample_rate"]
    if names is not None:
        reading = reading.model_copy(update={"channels": tuple(names)})
    if rate is not None and reading.sound.sample_rate is None:
        reading = reading.model_copy(update={"sound": reading.sound.model_copy(update={"sample_rate": rate})})
    return reading


def read_signals(path: Path) -> Iterator[tuple[np.ndarray, str]]:
    """Yield a part's signals: values (steps, F) and label."""
    with pq.ParquetFile(path, pre_buffer=False) as file:
        for batch in file.iter_batches(BATCH, columns=["label", "channels", "values"]):
            flat, offsets = batch["values"].flatten().to_numpy(), _offsets(batch["values"])
            labels, channels = batch["label"].to_pylist(), batch["channels"].to_pylist()
            for row, label in enumerate(labels):
                yield flat[offsets[row] : offsets[row + 1]].reshape(-1, channels[row]), label


def _offsets(column: pa.ListArray) -> np.ndarray:
    return np.cumsum([0, *pc.list_value_length(column).to_pylist()])


def fit_scaler(signals: Callable[[], Iterable[np.ndarray]], config: WindowConfig) -> SignalScaler:
    """Return the scaler of the signals that a function yields, each (steps, F); it is called twice.

    The deviation is taken from the mean, not from the mean of squares, which would round away a small one.
    """
    count, total = 0, np.zeros(1)
    for values in signals():
        count, total = count + len(values), total + values.sum(axis=0)
    mean = total / max(count, 1)
    squares, largest = np.zeros(len(mean)), np.zeros(len(mean))
    for values in signals():
        squares += ((values - mean) ** 2).sum(axis=0)
        largest = np.maximum(largest, np.abs(values).max(axis=0, initial=0))
    spread = np.sqrt(squares / max(count, 1))
    spread = np.where(spread > SMALLEST * largest, spread, 1.0)
    return SignalScaler(config.scaler, config.steps_per_frame, mean.tolist(), spread.tolist())


def write_part(scaler: SignalScaler, path: Path, output: Path, labels: Sequence[str], maximum: int) -> np.ndarray:
    """Write a part's frames, offsets, labels and weights; return the lengths before cutting, (signals,).

    Args:
        scaler: fitted on train.
        path: the part's file.
        output: the folder of frames.
        labels: of train, sorted.
        maximum: the length at which signals are cut, in frames.
    """
    numbers, lengths = {label: number for number, label in enumerate(labels)}, []
    files = (GrowingArray(output / f"{path.stem}.{name}.npy") for name in ("values", "offsets", "labels", "weights"))
    with next(files) as frames, next(files) as offsets, next(files) as indices, next(files) as weights:
        offsets.append(np.zeros(1, np.int64))
        for values, label in progress(read_signals(path), desc=path.stem, unit="signal"):
            framed = scaler.frames(values)
            lengths.append(len(framed))
            frames.append(framed[:maximum])
            offsets.append(np.array([frames.length], np.int64))
            indices.append(np.array([numbers.get(label, -1)], np.int32))  # −1: a label that train lacks
            weights.append(np.ones(1, np.float32))
    return np.array(lengths)


def summarise(lengths: np.ndarray, maximum: int) -> dict[str, Any]:
    """Return counts of signals and frames, and the quantiles of the lengths (signals,) before cutting."""
    return {
        "signals": len(lengths),
        "frames": int(lengths.sum()),
        "signals_cut": int((lengths > maximum).sum()),
        "length_quantiles": {
            str(percentage): int(np.quantile(lengths, percentage / 100, method="inverted_cdf"))
            for percentage in PERCENTAGES
        },
    }
