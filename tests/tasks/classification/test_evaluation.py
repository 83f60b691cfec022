"""The texts that `evaluate` picks as examples."""

import numpy as np
import pandas as pd
import pytest

from stages.tasks.classification.config import TokenizerConfig
from stages.tasks.classification.evaluation import (
    EXAMPLE_WORDS,
    EXAMPLES,
    attended_texts,
    confusions,
    mistakes,
    most_confident,
    of_all_classes,
)
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


def test_probabilities_of_labels_that_train_lacks():
    spread = of_all_classes(np.array([[0.25, 0.75]]), ["b", "d"], ["a", "b", "c", "d"])
    assert spread.tolist() == [[0, 0.25, 0, 0.75]]


def test_confusions_of_many_labels():
    actual = pd.Series(["a", "a", "b", "c", "d", "e", "e"])
    predicted = pd.Series(["b", "b", "a", "c", "e", "d", "e"])
    pairs = confusions(actual, predicted, most=5)
    assert pairs.to_numpy().tolist() == [list(pair) for pair in zip(actual, predicted, strict=True)]
    others, another = "(3 others)", "(another one)"
    assert confusions(actual, predicted, most=2).to_numpy().tolist() == [
        ["a", "b"],
        ["a", "b"],
        ["b", "a"],
        [others, others],
        [others, another],
        [others, another],
        [others, others],
    ]


def test_confusions_of_a_thousand_labels_are_a_picture_of_few():
    labels = pd.Series([f"label {number}" for number in range(1000)])
    pairs = confusions(labels, labels.sample(frac=1, random_state=0).reset_index(drop=True))
    assert len(pairs) == 1000 and len({*pairs["actual"], *pairs["predicted"]}) == 62
