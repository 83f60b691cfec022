"""A trained recogniser of speech on the test part: what it writes, how far that is from right, and how fast it is."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from stages.config.dataset import Dataset
from stages.config.schema import ParallelConfig
from stages.data.frames import signals_of
from stages.tasks.base import EvaluationResult
from stages.tasks.fingerprint import fingerprint
from stages.tasks.seq2seq.evaluation import Outputs, choose_examples, measure_translator
from stages.tasks.speech.config import Reading
from stages.tasks.speech.modeling.frames import SpeechPreprocessor
from stages.tasks.speech.modeling.saved import Saved

READABLE = (20, 400)  # frames of an example, so that its alignment can be read


def evaluate(saved: Saved, dataset: Dataset, parallel: ParallelConfig) -> EvaluationResult:
    """Return what a model did on its dataset's test part; its replicas write side by side."""
    test = pd.read_parquet(dataset.part("test"))
    sources, known = signals_of(test, "source"), saved.preprocessor
    frames = np.array([len(row) for row in known.encode_sources(sources, cut=False)])
    examples = choose_examples(frames, *READABLE)
    lengths = pd.DataFrame({"frames": frames})
    outputs, result = measure_translator(saved, dataset, test, sources, lengths, examples, parallel)
    unit = known.units["target"]
    signature = result.details["signature"] | {
        "split": fingerprint((np.asarray(source).tobytes() for source in test["source"]), test["targets"]),
        "channels": len(known.scaler.mean),
        "tokens": f"frames to {'characters' if unit == 'character' else f'{unit}s'}",
    }
    cut = result.details["cut"] | {"sources": int((frames > known.maximum["source"]).sum())}
    sound = {"frames_per_source": float(frames.mean()), "frame_seconds": seconds_per_frame(known)}
    details = result.details | {"signature": signature, "cut": cut, "sound": sound}
    return replace(result, details=details, examples=_examples(test, result.predictions, examples, outputs, known))


def seconds_per_frame(known: SpeechPreprocessor) -> float | None:
    """Return how much time a frame stands for; None: nobody said."""
    reading = Reading(**known.reading)
    of_step = reading.frame_seconds or (reading.sound.step if reading.sound.sample_rate is not None else None)
    return None if of_step is None else of_step * known.scaler.steps_per_frame


def _examples(
    test: pd.DataFrame,
    predictions: pd.DataFrame,
    rows: np.ndarray,
    outputs: list[Outputs],
    known: SpeechPreprocessor,
) -> dict[str, Any]:
    """Return some sources with what is said, what the first seed wrote, and the frames that it wrote it from."""
    alignments = outputs[0].alignments
    sources = known.encode_sources(signals_of(test.iloc[rows], "source"))
    written = [
        {
            "id": test["id"].iloc[row],
            "reference": test["targets"].iloc[row][0],
            "output": predictions["output"].iloc[row],
            "greedy": predictions["greedy.output"].iloc[row],
            "edits": int(predictions["edits"].iloc[row]),
            "frames": sources[place].T.round(2).astype(float).tolist(),
            "ends": (np.array(test["ends"].iloc[row]) / known.scaler.steps_per_frame).tolist(),
            "alignment": None if alignments is None else alignments[place],
        }
        for place, row in enumerate(rows)
    ]
    return {"written": written}
