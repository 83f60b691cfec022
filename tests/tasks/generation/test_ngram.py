"""N-grams: the smoothing against the definition, and what is refused."""

from collections import Counter, defaultdict
from types import SimpleNamespace

import numpy as np
import pytest

from stages.models.generation.ngram import Model, Parameters, _discounts
from stages.tasks.generation.modeling.contract import Shape

RNG = np.random.default_rng(3)
IDS = RNG.choice(6, 400, p=[0.02, 0.4, 0.25, 0.2, 0.1, 0.03]).astype(np.int32)
SHAPE = Shape(vocabulary=6, newline=1)


def prob_by_definition(order: int, context: tuple, token: int) -> float:
    """Return the probability as Chen & Goodman define it, by counting in dictionaries."""
    padded = [1] * (2) + IDS.tolist()
    tables = {3: Counter(tuple(padded[i : i + 3]) for i in range(len(padded) - 2))}
    for length in (2, 1):
        tables[length] = Counter(gram[1:] for gram in tables[length + 1])
    prob = 1 / 6
    for length in range(1, order + 1):
        after = {gram[-1]: n for gram, n in tables[length].items() if gram[:-1] == context[len(context) - length + 1 :]}
        if not after:
            continue
        discounts = _discounts(np.array(list(tables[length].values())))
        discounted = defaultdict(float, {token: discounts[min(n, 3)] for token, n in after.items()})
        backoff = sum(discounted.values())
        prob = (after.get(token, 0) - discounted[token] + backoff * prob) / sum(after.values())
    return prob


def test_probabilities_are_those_of_the_definition():
    model = Model.count(3, IDS, SHAPE)
    text = RNG.integers(0, 6, 60)
    padded = [1, 1, *text.tolist()]
    expected = [prob_by_definition(3, tuple(padded[i : i + 2]), padded[i + 2]) for i in range(len(text))]
    assert 2.0 ** -model.token_nll_bits(text) == pytest.approx(expected, rel=1e-5)


def test_probabilities_sum_to_one_after_any_context():
    model = Model.count(4, IDS, SHAPE)
    for context in ([], [0], [5, 5, 5], [1, 2, 3]):
        logits, _ = model.prefill(np.array(context, int))
        assert np.exp(logits).sum() == pytest.approx(1)
        assert np.isfinite(logits).all()


def test_an_order_that_does_not_fit_in_a_number_is_as_high_as_one_that_does(capsys):
    assert len(Model.count(5, IDS, Shape(vocabulary=20_000, newline=1)).orders) == 4
    assert len(Model.count(5, IDS, Shape(vocabulary=200, newline=1)).orders) == 5
    data = SimpleNamespace(ids=lambda part: IDS, shape=Shape(vocabulary=20_000, newline=1))
    Model.fit(Parameters(order=7), data)
    assert "n-grams of 4 tokens in place of 7: of a vocabulary of 20,000" in "".join(capsys.readouterr())


def test_a_text_too_small_for_counts_of_counts():
    model = Model.count(2, np.array([1, 2, 1, 2, 1]), Shape(vocabulary=3, newline=1))
    assert np.isfinite(model.token_nll_bits(np.array([2, 1, 0]))).all()
