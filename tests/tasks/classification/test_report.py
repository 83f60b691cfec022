"""What the report shows of text classifiers beside what all tasks have."""

import re
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pytest

from stages.config.dataset import Dataset
from stages.config.paths import Paths
from stages.report import report
from stages.reporting.svg import SERIES
from stages.runtime.errors import UserError
from stages.runtime.files import write_json
from stages.tasks.classification import plots
from stages.tasks.classification.evaluation import confusions
from stages.tasks.classification.report import quarter_range, shaded
from stages.tasks.discovery import find_task
from tests.reporting.results import (
    FOUR,
    OUTPUTS,
    TEST,
    Page,
    check_page,
    read,
    table_rows,
    update_json,
    write_results,
    write_table,
)

HOSTILE = ("<script>alert(1)</script>", "a$b_c|d$", 'x" onload="y', "中文\x07 #010101 & co", "NA", "007")
HOSTILE_TEXT = 'A <script>alert("1")</script> text, it\'s "quoted" & onclick="x"'
TEN = tuple(TEST)
OWN_INPUTS = ("examples/mine/cnn.json", "plots/confusion/mine/cnn.csv", "plots/lengths/mine.csv")


def write_all(dataset: Dataset, models: Sequence[str] = FOUR, labels: Sequence[str] = ("bad", "good")) -> None:
    """Write all that the report reads of a dataset."""
    write_results(dataset, find_task("classification"), models)
    for name in models:
        write_own(dataset, name, labels)
    counts = {name: dict.fromkeys(labels, count) for name, count in (("train", 8), ("validation", 1), ("test", 2))}
    parts = {
        name: {"rows": sum(part.values()), "labels": part, "hash": f"hash of {name}"} for name, part in counts.items()
    }
    update_json(dataset.report("split"), {"parts": parts})
    update_json(dataset.report("validation"), {"labels": dict.fromkeys(labels, 11)})
    tokens = {"texts": 16, "tokens": 900, "unknown_rate": 0.0321, "texts_cut": 3}
    tokens["length_quantiles"] = {"50": 12.0, "100": 99.0}
    write_json(dataset.report("prepare"), {"unit": "word", "vocabulary": 4321, "train": tokens, "validation": tokens})
    lengths = [("train", 5, 10), ("train", 9, 6), ("validation", 5, 0), ("validation", 9, 2)]
    write_table(dataset.plot("lengths"), ("part", "tokens", "texts"), lengths)


def write_own(dataset: Dataset, name: str, labels: Sequence[str]) -> None:
    """Write what `evaluate` writes about one model for this task alone."""
    accuracy = TEST[name]
    by_length = [{"from": 5 * n + 1, "to": 5 * n + 5, "accuracy": accuracy - 0.02 * n} for n in range(4)]
    by_unknown = [{"from": n / 10, "to": n / 10 + 0.0421, "accuracy": accuracy - 0.03 * n} for n in range(2)]
    by_class = {label: {"precision": 0.25, "recall": 0.75, "support": 2} for label in labels}
    details = {"by_class": by_class, "by_length": by_length, "by_unknown": by_unknown}
    update_json(dataset.report("evaluation", name), details)
    write_json(dataset.report("examples", name), examples(name, labels))
    pairs = [(label, labels[0] if name == "majority" else label) for label in labels]
    write_table(dataset.plot("confusion", name), ("actual", "predicted"), pairs)


def examples(name: str, labels: Sequence[str]) -> dict[str, Any]:
    """Return a mistake, and for a model with attention texts with the weights of their words."""
    example = {"id": "1", "text": HOSTILE_TEXT, "label": labels[0], "predicted": labels[-1], "confidence": 0.9712}
    words = [
        {"token": word, "weight": 0.1 + 0.2 * (word == '"1"')} for word in re.findall(r'"1"|\w+|[<>]', HOSTILE_TEXT)
    ]
    weighted = [example | {"tokens": words}, example | {"text": "", "tokens": []}]
    attended = {"most confident and right": weighted, "most confident and wrong": [], "random": weighted}
    return {"mistakes": [example], "attended": attended if name == "attention" else None}


@pytest.fixture
def mine(tmp_path: Path) -> Dataset:
    return Dataset(Paths(tmp_path), "classification", "mine")


@pytest.fixture
def make(mine: Dataset) -> Callable[..., Dataset]:
    """A function that writes the results of some models and the report of them."""

    def call(models: Sequence[str] = FOUR, labels: Sequence[str] = ("bad", "good")) -> Dataset:
        write_all(mine, models, labels)
        report(mine.paths)
        return mine

    return call


def test_the_page_tells_about_the_data(make):
    texts = Page(read(make(), "index.html")).texts
    dropped = ("5,678", "Dropped in reading: blank line", "−7", "Dropped in splitting: contradicting labels", "−1,234")
    assert set(dropped) <= set(texts)
    assert "3.21 %" in texts  # unknown tokens
    assert any("1 of 1 expectations met" in text for text in texts)
    assert any("No leak found" in text for text in texts)
    assert any("a vocabulary of 4,321" in text for text in texts)


def test_the_page_names_the_leaks_of_the_audit(mine):
    write_all(mine)
    leaks = {"shared_texts": ["train and test share 1 text(s)"], "labels": []}
    write_json(mine.report("audit"), {"passed": False, "findings": leaks})
    report(mine.paths)
    texts = Page(read(mine, "index.html")).texts
    assert any("Leaks found" in text for text in texts)
    assert ": train and test share 1 text(s)" in texts


def test_the_pages_load_nothing_and_are_well_formed(make):
    mine = make(TEN, HOSTILE)
    text = read(mine, "index.html")
    page, texts = check_page(text, "examples.html"), check_page(read(mine, "examples.html"), "index.html")
    assert {link.partition("#")[2] for link in page.links if link.startswith("examples.html#")} <= set(texts.ids)
    assert set(re.findall(r"url\(#([^)]+)\)", text)) <= set(page.ids)
    # accuracy, cost, curves, quarters by length and unknown words, confusion of all but majority, lengths
    assert page.tags.count("svg") == 1 + 1 + 2 + 2 + 9 + 1


def test_texts_are_on_the_page_of_examples_alone_and_are_escaped(make):
    mine = make(("cnn", "attention"))
    assert "quoted" not in "".join(read(mine, name) for name in OUTPUTS if name != "examples.html")
    text = read(mine, "examples.html")
    assert '<mark style="--w:1.00" title="0.3000">&#34;1&#34;</mark>' in text
    assert '<mark style="--w:0.33" title="0.1000">script</mark>' in text
    texts = Page(text).texts
    assert texts.count(HOSTILE_TEXT) == 2  # a mistake of each model
    assert text.count("97.1 % confidence") == 2 + 4
    assert texts.count("(no words)") == 2
    assert "What the model attention attends to" in texts


def test_without_attention_there_are_only_mistakes(make):
    text = read(make(), "examples.html")
    assert "attends" not in text and "<mark" not in text


def test_labels_are_shown_as_they_are(make):
    texts = Page(read(make(labels=HOSTILE), "index.html")).texts
    for label in HOSTILE:
        shown = " ".join(label.split())
        assert texts.count(shown) >= 2, label  # the tables of classes and of parts
    assert texts.count("<script>alert(1…") == 2 * 3  # both axes of three confusion matrices
    assert texts.count("a$b_c|d$") == 2 + 2 * 3
    assert texts.count("NA") == 2 + 2 * 3  # a label, not a missing value
    assert texts.count("1") >= 3 * len(HOSTILE)  # each item is counted, that labelled 007 too


def test_tables_of_many_classes_are_folded(make):
    labels = [f"class {number:02}" for number in range(12)]
    folded = read(make(labels=labels), "index.html").count("<details>")
    assert read(make(labels=[*labels, "class 12"]), "index.html").count("<details>") == folded + 2


def test_the_quarters_of_the_best_model_and_the_best_baseline(make):
    rows = table_rows(read(make(), "index.html"), "Test accuracy in each quarter of the texts")
    assert rows[:2] == [["Tokens in a text", "lstm", "tfidf_logreg"], ["1–5", "0.850", "0.800"]]


def test_a_thousand_labels(mine):
    labels = [f"label {number:04}" for number in range(1000)]
    write_all(mine, labels=labels)
    pairs = confusions(pd.Series(labels), pd.Series(labels[1:] + labels[:1]))
    for name in ("lstm", "tfidf_logreg"):
        write_table(mine.plot("confusion", name), tuple(pairs), list(pairs.itertuples(index=False)))
    report(mine.paths)
    text = read(mine, "index.html")
    page = Page(text)
    assert len(text) < 1_500_000
    assert any("the 200 most frequent of 1,000 classes" in words for words in page.texts)
    assert "the others are one" in text


def test_remarks_are_on_the_page(mine):
    write_all(mine)
    for kind in ("validation", "split", "prepare"):
        update_json(mine.report(kind), {"remarks": [f"said by {kind}", "said <twice>"]})
    report(mine.paths)
    texts = " ".join(Page(read(mine, "index.html")).texts)
    for words in ("said by validation", "said by split", "said by prepare"):
        assert f"Note: {words}" in texts
    assert texts.count("Note: said <twice>") == 1


@pytest.mark.parametrize("path", OWN_INPUTS)
def test_a_missing_input_is_named(mine, path):
    write_all(mine)
    file = mine.paths.reports / path
    file.unlink()
    with pytest.raises(UserError) as raised:
        report(mine.paths)
    assert str(raised.value) == f"{file} is missing: run `dvc repro` first"


def test_two_runs_give_the_same_bytes(make):
    mine = make(("nbsvm", "lstm", "attention"), HOSTILE)
    first = [read(mine, name) for name in OUTPUTS]
    report(mine.paths)
    assert [read(mine, name) for name in OUTPUTS] == first


@pytest.mark.parametrize("count", [2, 10, 11, 60])
def test_a_confusion_matrix_counts_only_few_classes(count):
    labels = [f"<{number:02}>" for number in range(count)]
    pairs = pd.DataFrame({"actual": labels * 2, "predicted": labels + [labels[0]] * count})
    svg = ElementTree.fromstring(plots.confusion(pairs, labels, "name", "one & more"))
    texts = [element.text or "" for element in svg.iter("text")]
    shown = [text for text in texts if text.startswith("<")]
    assert svg.findtext("title") == "Confusion matrix of one & more"
    assert texts.count("1") == (2 * (count - 1) if count <= plots.MAX_NUMBERED else 0)
    assert len(shown) == 2 * count if count <= plots.MAX_TICKS else len(shown) <= 2 * plots.MAX_TICKS


def test_lines_of_quarters_have_colours_of_the_page_and_names_apart():
    svg = plots.quarters({name: [0.5, 0.8] for name in TEN}, ["1–5", "6–9"], "tokens", list(TEN), "quarters")
    assert len(set(re.findall(r"var\(--series-\d\)", svg))) == len(SERIES)
    places = [float(y) for y in re.findall(r"translate\([\d.]+ ([\d.]+)\)[^>]*>(?:" + "|".join(TEN) + ")<", svg)]
    places = places or [
        float(text.get("y", 0)) for text in ElementTree.fromstring(svg).iter("text") if text.text in TEN
    ]
    assert len(places) == len(TEN)
    assert all(abs(one - other) > 9 for one, other in combinations(places, 2))


def test_a_text_is_shaded_by_the_weights_of_its_words():
    tokens = [{"token": "a", "weight": 0.1}, {"token": "b\n c", "weight": 0.4}, {"token": "gone", "weight": 0.2}]
    assert shaded("a (b c) d", tokens) == [("a", 0.1, 0.25), (" (", None, 0.0), ("b c", 0.4, 1.0), (" …", None, 0.0)]
    assert shaded("a", [{"token": "a", "weight": 0.0}]) == [("a", 0.0, 0.0)]
    assert shaded("", []) == []


def test_the_range_of_a_quarter_in_words():
    assert quarter_range({"from": 2.0, "to": 14.0}, "by_length") == "2–14"
    assert quarter_range({"from": 0.0, "to": 0.0421}, "by_unknown") == "0–4.2 %"
    assert quarter_range({"from": 0.0, "to": 0.0}, "by_unknown") == "0 %"
