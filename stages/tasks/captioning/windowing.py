"""Parts of pictures → a vocabulary and each channel's mean fitted on train alone, and train as bytes and tokens."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from stages.config.dataset import Dataset
from stages.config.pictures import PictureReading, PictureWindow
from stages.config.schema import Part
from stages.data.arrays import GrowingArray
from stages.data.pictures.picture import pictures_of
from stages.data.scripts import unknown_remarks
from stages.runtime.errors import UserError
from stages.runtime.progress import progress
from stages.tasks.base import Preparation
from stages.tasks.captioning.modeling.pictures import PicturePreprocessor
from stages.tasks.picture_network import Moments
from stages.tasks.seq2seq.config import Side
from stages.tasks.seq2seq.modeling.data import UNKNOWN, Rows
from stages.tasks.seq2seq.tokenizer import fit_tokenizer, refuse_one_token

BATCH = 500  # pictures
PREPARED: tuple[Part, ...] = ("train", "validation")
COLUMNS = ["height", "width", "channels", "pixels", "targets"]


def prepare(dataset: Dataset, output: Path) -> Preparation:
    """Fit a vocabulary and the channels' means on train, and write train into the new folder `output`.

    Raises:
        UserError: nothing is left to learn from, or there is but one token to write.
    """
    window, side = dataset.params("window", PictureWindow), dataset.params("tokenizer", Side)
    targets = {part: _targets(dataset, part) for part in PREPARED}
    preprocessor = PicturePreprocessor(
        target=fit_tokenizer(iter([sorted(set(targets["train"]))]), side, "target"),
        maximum={"source": window.height, "target": side.maximum_length},
        units={"source": "line", "target": side.unit},
        lengths=[window.height],
        size=[window.height, window.width],
        mean=[],
        deviation=[],
        filters=list(window.filters),
        longest_side=dataset.params("reading", PictureReading).longest_side,
    )
    refuse_one_token(preprocessor.target, side.unit)
    output.mkdir()
    target, left_out = _write_train(preprocessor, dataset.part("train"), output)
    if not len(target):
        raise UserError(
            f"nothing of {dataset.name} is left to learn from: raise {dataset.key('tokenizer.maximum_length')}"
        )
    preprocessor.save(output / "preprocessor.json")
    report = _report(preprocessor, targets, target, left_out)
    remarks = unknown_remarks({"validation": report["unknown_rate"]}, side.unit, dataset.key("tokenizer.unit"))
    if left_out:
        remarks.append(
            f"{left_out} of train's {left_out + len(target)} descriptions are longer than "
            f"{dataset.key('tokenizer.maximum_length')} allows, and are not learned from"
        )
    return Preparation(report, f"{len(target)} pairs of a picture and {target.sum()} tokens in all", None, remarks)


def _targets(dataset: Dataset, part: Part) -> list[str]:
    """Return what is said of a part's pictures."""
    texts = pd.read_parquet(dataset.part(part), columns=["targets"])["targets"]
    return [text for of_source in texts for text in of_source]


def _write_train(preprocessor: PicturePreprocessor, train: Path, output: Path) -> tuple[np.ndarray, int]:
    """Write what is learned from, and fit the channels' means on it; return the targets' lengths, and how many are cut.

    A picture with several descriptions is a pair with each.
    """
    tokens: list[np.ndarray] = []
    left_out = 0
    moments: Moments | None = None
    with GrowingArray(output / "train.source.values.npy") as lines:
        for picture, texts in progress(_pairs(preprocessor, train), desc="train", unit="picture"):
            encoded = preprocessor.encode_targets(texts, cut=False)
            short = [ids for ids in encoded if len(ids) <= preprocessor.maximum["target"]]
            left_out += len(encoded) - len(short)
            for ids in short:
                lines.append(picture)
                tokens.append(ids)
            moments = moments or Moments(picture.shape[2])
            moments.add(picture)
    rows = Rows.gather(tokens)
    np.save(output / "train.target.values.npy", rows.values)
    np.save(output / "train.target.offsets.npy", rows.offsets)
    np.save(output / "train.source.offsets.npy", np.arange(len(tokens) + 1, dtype=np.int64) * preprocessor.size[0])
    assert moments is not None  # a part without pictures was refused
    preprocessor.mean[:], preprocessor.deviation[:] = moments.mean, moments.deviation
    return rows.lengths, left_out


def _pairs(preprocessor: PicturePreprocessor, path: Path) -> Iterator[tuple[np.ndarray, list[str]]]:
    """Yield each picture as networks read it, and what is said of it."""
    with pq.ParquetFile(path, pre_buffer=False) as file:
        for batch in file.iter_batches(BATCH, columns=COLUMNS):
            part = batch.to_pandas()
            pictures = preprocessor.encode_sources(pictures_of(part))
            yield from zip(pictures, map(list, part["targets"]), strict=True)


def _report(
    preprocessor: PicturePreprocessor, targets: dict[Part, list[str]], target: np.ndarray, left_out: int
) -> dict[str, Any]:
    """Return what was prepared, in numbers. `target`: the lengths (n,) of what is learned from."""
    known = np.concatenate(preprocessor.encode_targets(targets["validation"], cut=False))
    return {
        "size": preprocessor.size,
        "channels": len(preprocessor.mean),
        "places": preprocessor.map_size,
        "maximum": preprocessor.maximum,
        "vocabulary": preprocessor.target.get_vocab_size(),
        "unit": preprocessor.units["target"],
        "unknown_rate": float(np.mean(known == UNKNOWN)),
        "learned": len(target),
        "longer": left_out,
        "tokens": int(target.sum()),
    }
