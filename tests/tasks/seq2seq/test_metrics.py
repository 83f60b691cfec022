"""The metrics of outputs, compared with sacrebleu and with plain counting."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.evaluation.metric import measure
from stages.tasks.seq2seq.evaluation import by_length, scores
from stages.tasks.seq2seq.metrics import METRICS, per_seed
from stages.tasks.seq2seq.modeling.statistics import (
    COLUMNS,
    bleu,
    chrf,
    count,
    reference_streams,
    signatures,
    sufficient_statistics,
)

WORDS = st.lists(st.sampled_from(["the", "cat", "sat", "on", "a", "mat"]), min_size=1, max_size=8).map(" ".join)
ITEMS = st.lists(st.tuples(WORDS, st.lists(WORDS, min_size=1, max_size=3)), min_size=1, max_size=6)


def metrics_of(outputs: list[str], references: list[list[str]], unit: str = "word") -> dict[str, float]:
    return measure(METRICS, count(sufficient_statistics(outputs, references, unit)).sum(axis=0))


@given(ITEMS)
def test_bleu_and_chrf_are_those_of_sacrebleu(items):
    outputs, references = (list(column) for column in zip(*items, strict=True))
    metrics, streams = metrics_of(outputs, references), reference_streams(references)
    assert metrics["bleu"] == pytest.approx(bleu().corpus_score(outputs, streams).score)
    assert metrics["chrf"] == pytest.approx(chrf().corpus_score(outputs, streams).score)


@given(st.text("abc", max_size=8), st.text("abc", max_size=8), st.sampled_from(["character", "word"]))
def test_edits_are_levenshteins(one, other, unit):
    row = list(range(len(other) + 1))
    for number, item in enumerate(one, start=1):
        before, row[0] = row[0], number
        for place, there in enumerate(other, start=1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (item != there))
    texts = (one, other) if unit == "character" else (" ".join(one), " ".join(other))
    (statistics,) = sufficient_statistics([texts[0]], [[texts[1]]], unit)
    assert statistics[:3].tolist() == [one == other, row[-1], len(other)]


def test_errors_are_those_to_the_closest_reference():
    metrics = metrics_of(["A B", "C D"], [["A X", "A B"], ["C", "C D E F"]])
    assert metrics["sequence_error_rate"] == 0.5 and metrics["exact_match"] == 0.5
    assert metrics["token_error_rate"] == pytest.approx(1 / 3)
    assert metrics_of(["ab"], [["abcd"]], "character")["token_error_rate"] == 0.5


def test_an_empty_output_is_all_wrong():
    metrics = metrics_of(["", ""], [["a b"], ["c"]])
    assert metrics == {"token_error_rate": 1, "sequence_error_rate": 1, "bleu": 0, "chrf": 0, "exact_match": 0}


def test_signatures_tell_the_version_and_the_tokens():
    signature = signatures([["a b"], ["c"]])
    assert "tok:13a" in signature["bleu"] and "version:" in signature["bleu"] and "nc:6" in signature["chrf"]


def test_metrics_of_many_resamples_at_once():
    rows = count(sufficient_statistics(["a b c d", "a"], [["a b c d"], ["b c"]], "word"))
    weights = np.array([[[1, 1], [2, 0]], [[0, 2], [1, 1]]])  # (2, 2, sources)
    for metric in METRICS:
        values = metric.from_sums(weights @ rows)
        assert values.shape == (2, 2) and np.isfinite(values).all()
        assert values[0, 0] == values[1, 1] == metric.from_sums(rows.sum(axis=0))


def test_bands_of_length_hold_every_source_once():
    rows = sufficient_statistics(["a"] * 30, [["a"]] * 15 + [["b"]] * 15, "word")
    table = pd.DataFrame(rows, columns=list(COLUMNS)).assign(source_tokens=[1] * 20 + list(range(2, 12)))
    bands = by_length(table, "source_tokens")
    assert sum(band["sources"] for band in bands) == 30
    assert bands[0]["from"] == bands[0]["to"] == 1
    assert scores(table)["sequence_error_rate"] == 0.5


def test_what_items_add_gives_the_metrics():
    references = [["a b"], ["c d e"], ["f"]]
    tables = [
        pd.DataFrame(sufficient_statistics(outputs, references, "word"), columns=list(COLUMNS)).assign(seed=seed)
        for seed, outputs in enumerate((["a b", "c", "x"], ["a", "c d e", "f f"]))
    ]
    table = pd.concat(tables)
    rates = [scores(rows)["token_error_rate"] for rows in tables]
    assert per_seed(table).shape == (2, 3, 1 + len(COLUMNS))
    assert METRICS[0].from_sums(per_seed(table).sum(axis=1)) == pytest.approx(rates)
