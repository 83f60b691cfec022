"""The samples by which language models are compared: how good they are, and how much of them is copied."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from stages.config.dataset import Dataset
from stages.config.resolved import read_resolved
from stages.models.generation.ngram import Model, Parameters
from stages.runtime.clock import clock
from stages.tasks.base import Samples
from stages.tasks.generation.config import Sampling
from stages.tasks.generation.modeling.data import Prepared, encode
from stages.tasks.generation.modeling.saved import Saved
from stages.tasks.generation.sampling import Strategy, decode_tokens, encode_prompt
from stages.tasks.generation.spans import character_codes, span_hashes

REFERENCE_NGRAMS = Parameters(order=6)
SIEVE = 1 << 20


@dataclass(frozen=True)
class Reference:
    """What samples are measured against."""

    train: str  # the text that models learned from
    known_words: set[str]  # train's, in lower case
    ngrams: Model  # fitted on train; they tell how likely a sample is

    @classmethod
    def of(cls, train: str, ngrams: Model) -> "Reference":
        """Return a reference."""
        return cls(train, set(lower_case_words(train)), ngrams)


def generate_samples(saved: Saved, dataset: Dataset) -> Samples:
    """Generate a sample at every temperature with a model's first replica, and evaluate it."""
    sampling = read_resolved(dataset.paths.task_params(dataset.task, "sampling"), Sampling)
    train = "".join(pd.read_parquet(dataset.part("train"))["text"])
    ngrams = Model.fit(REFERENCE_NGRAMS, Prepared.open(dataset.prepared / "window"))
    reference = Reference.of(train, ngrams)
    texts, speed = _generate(saved, sampling)
    rows: list[dict[str, Any]] = [
        {"temperature": temperature} | evaluate_sample(text, encode(saved.tokenizer, text)[0], reference)
        for temperature, text in zip(sampling.temperatures, texts, strict=True)
    ]
    samples = dict(zip(map(str, sampling.temperatures), texts, strict=True))
    return Samples(
        {"length": sampling.length, "rows": rows},
        examples={"prompt": sampling.prompt, "samples": samples},
        timings={"characters_per_second": speed},
        summary=f"{len(rows)} samples, {speed:,.0f} characters per second",
    )


def _generate(saved: Saved, sampling: Sampling) -> tuple[list[str], float]:
    """Return a sample for each temperature, and the characters per second."""
    seed = saved.seeds[0]
    _, model = next(saved.replicas([seed]))
    prompt = encode_prompt(saved.tokenizer, sampling.prompt)
    next(model.generate(prompt, Strategy(), np.random.default_rng(0)))  # compiles
    texts, began = [], clock.seconds()
    for temperature in sampling.temperatures:
        tokens = model.generate(prompt, Strategy(temperature), np.random.default_rng(seed))
        texts.append("".join(decode_tokens(saved.tokenizer, tokens, sampling.length)))
    return texts, sum(map(len, texts)) / (clock.seconds() - began)


def evaluate_sample(text: str, ids: np.ndarray, reference: Reference) -> dict[str, float]:
    """Return the metrics of a sample.

    Args:
        text: the sample.
        ids: its tokens, (tokens,).
        reference: what it is measured against.

    Returns:
        bits_per_character under the n-grams; distinct_1 to distinct_3, the share of different n-grams among those of
        words (Li et al. 2016); repetition, the share of 4-grams of words that occurred before in the text;
        known_words, the share of words that occur in train; longest_copied_span, the characters of the longest span
        that does.
    """
    words = lower_case_words(text)
    return {
        "bits_per_character": float(reference.ngrams.token_nll_bits(ids).sum() / max(len(text), 1)),
        **{f"distinct_{n}": _distinct(words, n) for n in (1, 2, 3)},
        "repetition": 1 - _distinct(words, 4),
        "known_words": sum(word in reference.known_words for word in words) / max(len(words), 1),
        "longest_copied_span": longest_copied_span(text, reference.train),
    }


def lower_case_words(text: str) -> list[str]:
    """Return a text's words in lower case, in their order."""
    return re.findall(r"\w+(?:'\w+)*", text.lower())


def _distinct(words: list[str], n: int) -> float:
    grams = list(zip(*(words[place:] for place in range(n)), strict=False))
    return len(set(grams)) / max(len(grams), 1)


def longest_copied_span(text: str, train: str) -> int:
    """Return the length of the longest span of a text that stands in train.

    If a span of a length stands there, so does a shorter one: the length is found by doubling and bisection, each
    time comparing hashes of all spans (Karp & Rabin 1987). A hash that agrees is looked up, so that no accident counts.
    """
    codes, train_codes = character_codes(text), character_codes(train)

    def copied(length: int) -> bool:
        hashes, train_hashes = span_hashes(codes, length), span_hashes(train_codes, length)
        near = np.zeros(SIEVE, bool)  # lets few of train's spans through, and all that matter
        near[hashes % SIEVE] = True
        places = np.flatnonzero(np.isin(hashes, train_hashes[near[train_hashes % SIEVE]]))
        return any(text[place : place + length] in train for place in places)

    high, longest = 1, min(len(text), len(train))
    while high <= longest and copied(high):
        high *= 2
    low, high = high // 2, min(high, longest + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if copied(middle) else (low, middle)
    return low
