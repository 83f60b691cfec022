"""Parts of signals → a scaler fitted on train alone, and frames with offsets.

Signals are read and written in batches, so that memory does not grow with their number.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stages.config.dataset import Dataset
from stages.config.frames import WindowConfig
from stages.config.reading import SignalReading
from stages.data.arrays import GrowingArray
from stages.data.frames import as_read, stream_part
from stages.runtime.files import write_json
from stages.runtime.progress import progress
from stages.tasks.base import Preparation
from stages.tasks.classification.modeling.data import PREPARED_PARTS
from stages.tasks.signals.modeling.frames import SignalScaler

PERCENTAGES = (0, 25, 50, 75, 95, 100)  # of the signals, by length


def prepare(dataset: Dataset, output: Path) -> Preparation:
    """Fit a scaler on train, and write train and validation as frames into the new folder `output`."""
    config, train = dataset.params("window", WindowConfig), dataset.part("train")
    scaler = SignalScaler.fit(lambda: (values for values, _ in stream_part(train, "values", "label")), config)
    labels = sorted(pc.unique(pq.read_table(train, columns=["label"])["label"]).to_pylist())
    output.mkdir()
    scaler.save(output / "scaler.json")
    reading = as_read(dataset.params("reading", SignalReading), train)
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
        for values, label in progress(stream_part(path, "values", "label"), desc=path.stem, unit="signal"):
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
