"""Sampling strategies, and the figures of what was written."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.console import Problem
from stages.generation.judging import judge, longest_copied, words_of
from stages.generation.models.ngram import Model, Parameters
from stages.generation.sampling import Strategy, beam_search, write

LOGITS = np.log([[0.5, 0.2, 0.15, 0.1, 0.05]])  # of the first, the unknown token, nothing is drawn
IDS = np.array([1, 2, 3, 1, 2, 4, 1, 2, 3, 4, 1, 2] * 20)
MODEL = Model.fit(Parameters(order=3), IDS, 5, newline=1)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [0, 0.4, 0.3, 0.2, 0.1]),
        ({"temperature": 0}, [0, 1, 0, 0, 0]),
        ({"temperature": 0.5}, [0, 16 / 30, 9 / 30, 4 / 30, 1 / 30]),
        ({"top_k": 2}, [0, 4 / 7, 3 / 7, 0, 0]),
        ({"top_k": 99}, [0, 0.4, 0.3, 0.2, 0.1]),
        ({"top_p": 0.5}, [0, 4 / 7, 3 / 7, 0, 0]),
        ({"top_p": 1.0}, [0, 0.4, 0.3, 0.2, 0.1]),
        ({"top_p": 0.01}, [0, 1, 0, 0, 0]),
        ({"top_k": 2, "top_p": 0.5}, [0, 1, 0, 0, 0]),  # of the two that are left, the first has more than a half
        ({"temperature": 0.5, "top_k": 2}, [0, 16 / 25, 9 / 25, 0, 0]),
    ],
)
def test_strategies(options, expected):
    assert Strategy(**options).shares(LOGITS)[0] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": -1.0}, "--temperature is -1.0"),
        ({"temperature": float("nan")}, "--temperature is nan"),
        ({"top_k": 0}, "--top-k is 0"),
        ({"top_p": 0.0}, "--top-p is 0.0"),
        ({"top_p": 1.1}, "--top-p is 1.1"),
    ],
)
def test_strategies_that_mean_nothing(options, message):
    with pytest.raises(Problem, match=message):
        Strategy(**options)


def test_the_same_seed_writes_the_same():
    texts = [
        list(itertools.islice(write(MODEL, np.array([1]), Strategy(), np.random.default_rng(seed)), 50))
        for seed in (1, 1, 2)
    ]
    assert texts[0] == texts[1] != texts[2]
    assert 0 not in texts[0]


def test_a_wide_beam_finds_the_likeliest_text():
    prompt, length = np.array([1]), 3
    every = [list(tokens) for tokens in itertools.product(range(1, 5), repeat=length)]
    costs = [MODEL.bits(np.array([*prompt, *tokens]))[1:].sum() for tokens in every]
    assert beam_search(MODEL, prompt, length, width=64) == every[int(np.argmin(costs))]


@given(st.text("ab", max_size=25), st.text("ab", max_size=40))
def test_the_longest_copied_span(text, train):
    spans = (end - start for start, end in itertools.combinations(range(len(text) + 1), 2) if text[start:end] in train)
    assert longest_copied(text, train) == max(spans, default=0)


def test_figures_of_a_text():
    train = "to be or not to be, that is the question"
    found = judge("to be or not to xyz", np.array([1, 2, 3]), MODEL, train, words_of(train))
    assert found["known_words"] == pytest.approx(5 / 6)
    assert found["distinct_1"] == pytest.approx(5 / 6)
    assert found["copied"] == len("to be or not to ")
    assert found["repetition"] == 0
    assert judge("", np.zeros(0, int), MODEL, train, set())["copied"] == 0
