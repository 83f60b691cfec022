"""A trained model on the test part: what it finds in pictures."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from stages.config.dataset import Dataset
from stages.data.pictures.picture import pictures_of
from stages.evaluation.metric import measure
from stages.runtime.clock import clock
from stages.tasks.base import EvaluationResult
from stages.tasks.detection.metrics import METRICS, per_seed
from stages.tasks.detection.modeling.saved import Saved
from stages.tasks.detection.modeling.statistics import OVERLAP, SURE, Detection, columns, statistics_of
from stages.tasks.detection.part_name import name_of

SHOWN = 5  # examples


def evaluate(saved: Saved, dataset: Dataset) -> EvaluationResult:
    """Return what a model did on its dataset's test part."""
    test, known = pd.read_parquet(dataset.part("test")), saved.preprocessor
    pictures = pictures_of(test)
    objects = [known.objects(*row) for row in zip(pictures, test["labels"], test["boxes"], strict=True)]
    encoded = known.encode(pictures)
    items = pd.DataFrame({"id": test["id"], "objects": [len(truth) for truth in objects]})
    tables, seconds, first = [], 0.0, None
    for seed, model in saved.replicas():
        began = clock.seconds()
        found = model.detect(encoded)
        seconds += clock.seconds() - began
        first = found if first is None else first
        sums = pd.DataFrame(statistics_of(found, objects, len(known.classes)), columns=columns(len(known.classes)))
        tables.append(pd.concat([items.assign(seed=seed), sums.astype(np.int32)], axis=1))
    predictions = pd.concat(tables)
    assert first is not None
    unknown = sum(int((truth[:, 0] == 0).sum()) for truth in objects)
    signature = {
        "part": "test",
        "split": name_of(test),
        "items": len(test),
        "objects": int(items["objects"].sum()),
        "unknown": unknown,
        "classes": len(known.classes),
        "seeds": saved.seeds,
        "size": known.size,
        "overlap": OVERLAP,
        "score": SURE,
        "average": "mean over seeds and classes",
    }
    return EvaluationResult(
        predictions,
        scores={
            seed: measure(METRICS, rows.sum(axis=0))
            for seed, rows in zip(sorted(saved.seeds), per_seed(predictions), strict=True)
        },
        details={"signature": signature},
        seconds=seconds,
        items=len(test) * len(tables),
        examples={"found": _examples(test["id"].tolist(), encoded, objects, first, known.classes)},
    )


def _examples(
    names: Sequence[str],
    pictures: Sequence[np.ndarray],
    objects: Sequence[np.ndarray],
    found: Sequence[Detection],
    classes: Sequence[str],
) -> list[dict[str, Any]]:
    """Return some pictures, the same for all models, with what is in them and what the first seed found."""
    chosen = np.random.default_rng(0).permutation(len(names))[:SHOWN]
    known = ["?", *classes]
    return [
        {
            "id": names[row],
            "pixels": pictures[row].tolist(),
            "objects": [[known[int(truth[0])], *truth[1:].round(1).tolist()] for truth in objects[row]],
            "found": [
                [known[number], float(score), *box.round(1).tolist()]
                for number, score, box in zip(found[row].classes, found[row].scores, found[row].boxes, strict=True)
                if score >= SURE
            ],
            "proposals": found[row].proposals.round(1).tolist(),
        }
        for row in chosen
    ]
