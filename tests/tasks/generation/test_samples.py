"""Sampling strategies, prompts, and the metrics of samples."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.models.generation.ngram import Model
from stages.runtime.errors import UserError
from stages.tasks.generation.config import WindowConfig
from stages.tasks.generation.modeling.contract import Shape
from stages.tasks.generation.samples import Reference, evaluate_sample, longest_copied_span
from stages.tasks.generation.sampling import Strategy, beam_search, decode_tokens, encode_prompt, truncate
from stages.tasks.generation.windowing import fit_tokenizer

LOGITS = np.log([[0.5, 0.2, 0.15, 0.1, 0.05]])  # of the first, the unknown token, nothing is drawn
IDS = np.array([1, 2, 3, 1, 2, 4, 1, 2, 3, 4, 1, 2] * 20)
MODEL = Model.count(3, IDS, Shape(vocabulary=5, newline=1))


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
    assert Strategy(**options).probs(LOGITS)[0] == pytest.approx(expected)


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
    with pytest.raises(UserError, match=message):
        Strategy(**options)


def generate(strategy: Strategy, seed: int) -> list[int]:
    """Return fifty tokens."""
    return list(itertools.islice(MODEL.generate(np.array([1]), strategy, np.random.default_rng(seed)), 50))


@pytest.mark.parametrize("strategy", [Strategy(), Strategy(temperature=2), Strategy(top_k=3), Strategy(top_p=0.9)])
def test_the_same_seed_generates_the_same(strategy):
    texts = [generate(strategy, seed) for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]
    assert 0 not in texts[0]


@pytest.mark.parametrize("strategy", [Strategy(temperature=0), Strategy(top_k=1), Strategy(top_p=0.001)])
def test_strategies_that_do_not_depend_on_the_seed(strategy):
    assert generate(strategy, 1) == generate(strategy, 2)


def test_a_wide_beam_finds_the_likeliest_text():
    prompt, length = np.array([1]), 3
    every = [list(tokens) for tokens in itertools.product(range(1, 5), repeat=length)]
    bits = [MODEL.token_nll_bits(np.array([*prompt, *tokens]))[1:].sum() for tokens in every]
    assert beam_search(MODEL, prompt, length, width=64) == every[int(np.argmin(bits))]


@given(st.text("ab", max_size=25), st.text("ab", max_size=40))
def test_the_longest_copied_span(text, train):
    spans = (end - start for start, end in itertools.combinations(range(len(text) + 1), 2) if text[start:end] in train)
    assert longest_copied_span(text, train) == max(spans, default=0)


def test_metrics_of_a_sample():
    reference = Reference.of("to be or not to be, that is the question", MODEL)
    metrics = evaluate_sample("to be or not to xyz", np.array([1, 2, 3]), reference)
    assert metrics["known_words"] == pytest.approx(5 / 6)
    assert metrics["distinct_1"] == pytest.approx(5 / 6)
    assert metrics["longest_copied_span"] == len("to be or not to ")
    assert metrics["repetition"] == 0
    assert evaluate_sample("", np.zeros(0, int), reference)["longest_copied_span"] == 0


def test_prompts(capsys):
    tokenizer, _ = fit_tokenizer(["the cat sat on the mat.\n" * 10], WindowConfig())
    ids = encode_prompt(tokenizer, "thé Cat")
    assert (ids == 0).sum() == 2
    assert "read as unknown, because train holds none: 'C', 'é'" in capsys.readouterr().err
    assert "".join(decode_tokens(tokenizer, encode_prompt(tokenizer, "the cat"), 5)) == "the c"
    assert not capsys.readouterr().err
    with pytest.raises(UserError, match="--prompt is empty"):
        encode_prompt(tokenizer, "")
    with pytest.raises(UserError, match="--prompt is not UTF-8"):
        encode_prompt(tokenizer, "\udcff")


def test_texts_are_cut_to_the_length():
    assert list(truncate(iter(["ab", "cde", "f"]), 4)) == ["ab", "cd"]
