"""Parts of speech → a scaler and a vocabulary fitted on train alone, and train as frames and tokens."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from stages.config.dataset import Dataset
from stages.config.schema import Part
from stages.data.arrays import GrowingArray
from stages.data.frames import Scaler, as_read, stream_part
from stages.data.scripts import unknown_remarks
from stages.runtime.errors import UserError
from stages.runtime.progress import progress
from stages.tasks.base import Preparation
from stages.tasks.seq2seq.config import Side
from stages.tasks.seq2seq.modeling.data import END, UNKNOWN, Rows
from stages.tasks.seq2seq.tokenizer import fit_tokenizer, padded_lengths, refuse_one_token
from stages.tasks.speech.config import Reading, SpeechWindow
from stages.tasks.speech.modeling.frames import SpeechPreprocessor

PREPARED: tuple[Part, ...] = ("train", "validation")
PERCENTAGES = (0, 25, 50, 75, 95, 100)  # of the sources, by length


def prepare(dataset: Dataset, output: Path) -> Preparation:
    """Fit a scaler and a vocabulary on train, and write train into the new folder `output`.

    Raises:
        UserError: nothing is left to learn from, or there is but one token to write.
    """
    window, side = dataset.params("window", SpeechWindow), dataset.params("tokenizer", Side)
    train = dataset.part("train")
    declared = dataset.params("reading", Reading)
    reading = as_read(declared, train)
    if reading.sound.sample_rate is not None:
        reading = as_read(declared.of_recordings(), train)
    targets = {part: _targets(dataset, part) for part in PREPARED}
    preprocessor = SpeechPreprocessor(
        target=fit_tokenizer(iter([sorted(set(targets["train"]))]), side, "target"),
        maximum={"source": window.maximum_length, "target": side.maximum_length},
        units={"source": "frame", "target": side.unit},
        lengths=[],
        scaler=Scaler.fit(lambda: (values for values, _ in stream_part(train, "source", "targets")), window),
        frames_per_vector=window.frames_per_vector,
        reading=reading.model_dump(mode="json"),
    )
    refuse_one_token(preprocessor.target, side.unit)
    output.mkdir()
    source, tokens, left_out = _write_train(preprocessor, train, output)
    if not len(source):
        raise UserError(
            f"nothing of {dataset.name} is left to learn from: raise {dataset.key('window.maximum_length')} or "
            f"{dataset.key('tokenizer.maximum_length')}"
        )
    preprocessor.lengths[:] = padded_lengths(source, window.maximum_length)
    preprocessor.save(output / "preprocessor.json")
    report = _report(preprocessor, targets, source, tokens, left_out)
    remarks = unknown_remarks({"validation": report["unknown_rate"]}, side.unit, dataset.key("tokenizer.unit"))
    if report["too_short"]:
        remarks.append(
            f"{report['too_short']} of train's {len(source)} sources have fewer steps than tokens: ctc learns nothing "
            f"from them; lower {dataset.key('window.frames_per_vector')}"
        )
    if left_out:
        remarks.append(
            f"{left_out} of train's {left_out + len(source)} sources are longer than {dataset.key('window')} or "
            f"{dataset.key('tokenizer')} allow (maximum_length), and are not learned from"
        )
    frames = f"{source.sum()} frames of {len(preprocessor.scaler.mean)} channel(s) in {len(source)} sources"
    return Preparation(report, frames, None, remarks)


def _targets(dataset: Dataset, part: Part) -> list[str]:
    """Return what is said in a part."""
    texts = pd.read_parquet(dataset.part(part), columns=["targets"])["targets"]
    return [text for of_source in texts for text in of_source]


def _write_train(preprocessor: SpeechPreprocessor, train: Path, output: Path) -> tuple[np.ndarray, Rows, int]:
    """Write what is learned from; return its sources' lengths (n,), its targets, and how much is too long for it."""
    most, lengths, tokens, left_out = preprocessor.maximum, [], [], 0
    with GrowingArray(output / "train.source.values.npy") as frames:
        for frame_rows, ids in progress(_encoded(preprocessor, train), desc="train", unit="source"):
            if len(frame_rows) > most["source"] or len(ids) > most["target"]:
                left_out += 1
                continue
            frames.append(frame_rows)
            lengths.append(len(frame_rows))
            tokens.append(ids)
    rows = Rows.gather(tokens)
    np.save(output / "train.target.values.npy", rows.values)
    np.save(output / "train.target.offsets.npy", rows.offsets)
    np.save(output / "train.source.offsets.npy", np.cumsum([0, *lengths], dtype=np.int64))
    return np.array(lengths), rows, left_out


def steps_needed(tokens: Rows) -> np.ndarray:
    """Return how many steps a labelling that reads as each target has at least (n,): one more between equal tokens."""
    ids, starts = np.asarray(tokens.values), tokens.offsets[:-1]
    again = np.zeros(len(ids), int)
    again[1:] = (ids[1:] == ids[:-1]) & (ids[1:] != END)
    return np.add.reduceat(again, starts) + tokens.lengths - 1


def _encoded(preprocessor: SpeechPreprocessor, path: Path) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield each source's frames (T, F) and its target's ids, uncut."""
    for values, texts in stream_part(path, "source", "targets"):
        (frames,) = preprocessor.encode_sources([values], cut=False)
        (ids,) = preprocessor.encode_targets(list(texts), cut=False)
        yield frames, ids


def _report(
    preprocessor: SpeechPreprocessor,
    targets: dict[Part, list[str]],
    source: np.ndarray,
    tokens: Rows,
    left_out: int,
) -> dict[str, Any]:
    """Return what was prepared, in numbers. `source`, `tokens`: lengths (n,) and targets of what is learned from."""
    steps = -(-source // preprocessor.frames_per_vector)
    known = np.concatenate(preprocessor.encode_targets(targets["validation"], cut=False))
    return {
        "channels": len(preprocessor.scaler.mean),
        "scaler": preprocessor.scaler.kind,
        "steps_per_frame": preprocessor.scaler.steps_per_frame,
        "frames_per_vector": preprocessor.frames_per_vector,
        "maximum": preprocessor.maximum,
        "vocabulary": preprocessor.target.get_vocab_size(),
        "unit": preprocessor.units["target"],
        "unknown_rate": float(np.mean(known == UNKNOWN)),
        "learned": len(source),
        "longer": left_out,
        "frames": int(source.sum()),
        "too_short": int((steps_needed(tokens) > steps).sum()),
        "tokens": int(tokens.lengths.sum()),
        "length_quantiles": {
            str(share): int(np.quantile(source, share / 100, method="inverted_cdf")) for share in PERCENTAGES
        },
    }
