import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, log_loss, precision_recall_fscore_support

from stages.evaluation.metric import measure
from stages.tasks.classification.metrics import METRICS
from stages.tasks.classification.modeling.statistics import (
    BINS,
    by_class,
    softmax,
    sufficient_statistics,
    validation_scores,
)
from stages.tasks.classification.task import TASK

SHAPES = st.tuples(st.integers(0, 10_000), st.integers(1, 40), st.integers(2, 6))


def draw(seed, items, classes):
    """Return labels and probabilities that are better than guesses."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=items)
    probs = rng.dirichlet(np.ones(classes), size=items) + 0.3 * np.eye(classes)[labels]
    return labels, probs / probs.sum(axis=1, keepdims=True)


@given(SHAPES)
def test_same_as_scikit_learn(shape):
    labels, probs = draw(*shape)
    predicted = probs.argmax(axis=1)
    values = validation_scores(labels, probs)
    assert values["accuracy"] == pytest.approx(accuracy_score(labels, predicted))
    assert values["macro_f1"] == pytest.approx(f1_score(labels, predicted, average="macro"))
    assert values["log_loss"] == pytest.approx(log_loss(labels, probs, labels=range(shape[2])))


@given(SHAPES)
def test_by_class_same_as_scikit_learn(shape):
    labels, probs = draw(*shape)
    names = [f"class {number}" for number in range(shape[2])]
    expected = precision_recall_fscore_support(labels, probs.argmax(axis=1), labels=range(shape[2]), zero_division=0)
    rows = by_class(labels, [probs], names)
    assert list(rows) == names
    for name, precision, recall, _, support in zip(names, *expected, strict=True):
        assert rows[name] == {
            "precision": pytest.approx(precision),
            "recall": pytest.approx(recall),
            "support": support,
        }


@given(SHAPES, st.integers(0, 1000))
def test_whole_weights_are_repeated_items(shape, seed):
    labels, probs = draw(*shape)
    weights = np.random.default_rng(seed).multinomial(len(labels), np.full(len(labels), 1 / len(labels)), size=3)
    sums = weights @ sufficient_statistics(labels, probs)
    weighted = {metric.name: metric.from_sums(sums) for metric in METRICS}
    for row, weight in enumerate(weights):
        repeated = validation_scores(np.repeat(labels, weight), np.repeat(probs, weight, axis=0))
        assert {name: value[row] for name, value in weighted.items()} == pytest.approx(repeated)


def test_calibration_error_by_hand():
    probs = np.array([[0.9, 0.1], [0.1, 0.9], [0.92, 0.08], [0.62, 0.38], [0.4, 0.6]])
    labels = np.array([0, 1, 1, 0, 0])  # right, right, wrong; right, wrong
    # Bins of 1/15: 0.9 and 0.92 in [13/15, 14/15), 0.6 and 0.62 in [9/15, 10/15).
    expected = 3 / 5 * abs(2 / 3 - (0.9 + 0.9 + 0.92) / 3) + 2 / 5 * abs(1 / 2 - (0.62 + 0.6) / 2)
    assert BINS == 15
    assert validation_scores(labels, probs)["calibration_error"] == pytest.approx(expected)


@pytest.mark.parametrize(("label", "error", "loss"), [(0, 0, 0), (1, 1, -np.log(1e-15))])
def test_certain_predictions(label, error, loss):
    values = validation_scores(np.array([label]), np.array([[1.0, 0.0]]))
    assert values["calibration_error"] == error
    assert values["log_loss"] == pytest.approx(loss)  # finite, also for what was held impossible


def test_metrics_of_classes_that_neither_occur_nor_are_predicted():
    labels, probs = np.array([0, 0]), np.array([[0.9, 0.1, 0.0], [0.2, 0.8, 0.0]])
    values = validation_scores(labels, probs)
    assert values["macro_f1"] == pytest.approx((2 / 3 + 0) / 2)
    assert by_class(labels, [probs], ["a", "b", "c"])["c"] == {"precision": 0, "recall": 0, "support": 0}


def test_by_class_is_the_mean_over_replicas():
    labels, right, wrong = np.array([0, 1]), np.eye(2), np.eye(2)[::-1]
    assert by_class(labels, [right, right, wrong], ["a", "b"])["a"] == {
        "precision": pytest.approx(2 / 3),
        "recall": pytest.approx(2 / 3),
        "support": 1,
    }


def test_shapes():
    labels, probs = draw(1, 7, 3)
    assert sufficient_statistics(labels, probs).shape == (7, 2 + 3 * 3 + 2 * BINS)
    assert all(metric.from_sums(np.ones((4, 5, 2 + 3 * 3 + 2 * BINS))).shape == (4, 5) for metric in METRICS)
    assert all(type(value) is float for value in validation_scores(labels, probs).values())


def test_validation_has_the_tasks_metrics_in_their_order():
    labels, probs = draw(2, 20, 3)
    assert list(validation_scores(labels, probs)) == [metric.name for metric in METRICS]
    assert measure(METRICS, sufficient_statistics(labels, probs).sum(axis=0)) == validation_scores(labels, probs)
    assert [metric.name for metric in TASK.headline()] == ["accuracy", "macro_f1", "log_loss"]


def test_a_difference_of_accuracies_in_words():
    assert TASK.primary.versus({"difference": 0.012, "low": -0.003, "high": 0.027}) == "+1.2 [−0.3, +2.7]"
    values = (-0.0001, 0.0001, -0.1004, 0.1)
    assert [TASK.primary.signed(value) for value in values] == ["0.0", "0.0", "−10.0", "+10.0"]


def test_softmax_of_large_logits():
    assert softmax(np.array([[1000.0, 0.0], [0.0, 0.0]])).tolist() == [[1, 0], [0.5, 0.5]]


def predictions(hits):
    """Return predictions of two classes, (seeds, items) of which are right or wrong, in the order of ids."""
    tables = []
    for seed, right in enumerate(hits, start=1):
        label = np.where(np.arange(len(right)) % 3, "ham", "spam")
        spam = np.where((label == "spam") == right, 0.75, 0.25)
        predicted = np.where(spam > 0.5, "spam", "ham")
        items = {"id": [f"r-{n}" for n in range(len(right))], "label": label, "seed": seed, "predicted": predicted}
        tables.append(pd.DataFrame(items | {"probability.ham": 1 - spam, "probability.spam": spam}))
    return pd.concat(tables)


def test_per_seed():
    hits = np.array([[True, False, True, False], [True, True, True, False]])
    table = predictions(hits)
    statistics = TASK.per_seed(table)
    assert statistics.shape == (2, 4, 2 + 3 * 2 + 2 * BINS)
    assert TASK.primary.from_sums(statistics.sum(axis=1)).tolist() == [0.5, 0.75]


def test_a_validation_label_that_train_lacks_counts_as_wrong():
    labels, probs = np.array([0, 1, -1, -1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.5, 0.5], [0.1, 0.9]])
    values = validation_scores(labels, probs)
    assert values["accuracy"] == 0.5
    assert values["macro_f1"] == pytest.approx(f1_score([0, 1, 2, 2], [0, 1, 0, 1], average="macro"))
    assert values["log_loss"] > 17
