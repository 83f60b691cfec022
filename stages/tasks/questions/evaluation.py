"""A trained classifier of questions on the test part: predictions, metrics, kinds, and the sentences looked at."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from stages.config.dataset import Dataset
from stages.tasks.base import EvaluationResult
from stages.tasks.classification.evaluation import (
    Measured,
    by_quarter,
    measure_classifier,
    most_confident,
    signature,
    token_counts,
)
from stages.tasks.classification.splitter import content_hash
from stages.tasks.questions.modeling.saved import Saved
from stages.tasks.sentences import LINE_BREAK

SHOWN_SENTENCES = 40  # of a story


def evaluate(saved: Saved, dataset: Dataset) -> EvaluationResult:
    """Measure a classifier on its dataset's test part; see `measure_classifier`."""
    test = pd.read_parquet(dataset.part("test"))
    texts = test["text"].tolist()
    kinds = {"kind": test["kind"].to_numpy()} if test["kind"].notna().any() else {}
    stories = {"story": pd.factorize(test["text"].str.partition(LINE_BREAK)[2])[0]}
    measured = measure_classifier(
        saved, test, texts, lambda rows: token_counts(saved.preprocessor.tokenizer, rows) | stories | kinds
    )
    looks = {
        seed: [by_sentence(*each, saved.preprocessor.line_break) for each in zip(measured.rows, weights, strict=True)]
        for seed, weights in saved.attention(texts, rows=measured.rows)
    }
    predictions = measured.predictions
    details = {
        "by_length": by_quarter(predictions, predictions["tokens"]),
        "by_kind": by_kind(predictions) if kinds else {},
        "support": support(test["facts"], looks),
        "signature": {
            **signature(saved, test, content_hash(test)),
            "vocabulary": saved.preprocessor.tokenizer.get_vocab_size(),
        },
    }
    examples = _examples(measured, test, next(iter(looks.values()), None))
    return replace(measured.result, details=measured.result.details | details, examples=examples)


def by_kind(predictions: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Return how many questions of each kind there are, and the share that is answered rightly, over all seeds."""
    hits = predictions.assign(hit=predictions["label"] == predictions["predicted"])
    return {
        str(kind): {"items": int(rows["id"].nunique()), "accuracy": float(rows["hit"].mean())}
        for kind, rows in hits.groupby("kind")
    }


def by_sentence(ids: np.ndarray, weights: np.ndarray, line_break: int) -> np.ndarray:
    """Return the weight of each sentence in each look, (sentences, looks); of those that a cut text keeps.

    Args:
        ids: a text's tokens (T,), uncut.
        weights: of the tokens that the model reads, (at most T, looks).
        line_break: its id.
    """
    line = np.cumsum(ids[: len(weights)] == line_break)
    sums = np.zeros((line.max(initial=0) + 1, weights.shape[1]))
    np.add.at(sums, line, weights)
    return sums[1:]  # without the question


def support(facts: pd.Series, looks: Mapping[int, Sequence[np.ndarray]]) -> dict[str, Any] | None:
    """Return how often what is looked at most is a sentence that the answer rests on; None if that is not known.

    Returns:
        `looks`: the share of the questions of which it is, for each look; `found`: the mean share of a question's facts
        that are looked at most in some look; `chance`: what a look at any sentence would have; `questions`.
    """
    known = [row for row, each in enumerate(facts) if each is not None and len(each)]
    if not known or not looks:
        return None
    hits, found, chance = [], [], []
    for of_seed in looks.values():
        for row in known:
            weights, right = of_seed[row], np.asarray(facts.iloc[row]) - 1
            if not len(weights):
                continue
            peaks = weights.argmax(axis=0)
            hits.append(np.isin(peaks, right))
            found.append(np.isin(right, peaks).mean())
            chance.append(min(len(right) / len(weights), 1.0))
    return {
        "looks": np.mean(hits, axis=0).tolist(),
        "found": float(np.mean(found)),
        "chance": float(np.mean(chance)),
        "questions": len(known),
    }


def _examples(measured: Measured, test: pd.DataFrame, looks: Sequence[np.ndarray] | None) -> dict[str, Any]:
    """Return the most confident mistakes and, where the model attends, a right answer of each kind with its looks."""
    wrong = most_confident(test, measured.probs, measured.classes, right=False)
    examples = {"mistakes": [_example(measured, test, looks, row) for row in wrong], "attended": None}
    if looks is not None:
        hit = np.array(measured.classes)[measured.probs.argmax(axis=1)] == test["label"].to_numpy()
        first = test[hit].fillna({"kind": ""}).drop_duplicates("kind").sort_values("kind").index
        examples["attended"] = [_example(measured, test, looks, row) for row in first]
    return examples


def _example(measured: Measured, test: pd.DataFrame, looks: Sequence[np.ndarray] | None, row: int) -> dict[str, Any]:
    question, *sentences = test["text"].iloc[row].split(LINE_BREAK)
    facts, weights = test["facts"].iloc[row], None if looks is None else looks[row].tolist()
    return {
        "id": test["id"].iloc[row],
        "question": question,
        "sentences": [
            {"text": text, "fact": facts is not None and number in facts, "looks": (weights or [])[number - 1 : number]}
            for number, text in enumerate(sentences[:SHOWN_SENTENCES], start=1)
        ],
        "label": test["label"].iloc[row],
        "predicted": measured.classes[int(measured.probs[row].argmax())],
        "confidence": float(measured.probs[row].max()),
    }
