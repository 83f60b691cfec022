"""The checks for leaks between parts of speech and in what was fitted on them.

Nothing of `split` or of `window`'s fitting is used here: an error there must not hide itself. Strings are joined
again from the table's recordings, and the frames that training reads are made again from the parts.
"""

import numpy as np
import pandas as pd

from stages.config.dataset import Dataset
from stages.config.schema import PARTS
from stages.data.frames import signals_of
from stages.tasks.base import Findings
from stages.tasks.leakage import foreign_of
from stages.tasks.member_leakage import Members, Parts
from stages.tasks.seq2seq.modeling.data import END
from stages.tasks.signal_leakage import Expected, different_frames, foreign_scaler, shortened
from stages.tasks.speech.config import SpeechWindow
from stages.tasks.speech.modeling.frames import PreparedSpeech

RECORDINGS = Members("recording", "recordings")


def check_leaks(dataset: Dataset) -> Findings:
    """Return a line for every leak, by check."""
    parts = {name: pd.read_parquet(dataset.part(name)) for name in PARTS}
    table = pd.read_parquet(dataset.table).set_index("id")
    window, prepared = dataset.params("window", SpeechWindow), PreparedSpeech(dataset.prepared / "frames")
    expected = Expected.of([values.astype(float) for values in signals_of(parts["train"], "source")], window)
    corpus = [text for texts in parts["train"]["targets"] for text in texts]
    return {
        "shared_recordings": RECORDINGS.shared(parts, table["content"], "recording"),
        "shared_speakers": RECORDINGS.shared(parts, table["speaker"].dropna(), "speaker"),
        "strings": different_strings(parts, table),
        "repeated_recordings": RECORDINGS.repeated(parts, table["content"]),
        "lost_recordings": RECORDINGS.lost(parts, table),
        "official_parts": RECORDINGS.moved(parts, table),
        "empty_parts": [f"{name} is empty" for name, part in parts.items() if part.empty],
        "vocabulary": foreign_of("target", corpus, prepared.preprocessor.target),
        "scaler": foreign_scaler(prepared.preprocessor.scaler.as_json(), expected),
        "arrays": foreign_arrays(parts["train"], prepared, expected),
    }


def different_strings(parts: Parts, table: pd.DataFrame) -> list[str]:
    """Return a line for every part with a source that is not what its recordings make, one after the other."""
    signals, said = table["values"].to_dict(), table["target"].to_dict()
    lines = []
    for name, part in parts.items():
        columns = (part[column] for column in ("id", "source", "channels", "targets", "recordings", "ends"))
        different = []
        for row, source, channels, texts, rows, ends in zip(*columns, strict=True):
            joined = [np.asarray(signals[each], np.float32) for each in rows if each in signals]
            same = len(joined) == len(rows) > 0 and np.array_equal(np.concatenate(joined), source)
            text = " ".join(said[each] for each in rows if each in said)
            steps = np.cumsum([len(each) // channels for each in joined]).tolist()
            if not same or list(texts) != [text] or list(ends) != steps:
                different.append(row)
        if different:
            what = "source(s) are not what their recordings make"
            lines.append(f"{name}: {len(different)} {what}: {shortened(different)}")
    return lines


def foreign_arrays(train: pd.DataFrame, prepared: PreparedSpeech, expected: Expected) -> list[str]:
    """Return a line for whatever of the arrays that training reads is not what train makes."""
    known, most = prepared.preprocessor, prepared.preprocessor.maximum
    source, target = prepared.side("train", "source"), prepared.side("train", "target")
    frames = -(-np.array([len(values) for values in signals_of(train, "source")]) // known.scaler.steps_per_frame)
    encodings = known.target.encode_batch([texts[0] for texts in train["targets"]])
    ids = [[*encoding.ids, END] for encoding in encodings]
    kept = (frames <= most["source"]) & (np.array([len(row) for row in ids]) <= most["target"])
    rows = train[kept]
    if len(source.lengths) != len(rows) or len(target.lengths) != len(rows):
        return [f"train: {len(source.lengths)} sources are prepared, but {len(rows)} of the part fit"]
    signals = [values.astype(float) for values in signals_of(rows, "source")]
    different = different_frames(rows["id"].tolist(), signals, source.values, source.offsets, expected)
    lines = [f"train: the frames of {shortened(different)} are not what the part makes"] if different else []
    wanted = [row for row, keep in zip(ids, kept, strict=True) if keep]
    others = [
        name
        for name, row, number in zip(rows["id"], wanted, range(len(wanted)), strict=True)
        if target.row(number).tolist() != row
    ]
    return lines + [f"train: the tokens of {shortened(others)} are not the part's"] * bool(others)
