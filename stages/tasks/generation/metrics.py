"""The metrics of language models, as functions of sums over blocks of text, and the hypotheses that they decide."""

from typing import TYPE_CHECKING

import numpy as np

from stages.evaluation.hypotheses import Hypothesis
from stages.evaluation.metric import Metric

if TYPE_CHECKING:
    import pandas as pd

STATISTICS = ("characters", "words", "bits")  # of a block, the columns of predictions: what metrics are sums of


def bits_per_character(sums: np.ndarray) -> np.ndarray:
    """Return bits per character from sums of `STATISTICS`, (…, 3) → (…,)."""
    return np.asarray(sums[..., 2] / sums[..., 0])


def word_perplexity(sums: np.ndarray) -> np.ndarray:
    """Return 2 to the bits per word from sums of `STATISTICS`, (…, 3) → (…,).

    White space and punctuation count as parts of the words.
    """
    return np.asarray(2.0 ** (sums[..., 2] / np.maximum(sums[..., 1], 1)))


METRICS = (
    Metric(
        "bits_per_character",
        "Bits per character",
        "bits per character",
        bits_per_character,
        "The mean of −log₂ of the probability that a language model gives to what comes next, over every character of "
        "the test part exactly once: what it would take to send the text. A uniform choice among 84 characters costs "
        "6.4 bits. It does not depend on the tokens, so models of words and of characters can be compared.",
        higher_is_better=False,
        headline=True,
    ),
    Metric(
        "word_perplexity",
        "Word perplexity",
        "word perplexity",
        word_perplexity,
        "2 to the power of the bits per word, white space and punctuation included. An interval would say no more than "
        "that of the bits per character, and is left out.",
        higher_is_better=False,
        interval=False,
        headline=True,
    ),
)

# The datasets of which the notes' hypotheses are asked.
ASKED = ("shakespeare",)
HYPOTHESES = (
    Hypothesis("Gates keep a longer memory", "lstm", "rnn", "all", ASKED),
    Hypothesis("Gates keep a longer memory", "gru", "rnn", "all", ASKED),
    Hypothesis("Convolutions serve sequences as well as recurrence", "cnn", "lstm", "all", ASKED),
    Hypothesis("A network models text better than n-grams", "lstm", "ngram", "all", ASKED),
    Hypothesis("Deconvolution can generate text (its score is an upper bound)", "deconv", "ngram", "all", ASKED),
)


def per_seed(predictions: "pd.DataFrame") -> np.ndarray:
    """Return every block's `STATISTICS`, (seeds, blocks, 3)."""
    return np.stack([rows[list(STATISTICS)].to_numpy(float) for _, rows in predictions.groupby("seed")])
