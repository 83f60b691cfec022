"""The metrics of sequence to sequence, and the notes' hypotheses."""

import numpy as np
import pandas as pd

from stages.evaluation.hypotheses import Hypothesis
from stages.evaluation.metric import Metric
from stages.tasks.seq2seq.modeling.statistics import (
    COLUMNS,
    bleu_score,
    chrf_score,
    count,
    sequence_error_rate,
    token_error_rate,
)

BOTTLENECK = "A fixed vector is a bottleneck: attention helps on long sources"
PHONES, TRANSLATION = ("cmudict",), ("spanish_english",)
ASKED = (*PHONES, *TRANSLATION)  # the datasets of which the notes' hypotheses are asked
HYPOTHESES = (
    Hypothesis("Attention beats one fixed vector", "bahdanau", "encoder_decoder", "all", ASKED),
    Hypothesis("Attention beats one fixed vector", "luong", "encoder_decoder", "all", ASKED),
    Hypothesis(BOTTLENECK, "bahdanau", "encoder_decoder", "longer", ASKED),
    Hypothesis(BOTTLENECK, "luong", "encoder_decoder", "longer", ASKED),
    Hypothesis(
        "A network writes phones better than aligned letters and a tree",
        "luong",
        "aligned_decision_tree",
        "all",
        PHONES,
    ),
    Hypothesis("A network translates better than a table of words", "luong", "ibm1", "all", TRANSLATION),
)
METRICS = (
    Metric(
        "token_error_rate",
        "Token error rate",
        "points of token error rate",
        token_error_rate,
        "The edits (insertions, deletions and substitutions) that turn the outputs into their closest references, for "
        "each token of the references. Where the tokens are phones it is the phone error rate (PER), where they are "
        "words the word error rate (WER). It decides between models: hardly any long output equals a reference.",
        higher_is_better=False,
        headline=True,
        scale=100,
        digits=1,
    ),
    Metric(
        "sequence_error_rate",
        "Sequence error rate",
        "points of sequence error rate",
        sequence_error_rate,
        "The share of sources whose output is none of their references.",
        higher_is_better=False,
        headline=True,
        scale=100,
        digits=1,
        limits=(0, 1),
    ),
    Metric(
        "bleu",
        "BLEU",
        "BLEU",
        bleu_score,
        "How many runs of up to four words the outputs share with their references, from 0 to 100, by sacrebleu with "
        "the signature shown. Its interval is made like all others: from what each source's n-grams add to the sums.",
        headline=True,
        digits=2,
        limits=(0, 100),
    ),
    Metric(
        "chrf",
        "chrF",
        "chrF",
        chrf_score,
        "How many runs of up to six characters the outputs share with their references, from 0 to 100, by sacrebleu.",
        headline=True,
        digits=2,
        limits=(0, 100),
    ),
    Metric(
        "exact_match",
        "Exact match",
        "points of exact match",
        lambda sums: sums[..., 1] / sums[..., 0],
        "The share of sources whose output is one of their references.",
        scale=100,
        digits=1,
        limits=(0, 1),
    ),
)


def per_seed(predictions: pd.DataFrame) -> np.ndarray:
    """Return every source's statistics with a first column of ones, (seeds, sources, columns)."""
    return np.stack([count(rows[list(COLUMNS)].to_numpy(float)) for _, rows in predictions.groupby("seed")])
