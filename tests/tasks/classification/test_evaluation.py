"""The texts that `evaluate` picks as examples."""

import numpy as np
import pandas as pd
import pytest

from stages.tasks.classification.config import TokenizerConfig
from stages.tasks.classification.evaluation import EXAMPLE_WORDS, EXAMPLES, attended_texts, mistakes, most_confident
from stages.tasks.classification.tokenizer import fit_tokenizer

PROBS = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.4, 0.6], [0.9, 0.1]])
TEST = pd.DataFrame({"id": list("abcde"), "label": ["n", "n", "n", "p", "p"], "text": ["one two"] * 4 + ["w " * 70]})


def test_the_most_confident_answers():
    assert most_confident(TEST, PROBS, ["n", "p"], right=True).tolist() == [0, 2, 3]
    assert most_confident(TEST, PROBS, ["n", "p"], right=False).tolist() == [4, 1]
    many = pd.concat([TEST] * 10)
    assert len(most_confident(many, np.tile(PROBS, (10, 1)), ["n", "p"], right=True)) == EXAMPLES


def test_mistakes():
    first, second = mistakes(TEST, PROBS, ["n", "p"])
    assert first == {
        "id": "e",
        "text": " ".join(["w"] * EXAMPLE_WORDS) + " …",
        "label": "p",
        "predicted": "n",
        "confidence": 0.9,
    }
    assert (second["id"], second["text"]) == ("b", "one two")


def test_attended_texts():
    tokenizer = fit_tokenizer([["one two w"]], TokenizerConfig())
    weights = [np.array([[0.2, 0.4], [0.8, 0.6]])] * 4 + [np.full((70, 2), 1 / 70)]
    by_kind = attended_texts(TEST, PROBS, ["n", "p"], weights, tokenizer, seed=1)
    assert [len(examples) for examples in by_kind.values()] == [3, 2, 5]
    right = by_kind["most confident and right"][0]
    assert right["tokens"] == [
        {"token": "one", "weight": pytest.approx(0.3)},
        {"token": "two", "weight": pytest.approx(0.7)},
    ]
    assert len(by_kind["most confident and wrong"][0]["tokens"]) == EXAMPLE_WORDS
