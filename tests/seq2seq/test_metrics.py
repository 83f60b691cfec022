"""The figures of outputs, held against sacrebleu and against plain counting."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.params import Evaluation
from stages.seq2seq.comparison import further
from stages.seq2seq.evaluation import by_length, scores
from stages.seq2seq.metrics import COLUMNS, bleu, chrf, contributions, distance, figures, signatures

WORDS = st.lists(st.sampled_from(["the", "cat", "sat", "on", "a", "mat"]), min_size=1, max_size=8).map(" ".join)
ITEMS = st.lists(st.tuples(WORDS, st.lists(WORDS, min_size=1, max_size=3)), min_size=1, max_size=6)


def figures_of(outputs: list[str], references: list[list[str]], unit: str = "word") -> dict[str, float]:
    rows = contributions(outputs, references, unit)
    return {name: float(value) for name, value in figures(np.array([len(rows), *rows.sum(axis=0)])).items()}


@given(ITEMS)
def test_bleu_and_chrf_are_those_of_sacrebleu(items):
    outputs, references = (list(column) for column in zip(*items, strict=True))
    found = figures_of(outputs, references)
    most = max(map(len, references))
    streams = [[texts[place] if place < len(texts) else None for texts in references] for place in range(most)]
    assert found["bleu"] == pytest.approx(bleu().corpus_score(outputs, streams).score)
    assert found["chrf"] == pytest.approx(chrf().corpus_score(outputs, streams).score)


@given(st.text("abc", max_size=8), st.text("abc", max_size=8))
def test_distance_is_levenshteins(one, other):
    row = list(range(len(other) + 1))
    for count, item in enumerate(one, start=1):
        before, row[0] = row[0], count
        for place, there in enumerate(other, start=1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (item != there))
    assert distance(list(one), list(other)) == row[-1]


def test_errors_are_those_to_the_closest_reference():
    found = figures_of(["A B", "C D"], [["A X", "A B"], ["C", "C D E F"]])
    assert found["word_error_rate"] == 0.5 and found["exact_match"] == 0.5
    assert found["phone_error_rate"] == pytest.approx(1 / 3)
    assert figures_of(["ab"], [["abcd"]], "character")["phone_error_rate"] == 0.5


def test_nothing_written_is_wrong_but_no_error():
    found = figures_of(["", ""], [["a b"], ["c"]])
    assert found == {"word_error_rate": 1, "phone_error_rate": 1, "bleu": 0, "chrf": 0, "exact_match": 0}


def test_signatures_tell_the_version_and_the_tokens():
    found = signatures([["a b"], ["c"]])
    assert "tok:13a" in found["bleu"] and "version:" in found["bleu"] and "nc:6" in found["chrf"]


def test_bands_of_length_hold_every_source_once():
    rows = contributions(["a"] * 30, [["a"]] * 15 + [["b"]] * 15, "word")
    table = pd.DataFrame(rows, columns=COLUMNS).assign(source_tokens=[1] * 20 + list(range(2, 12)))
    bands = by_length(table)
    assert sum(band["sources"] for band in bands) == 30
    assert bands[0]["from"] == bands[0]["to"] == 1
    assert scores(table)["word_error_rate"] == 0.5


def test_sacrebleus_own_test_tells_better_from_worse_and_like_from_like(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    references = [[f"the cat number {row} sat on the mat"] for row in range(60)]
    Path("data/prepared/mine").mkdir(parents=True)
    pd.DataFrame({"targets": references}).to_parquet("data/prepared/mine/test.parquet")
    good = [text for (text,) in references]
    wrong = [text.replace("sat on", "on sat") for text in good]
    outputs = {"good": good, "bad": good[:30] + wrong[30:], "alike": wrong[:30] + good[30:]}
    seeds = [1] * 60 + [2] * 60
    tables = {name: pd.DataFrame({"output": [*own, *[""] * 60], "seed": seeds}) for name, own in outputs.items()}
    found = further("mine", tables, "bad", Evaluation(bootstrap=200))["paired_bleu"]
    assert list(found["models"]) == ["bad", "good", "alike"] and "bs:200" in found["signature"]
    assert found["models"]["good"]["bleu"] == pytest.approx(100) and found["models"]["good"]["p"] < 0.01
    assert found["models"]["alike"]["p"] > 0.1 and found["models"]["bad"]["p"] is None
    assert further("mine", tables, None, Evaluation()) == {}
