"""N-grams: the smoothing against the definition, and what is refused."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from stages.console import Problem
from stages.generation.models.ngram import Model, Parameters, _discounts

RANDOM = np.random.default_rng(3)
IDS = RANDOM.choice(6, 400, p=[0.02, 0.4, 0.25, 0.2, 0.1, 0.03]).astype(np.int32)


def by_definition(order: int, context: tuple, token: int) -> float:
    """Return the probability as Chen & Goodman define it, by counting in dictionaries."""
    padded = [1] * (2) + IDS.tolist()
    grams = Counter(tuple(padded[i : i + 3]) for i in range(len(padded) - 2))
    tables = {3: grams}
    for length in (2, 1):
        tables[length] = Counter(gram[1:] for gram in tables[length + 1])
    chance = 1 / 6
    for length in range(1, order + 1):
        own = {gram[-1]: n for gram, n in tables[length].items() if gram[:-1] == context[len(context) - length + 1 :]}
        if not own:
            continue
        off = _discounts(np.array(list(tables[length].values())))
        taken = defaultdict(float, {w: off[min(n, 3)] for w, n in own.items()})
        chance = (own.get(token, 0) - taken[token] + sum(taken.values()) * chance) / sum(own.values())
    return chance


def test_probabilities_are_those_of_the_definition():
    model = Model.fit(Parameters(order=3), IDS, 6, newline=1)
    text = RANDOM.integers(0, 6, 60)
    padded = [1, 1, *text.tolist()]
    expected = [by_definition(3, tuple(padded[i : i + 2]), padded[i + 2]) for i in range(len(text))]
    assert 2.0 ** -model.bits(text) == pytest.approx(expected, rel=1e-5)


def test_probabilities_sum_to_one_after_any_context():
    model = Model.fit(Parameters(order=4), IDS, 6, newline=1)
    for context in ([], [0], [5, 5, 5], [1, 2, 3]):
        logits, _ = model.start(np.array(context, int))
        assert np.exp(logits).sum() == pytest.approx(1)
        assert np.isfinite(logits).all()


def test_an_order_that_does_not_fit_in_a_number():
    with pytest.raises(Problem, match="order 5 is too high for a vocabulary of 20000: at most 4"):
        Model.fit(Parameters(order=5), IDS, 20_000, newline=1)


def test_a_text_too_small_for_counts_of_counts():
    model = Model.fit(Parameters(order=2), np.array([1, 2, 1, 2, 1]), 3, newline=1)
    assert np.isfinite(model.bits(np.array([2, 1, 0]))).all()
