"""Test texts to look at: a model's most confident mistakes, and where its attention lay."""

import numpy as np
import pandas as pd
from tokenizers import Tokenizer

SHOWN = 5  # texts of each kind
WORDS = 60  # of a text that are shown


def mistakes(test: pd.DataFrame, probabilities: np.ndarray, labels: list[str]) -> list[dict]:
    """Return the wrong answers that the model was surest of, surest first.

    Args:
        test: columns id, text, label.
        probabilities: (texts, classes), the mean over seeds.
    """
    return [_told(test.iloc[row], probabilities[row], labels) for row in _surest(test, probabilities, labels, False)]


def attended(
    test: pd.DataFrame,
    probabilities: np.ndarray,
    labels: list[str],
    weights: list[np.ndarray],
    tokenizer: Tokenizer,
    seed: int,
) -> dict[str, list[dict]]:
    """Return texts with the weight of each token: the surest right ones, the surest wrong ones, and a random draw.

    Args:
        weights: of each text (tokens, heads), the mean over seeds; they sum to 1 over the tokens.
        seed: of the random draw.
    """
    drawn = np.random.default_rng(seed).permutation(len(test))[:SHOWN]
    chosen = {
        "surest and right": _surest(test, probabilities, labels, True),
        "surest and wrong": _surest(test, probabilities, labels, False),
        "random": drawn,
    }
    return {
        kind: [
            _told(test.iloc[row], probabilities[row], labels)
            | {"tokens": _weighted(test.iloc[row], weights[row], tokenizer)}
            for row in rows
        ]
        for kind, rows in chosen.items()
    }


def _surest(test: pd.DataFrame, probabilities: np.ndarray, labels: list[str], right: bool) -> np.ndarray:
    """Return the rows answered rightly (or wrongly) with the highest confidence; of equals, the first."""
    hit = np.array(labels)[probabilities.argmax(axis=1)] == test["label"].to_numpy()
    rows = np.flatnonzero(hit == right)
    return rows[np.argsort(-probabilities[rows].max(axis=1), kind="stable")][:SHOWN]


def _told(row: pd.Series, probabilities: np.ndarray, labels: list[str]) -> dict:
    words = row["text"].split()
    return {
        "id": row["id"],
        "text": " ".join(words[:WORDS]) + (" …" if len(words) > WORDS else ""),
        "label": row["label"],
        "predicted": labels[int(probabilities.argmax())],
        "confidence": float(probabilities.max()),
    }


def _weighted(row: pd.Series, weights: np.ndarray, tokenizer: Tokenizer) -> list[dict]:
    """Return the text's tokens as they stand in it, each with its mean weight over heads."""
    encoding = tokenizer.encode(row["text"])
    spans = encoding.offsets[: min(len(weights), WORDS)]
    return [
        {"token": row["text"][start:end], "weight": float(weight)}
        for (start, end), weight in zip(spans, weights.mean(axis=1)[: len(spans)], strict=True)
    ]
