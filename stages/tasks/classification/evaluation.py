"""A trained text classifier on the test part: predictions, metrics, confusions, and texts to look at."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from tokenizers import Tokenizer

from stages.config.dataset import Dataset
from stages.evaluation.metric import measure
from stages.runtime.clock import clock
from stages.runtime.errors import listed
from stages.tasks.base import EvaluationResult
from stages.tasks.classification.metrics import METRICS
from stages.tasks.classification.modeling.saved import Saved, SavedClassifier
from stages.tasks.classification.modeling.statistics import BINS, FLOOR, by_class, sufficient_statistics
from stages.tasks.classification.modeling.texts import UNKNOWN
from stages.tasks.classification.splitter import content_hash

EXAMPLES = 5  # texts of each kind
EXAMPLE_WORDS = 60  # of a text that are shown
CONFUSED = 60  # labels of a confusion matrix


class Measured(NamedTuple):
    """What a classifier did on a test part, for tasks to add to."""

    classes: list[str]  # those of train, and those that the test part has beside
    rows: list[np.ndarray]  # each example's steps, uncut
    probs: np.ndarray  # (examples, classes), the mean over seeds
    predictions: pd.DataFrame  # a row for each example and seed
    result: EvaluationResult


def evaluate(saved: Saved, dataset: Dataset) -> EvaluationResult:
    """Measure a classifier on its dataset's test part.

    Labels of an official test part that train lacks are classes as well, whose probability is 0.
    """
    test = pd.read_parquet(dataset.part("test"))
    texts = test["text"].tolist()
    measured = measure_classifier(saved, test, texts, partial(token_counts, saved.tokenizer))
    rates = measured.predictions["unknown"] / measured.predictions["tokens"].clip(lower=1)
    details = {
        "by_length": by_quarter(measured.predictions, measured.predictions["tokens"]),
        "by_unknown": by_quarter(measured.predictions, rates),
        "signature": {
            **signature(saved, test, content_hash(test)),
            "vocabulary": saved.tokenizer.get_vocab_size(),
        },
    }
    examples = _examples(saved, measured.classes, test, measured.probs, measured.rows)
    return replace(measured.result, details=measured.result.details | details, examples=examples)


def measure_classifier(
    saved: SavedClassifier,
    test: pd.DataFrame,
    inputs: Sequence[Any],
    columns: Callable[[list[np.ndarray]], dict[str, np.ndarray]],
) -> Measured:
    """Predict a test part with all replicas, and measure them.

    Args:
        saved: the classifier.
        test: columns id and label.
        inputs: the examples, as the classifier reads them.
        columns: what the predictions say of the examples beside, of their steps.
    """
    classes, unseen = sorted({*saved.labels, *test["label"]}), test.loc[~test["label"].isin(saved.labels), "label"]
    labels = np.searchsorted(classes, test["label"].to_numpy())
    began = clock.seconds()
    rows = saved.encode(inputs)
    if not saved.neural:
        began = clock.seconds()  # it needs no steps: they only tell the lengths
    seen_probs = dict(saved.predict(inputs, rows=rows))
    seconds = clock.seconds() - began
    probs = {seed: of_all_classes(of_seed, saved.labels, classes) for seed, of_seed in seen_probs.items()}
    items = test[["id", "label"]].assign(**columns(rows))
    predictions = pd.concat([_predictions(items, seed, of_seed, classes) for seed, of_seed in probs.items()])
    first = predictions[predictions["seed"] == saved.seeds[0]]
    result = EvaluationResult(
        predictions,
        scores={
            seed: measure(METRICS, sufficient_statistics(labels, of_seed).sum(axis=0))
            for seed, of_seed in probs.items()
        },
        details={"by_class": by_class(labels, list(probs.values()), classes)}
        | ({"unseen_labels": unseen.value_counts().sort_index().to_dict()} if len(unseen) else {}),
        seconds=seconds,
        items=len(test) * len(probs),
        plots={"confusion": confusions(first["label"], first["predicted"])},
        remarks=_unseen_remarks(unseen, len(test)),
    )
    return Measured(classes, rows, np.mean(list(probs.values()), axis=0), predictions, result)


def of_all_classes(probs: np.ndarray, labels: Sequence[str], classes: Sequence[str]) -> np.ndarray:
    """Return probabilities (texts, classes) from those of some of the classes, (texts, labels); the others have 0."""
    spread = np.zeros((len(probs), len(classes)), probs.dtype)
    spread[:, np.searchsorted(classes, labels)] = probs
    return spread


def _unseen_remarks(unseen: pd.Series, items: int) -> list[str]:
    if unseen.empty:
        return []
    labels = listed([*map(repr, sorted(unseen.unique()))])
    return [
        f"{len(unseen)} of {items} test items have a label that train lacks ({labels}): every answer to them is wrong, "
        f"and costs {-np.log(FLOOR):.1f} nats of log loss"
    ]


def confusions(actual: pd.Series, predicted: pd.Series, most: int = CONFUSED) -> pd.DataFrame:
    """Return the columns actual and predicted, a row for each text, for a confusion matrix that can be read.

    Of more labels than `most`, those that errors have most to do with stay; the others are one label together, and
    where one of them is taken for another of them, that is named as a label of its own.
    """
    pairs = pd.DataFrame({"actual": actual, "predicted": predicted})
    labels = sorted({*actual, *predicted})
    if len(labels) <= most:
        return pairs
    wrong = pairs[actual != predicted]
    errors = wrong.stack().value_counts().reindex(labels, fill_value=0).sort_values(ascending=False, kind="stable")
    shown = errors.index[:most]
    others, another = f"({len(labels) - most} others)", "(another one)"
    folded = pairs.where(pairs.isin(list(shown)), others)
    among = (folded == others).all(axis=1) & (actual != predicted)
    return folded.assign(predicted=folded["predicted"].mask(among, another))


def signature(saved: SavedClassifier, test: pd.DataFrame, content: str) -> dict[str, Any]:
    """Return what a metric must be read with: on which items, averaged how. `content`: a hash of the test part."""
    return {
        "part": "test",
        "split": content,
        "items": len(test),
        "seeds": saved.seeds,
        "average": "mean over seeds; macro_f1 is the plain mean over classes",
        "calibration_bins": BINS,
    }


def _predictions(items: pd.DataFrame, seed: int, probs: np.ndarray, labels: Sequence[str]) -> pd.DataFrame:
    """Return a row for each item: its columns, seed, predicted, and each label's probability."""
    predicted = np.array(labels)[probs.argmax(axis=1)]
    rows = items.assign(seed=seed, predicted=predicted)
    return pd.concat([rows, pd.DataFrame(probs, columns=[f"probability.{label}" for label in labels])], axis=1)


def token_counts(tokenizer: Tokenizer, rows: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """Return each text's tokens before cutting, and how many of them are not in the vocabulary."""
    unknown = tokenizer.token_to_id(UNKNOWN)
    return {
        "tokens": np.array([len(row) for row in rows]),
        "unknown": np.array([np.count_nonzero(row == unknown) for row in rows]),
    }


def by_quarter(predictions: pd.DataFrame, value: pd.Series) -> list[dict[str, float]]:
    """Return the accuracy in each quarter of the items by a value of theirs."""
    hits = predictions["label"] == predictions["predicted"]
    quarter = value.rank(method="min", pct=True).apply(lambda share: min(int(share * 4 - 1e-9), 3))
    return [
        {"from": float(value[rows].min()), "to": float(value[rows].max()), "accuracy": float(hits[rows].mean())}
        for rows in (quarter == number for number in sorted(quarter.unique()))
    ]


def _examples(
    saved: Saved, classes: Sequence[str], test: pd.DataFrame, probs: np.ndarray, rows: Sequence[np.ndarray]
) -> dict[str, Any]:
    """Return the most confident mistakes and, where the model attends, the weights of some texts' tokens."""
    weights_of_seeds = [weights for _, weights in saved.attention(test["text"].tolist(), rows=rows)]
    attended = None
    if weights_of_seeds:
        weights = [np.mean(replicas, axis=0) for replicas in zip(*weights_of_seeds, strict=True)]
        attended = attended_texts(test, probs, classes, weights, saved.tokenizer, saved.seeds[0])
    return {"mistakes": mistakes(test, probs, classes), "attended": attended}


def mistakes(test: pd.DataFrame, probs: np.ndarray, labels: Sequence[str]) -> list[dict[str, Any]]:
    """Return the wrong answers that the model was most confident of, the most confident first.

    Args:
        test: columns id, text, label.
        probs: (texts, classes), the mean over seeds.
        labels: the classes.
    """
    return [_example(test.iloc[row], probs[row], labels) for row in most_confident(test, probs, labels, right=False)]


def attended_texts(
    test: pd.DataFrame,
    probs: np.ndarray,
    labels: Sequence[str],
    weights: Sequence[np.ndarray],
    tokenizer: Tokenizer,
    seed: int,
) -> dict[str, list[dict[str, Any]]]:
    """Return texts with the weight of each token, by kind: the most confident right and wrong ones, and random ones.

    Args:
        test: columns id, text, label.
        probs: (texts, classes), the mean over seeds.
        labels: the classes.
        weights: of each text (tokens, heads), the mean over seeds; they sum to 1 over the tokens.
        tokenizer: the vocabulary.
        seed: of the random texts.
    """
    rows_by_kind = {
        "most confident and right": most_confident(test, probs, labels, right=True),
        "most confident and wrong": most_confident(test, probs, labels, right=False),
        "random": np.random.default_rng(seed).permutation(len(test))[:EXAMPLES],
    }
    return {
        kind: [
            _example(test.iloc[row], probs[row], labels)
            | {"tokens": _weighted_tokens(test["text"].iloc[row], weights[row], tokenizer)}
            for row in rows
        ]
        for kind, rows in rows_by_kind.items()
    }


def most_confident(test: pd.DataFrame, probs: np.ndarray, labels: Sequence[str], right: bool) -> np.ndarray:
    """Return the rows answered rightly (or wrongly) with the highest confidence; of equals, the first.

    Args:
        test: column label.
        probs: (texts, classes).
        labels: the classes.
        right: whether the answers are to be right.
    """
    hit = np.array(labels)[probs.argmax(axis=1)] == test["label"].to_numpy()
    rows = np.flatnonzero(hit == right)
    return rows[np.argsort(-probs[rows].max(axis=1), kind="stable")][:EXAMPLES]


def _example(row: pd.Series, probs: np.ndarray, labels: Sequence[str]) -> dict[str, Any]:
    words = row["text"].split()
    return {
        "id": row["id"],
        "text": " ".join(words[:EXAMPLE_WORDS]) + (" …" if len(words) > EXAMPLE_WORDS else ""),
        "label": row["label"],
        "predicted": labels[int(probs.argmax())],
        "confidence": float(probs.max()),
    }


def _weighted_tokens(text: str, weights: np.ndarray, tokenizer: Tokenizer) -> list[dict[str, Any]]:
    """Return the text's tokens as they stand in it, each with its mean weight over heads."""
    spans = tokenizer.encode(text).offsets[: min(len(weights), EXAMPLE_WORDS)]
    return [
        {"token": text[start:end], "weight": float(weight)}
        for (start, end), weight in zip(spans, weights.mean(axis=1)[: len(spans)], strict=True)
    ]
