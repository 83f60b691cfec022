"""A trained model on the test part: how it describes pictures, and where its attention lies as it does."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from stages.config.dataset import Dataset
from stages.config.schema import ParallelConfig
from stages.data.pictures.picture import pictures_of
from stages.tasks.base import EvaluationResult
from stages.tasks.captioning.modeling.pictures import PicturePreprocessor
from stages.tasks.captioning.modeling.saved import Saved
from stages.tasks.fingerprint import fingerprint
from stages.tasks.seq2seq.evaluation import Outputs, choose_examples, measure_translator
from stages.tasks.seq2seq.modeling.contract import Translator

READABLE = (4, 30)  # words of an example's description


def evaluate(saved: Saved, dataset: Dataset, parallel: ParallelConfig) -> EvaluationResult:
    """Return what a model did on its dataset's test part; its replicas write side by side."""
    test = pd.read_parquet(dataset.part("test"))
    sources, known = pictures_of(test), saved.preprocessor
    words = pd.DataFrame({"words": [len(texts[0].split()) for texts in test["targets"]]})
    examples = choose_examples(words["words"].to_numpy(), *READABLE)
    outputs, result = measure_translator(saved, dataset, test, sources, words, examples, parallel)
    signature = result.details["signature"] | {
        "split": fingerprint(test["pixels"], test["targets"]),
        "size": known.size,
        "channels": len(known.mean),
        "tokens": f"places to {known.units['target']}s",
    }
    details = result.details | {"signature": signature, "looks": None}
    first = next(model for _, model in saved.replicas(saved.seeds[:1]))
    if first.attends and "boxes" in test:
        details["looks"] = attention_in_boxes(first, known, test, result.predictions["output"][: len(test)].tolist())
    return replace(result, details=details, examples=_examples(test, result.predictions, examples, outputs, known))


def attention_in_boxes(
    model: Translator, known: PicturePreprocessor, test: pd.DataFrame, outputs: list[str]
) -> dict[str, float] | None:
    """Return the share of words whose attention peaks in the box of the object that they are about, if there are any.

    Counted are the words of an output that stand where the sentence has them. A place is in a box if its square of the
    picture and the box overlap; `chance` is the share of all places that do, over the same words.
    """
    inside, chance = [], []
    columns = (test[name] for name in ("targets", "owners", "boxes"))
    for picture, output, texts, owners, boxes in zip(pictures_of(test), outputs, *columns, strict=True):
        if not output:
            continue
        weights = _by_word(model, picture, output)
        overlaps = [overlapped(box, picture.shape, known.map_size) for box in np.reshape(boxes, (-1, 4))]
        said = zip(output.split(), texts[0].split(), owners, weights, strict=False)
        for word, true, owner, looks in said:
            if word == true and owner >= 0:
                inside.append(bool(overlaps[owner][int(np.argmax(looks))]))
                chance.append(float(overlaps[owner].mean()))
    if not inside:
        return None
    return {"words": len(inside), "inside": float(np.mean(inside)), "chance": float(np.mean(chance))}


def _by_word(model: Translator, picture: np.ndarray, output: str) -> list[np.ndarray]:
    """Return the weights over places for each word of an output: the mean over its tokens."""
    alignment = model.align(picture, output)
    words: list[list[np.ndarray]] = []
    for token, weights in zip(alignment.output[:-1], alignment.weights, strict=False):  # the last is the end
        if not words or token.startswith(" "):
            words.append([])
        words[-1].append(weights)
    return [np.mean(weights, axis=0) for weights in words]


def overlapped(box: np.ndarray, shape: tuple[int, ...], map_size: tuple[int, int]) -> np.ndarray:
    """Return which places of a map, line by line, lie in a box (left, top, right, bottom) of a picture, (places,).

    Args:
        box: in pixels of the picture.
        shape: of the picture, height and width first.
        map_size: lines and columns.
    """
    left, top, right, bottom = box
    (lines, columns), (height, width) = map_size, shape[:2]
    begins, ends = np.arange(lines) * height / lines, (np.arange(lines) + 1) * height / lines
    in_lines = (begins < bottom) & (ends > top)
    begins, ends = np.arange(columns) * width / columns, (np.arange(columns) + 1) * width / columns
    in_columns = (begins < right) & (ends > left)
    return np.asarray(in_lines[:, None] & in_columns[None, :]).ravel()


def _examples(
    test: pd.DataFrame,
    predictions: pd.DataFrame,
    rows: np.ndarray,
    outputs: list[Outputs],
    known: PicturePreprocessor,
) -> dict[str, Any]:
    """Return some pictures with what is said of them, what the first seed wrote, and where it looked."""
    alignments = outputs[0].alignments
    shown = known.encode_sources(pictures_of(test.iloc[rows]))
    written = [
        {
            "id": test["id"].iloc[row],
            "references": list(test["targets"].iloc[row]),
            "output": predictions["output"].iloc[row],
            "greedy": predictions["greedy.output"].iloc[row],
            "edits": int(predictions["edits"].iloc[row]),
            "pixels": shown[place].tolist(),
            "places": known.map_size,
            "alignment": None if alignments is None else alignments[place],
        }
        for place, row in enumerate(rows)
    ]
    return {"written": written}
