import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, log_loss, precision_recall_fscore_support

from stages.classification.metrics import BINS, by_class, contributions, figures, scores

SHAPES = st.tuples(st.integers(0, 10_000), st.integers(1, 40), st.integers(2, 6))


def draw(seed, items, classes):
    """Return labels and probabilities that are better than chance."""
    random = np.random.default_rng(seed)
    labels = random.integers(classes, size=items)
    probabilities = random.dirichlet(np.ones(classes), size=items) + 0.3 * np.eye(classes)[labels]
    return labels, probabilities / probabilities.sum(axis=1, keepdims=True)


@given(SHAPES)
def test_same_as_scikit_learn(shape):
    labels, probabilities = draw(*shape)
    predicted = probabilities.argmax(axis=1)
    found = scores(labels, probabilities)
    assert found["accuracy"] == pytest.approx(accuracy_score(labels, predicted))
    assert found["macro_f1"] == pytest.approx(f1_score(labels, predicted, average="macro"))
    assert found["log_loss"] == pytest.approx(log_loss(labels, probabilities, labels=range(shape[2])))


@given(SHAPES)
def test_by_class_same_as_scikit_learn(shape):
    labels, probabilities = draw(*shape)
    names = [f"class {number}" for number in range(shape[2])]
    expected = precision_recall_fscore_support(
        labels, probabilities.argmax(axis=1), labels=range(shape[2]), zero_division=0
    )
    found = by_class(labels, [probabilities], names)
    assert list(found) == names
    for name, precision, recall, _, support in zip(names, *expected, strict=True):
        assert found[name] == {
            "precision": pytest.approx(precision),
            "recall": pytest.approx(recall),
            "support": support,
        }


@given(SHAPES, st.integers(0, 1000))
def test_whole_weights_are_repeated_items(shape, seed):
    labels, probabilities = draw(*shape)
    weights = np.random.default_rng(seed).multinomial(len(labels), np.full(len(labels), 1 / len(labels)), size=3)
    weighted = figures(weights @ contributions(labels, probabilities))
    for row, weight in enumerate(weights):
        repeated = scores(np.repeat(labels, weight), np.repeat(probabilities, weight, axis=0))
        assert {name: value[row] for name, value in weighted.items()} == pytest.approx(repeated)


def test_calibration_error_by_hand():
    probabilities = np.array([[0.9, 0.1], [0.1, 0.9], [0.92, 0.08], [0.62, 0.38], [0.4, 0.6]])
    labels = np.array([0, 1, 1, 0, 0])  # right, right, wrong; right, wrong
    # Bins of 1/15: 0.9 and 0.92 in [13/15, 14/15), 0.6 and 0.62 in [9/15, 10/15).
    expected = 3 / 5 * abs(2 / 3 - (0.9 + 0.9 + 0.92) / 3) + 2 / 5 * abs(1 / 2 - (0.62 + 0.6) / 2)
    assert BINS == 15
    assert scores(labels, probabilities)["calibration_error"] == pytest.approx(expected)


@pytest.mark.parametrize(("label", "error", "loss"), [(0, 0, 0), (1, 1, -np.log(1e-15))])
def test_certain_predictions(label, error, loss):
    found = scores(np.array([label]), np.array([[1.0, 0.0]]))
    assert found["calibration_error"] == error
    assert found["log_loss"] == pytest.approx(loss)  # finite, also for what was held impossible


def test_figures_of_classes_that_neither_occur_nor_are_predicted():
    labels, probabilities = np.array([0, 0]), np.array([[0.9, 0.1, 0.0], [0.2, 0.8, 0.0]])
    found = scores(labels, probabilities)
    assert found["macro_f1"] == pytest.approx((2 / 3 + 0) / 2)
    assert by_class(labels, [probabilities], ["a", "b", "c"])["c"] == {"precision": 0, "recall": 0, "support": 0}


def test_by_class_is_the_mean_over_replicas():
    labels, right, wrong = np.array([0, 1]), np.eye(2), np.eye(2)[::-1]
    assert by_class(labels, [right, right, wrong], ["a", "b"])["a"] == {
        "precision": pytest.approx(2 / 3),
        "recall": pytest.approx(2 / 3),
        "support": 1,
    }


def test_shapes():
    labels, probabilities = draw(1, 7, 3)
    assert contributions(labels, probabilities).shape == (7, 2 + 3 * 3 + 2 * BINS)
    assert all(value.shape == (4, 5) for value in figures(np.ones((4, 5, 2 + 3 * 3 + 2 * BINS))).values())
    assert all(type(value) is float for value in scores(labels, probabilities).values())
