"""A trained text classifier on the test part: predictions, figures, confusions, and texts to look at."""

from pathlib import Path

import numpy as np
import pandas as pd

from stages.classification.data import UNKNOWN
from stages.classification.examples import attended, mistakes
from stages.classification.metrics import BINS, by_class, scores
from stages.classification.saved import Saved
from stages.classification.splitting import content_hash
from stages.clock import clock
from stages.console import Problem
from stages.tasks import Measured


def measure(saved: Saved) -> Measured:
    """Return what a classifier did on its dataset's test part."""
    test = pd.read_parquet(Path("data/prepared", saved.about["dataset"], "test.parquet"))
    texts, labels = test["text"].tolist(), _indices(test, saved.labels)
    began = clock.seconds()
    rows = saved.encode(texts)
    if not saved.neural:
        began = clock.seconds()  # it needs no ids: they tell the texts' lengths only
    probabilities = dict(saved.predict(texts, rows=rows))
    seconds = clock.seconds() - began
    test = test.assign(**_sizes(saved, rows))
    predictions = pd.concat([_table(test, seed, found, saved.labels) for seed, found in probabilities.items()])
    mean = np.mean(list(probabilities.values()), axis=0)
    first = predictions[predictions["seed"] == saved.about["seeds"][0]]
    return Measured(
        predictions,
        scores={seed: scores(labels, found) for seed, found in probabilities.items()},
        details={
            "by_class": by_class(labels, list(probabilities.values()), saved.labels),
            "by_length": _by_quartile(predictions, "tokens"),
            "by_unknown": _by_quartile(predictions, "unknown"),
            "signature": signature(saved, test),
        },
        seconds=seconds,
        items=len(test) * len(probabilities),
        plots={"confusion": first[["label", "predicted"]].rename(columns={"label": "actual"})},
        examples=_examples(saved, test, mean, rows),
    )


def signature(saved: Saved, test: pd.DataFrame) -> dict:
    """Return what a figure must be read with: on which items, with which tokens, averaged how."""
    return {
        "part": "test",
        "split": content_hash(test),
        "items": len(test),
        "seeds": saved.about["seeds"],
        "vocabulary": saved.tokenizer.get_vocab_size(),
        "average": "mean over seeds; macro_f1 is the plain mean over classes",
        "calibration_bins": BINS,
    }


def _indices(test: pd.DataFrame, labels: list[str]) -> np.ndarray:
    unseen = sorted(set(test["label"]) - set(labels))
    if unseen:
        raise Problem(f"test holds labels that train does not: {', '.join(unseen)}")
    return np.searchsorted(labels, test["label"].to_numpy())


def _table(test: pd.DataFrame, seed: int, probabilities: np.ndarray, labels: list[str]) -> pd.DataFrame:
    """Return one row an item: id, label, tokens, unknown, seed, predicted, and a column of probabilities a label."""
    predicted = np.array(labels)[probabilities.argmax(axis=1)]
    told = test[["id", "label", "tokens", "unknown"]].assign(seed=seed, predicted=predicted)
    shares = pd.DataFrame(probabilities, columns=[f"probability.{label}" for label in labels])
    return pd.concat([told, shares], axis=1)


def _sizes(saved: Saved, rows: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Return each text's tokens before cutting, and how many of them are not in the vocabulary."""
    unknown = saved.tokenizer.token_to_id(UNKNOWN)
    return {
        "tokens": np.array([len(row) for row in rows]),
        "unknown": np.array([np.count_nonzero(row == unknown) for row in rows]),
    }


def _by_quartile(predictions: pd.DataFrame, column: str) -> list[dict]:
    """Return the accuracy in each quartile of the texts by tokens, or by the share of unknown tokens."""
    value = predictions[column] if column == "tokens" else predictions[column] / predictions["tokens"].clip(lower=1)
    hits = predictions["label"] == predictions["predicted"]
    quartile = value.rank(method="min", pct=True).apply(lambda share: min(int(share * 4 - 1e-9), 3))
    return [
        {"from": float(value[rows].min()), "to": float(value[rows].max()), "accuracy": float(hits[rows].mean())}
        for rows in (quartile == number for number in sorted(quartile.unique()))
    ]


def _examples(saved: Saved, test: pd.DataFrame, probabilities: np.ndarray, rows: list[np.ndarray]) -> dict:
    """Return the surest mistakes and, where the model attends, the weights of some texts' tokens."""
    content = {"mistakes": mistakes(test, probabilities, saved.labels), "attended": None}
    by_seed = [weights for _, weights in saved.attention(test["text"].tolist(), rows=rows)]
    if by_seed:
        weights = [np.mean(replicas, axis=0) for replicas in zip(*by_seed, strict=True)]
        seed = saved.about["seeds"][0]
        content["attended"] = attended(test, probabilities, saved.labels, weights, saved.tokenizer, seed)
    return content
