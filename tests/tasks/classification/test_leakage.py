import json

import pandas as pd
import pytest

from stages.audit import audit
from stages.config.schema import PARTS
from stages.runtime.errors import UserError
from stages.tasks.classification.config import TokenizerConfig
from stages.tasks.classification.leakage import (
    empty_parts_or_labels,
    foreign_labels,
    foreign_tokens,
    shared_texts,
    stratification,
)
from stages.tasks.classification.tokenizer import fit_tokenizer
from stages.tokenize import tokenize
from tests.tasks.classification.small import write_params, write_parts

UNITS = ("word", "bpe", "character")


def frame(name, texts, labels=None):
    labels = labels if labels is not None else (["ham", "spam"] * len(texts))[: len(texts)]
    return pd.DataFrame({"id": [f"{name}-{n}" for n in range(1, len(texts) + 1)], "text": texts, "label": labels})


def clean():
    starts = {"train": 0, "validation": 40, "test": 60}
    sizes = {"train": 40, "validation": 20, "test": 20}
    return {
        name: frame(name, [f"text number {n}" for n in range(starts[name], starts[name] + sizes[name])])
        for name in PARTS
    }


def put(parts, name, text, label="ham"):
    parts[name].loc[len(parts[name])] = [f"{name}-planted", text, label]


@pytest.mark.parametrize(
    "planted",
    ["text number 3", "TEXT  number, 3!", "Text_Number\n3", "\u201ctext number 3\u201d", "text number 3\u200b"],
)
def test_text_shared_between_parts(planted):
    parts = clean()
    put(parts, "test", planted)
    assert shared_texts(parts) == ["train and test share 1 text(s), rows train-4 = test-planted"]


def test_every_pair_of_parts_is_compared_and_long_lists_are_cut():
    parts = clean()
    put(parts, "validation", "text number 70")
    for number in range(7):
        put(parts, "test", f"text number {number}!")
    validation_and_test, train_and_test = sorted(shared_texts(parts), key=len)
    assert validation_and_test == "validation and test share 1 text(s), rows validation-planted = test-11"
    assert train_and_test.startswith("train and test share 7 text(s), rows train-1 = test-planted, train-2 = ")
    assert train_and_test.endswith(" and 2 more")
    assert train_and_test.count("=") == 5


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ("cafe\u0301", "CAFÉ", True),
        ("Straße", "STRASSE", True),
        ("दिन", "दान", False),
        ("Привет 5", "Пока 5", False),
        ("!!!", "???", False),
        ("!!!", "!!!", True),
        ("a1", "a2", False),
        ("C", "C#", False),
        ("I am 😀", "I am 😡", False),
        ("2+2", "2-2", False),
        ("2 - 2", "2-2", True),
        ("ＡＢ１", "ab1", True),
        ("soft\u00adhyphen", "softhyphen", True),
    ],
)
def test_what_counts_as_the_same_text(one, other, shared):
    parts = {"train": frame("train", [one]), "validation": frame("validation", ["else"]), "test": frame("t", [other])}
    assert bool(shared_texts(parts)) is shared


def test_repetition_within_a_part_is_no_leak():
    parts = clean()
    put(parts, "test", "text number 70")
    assert shared_texts(parts) == []


def test_empty_part():
    parts = clean()
    parts["validation"] = parts["validation"][:0]
    assert empty_parts_or_labels(parts, 3, set()) == ["validation is empty"]
    assert shared_texts(parts) == []
    assert stratification(parts, 0.05, set()) == []
    parts["train"] = parts["train"][:0]
    assert empty_parts_or_labels(parts, 3, set()) == ["train is empty", "validation is empty"]
    assert stratification(parts, 0.05, set()) == []


def test_label_that_a_part_lacks():
    parts = clean()
    put(parts, "train", "new", "odd")
    put(parts, "train", "newer", "rare")
    put(parts, "test", "newest", "rare")
    assert empty_parts_or_labels(parts, 3, set()) == []  # they have too few rows for every part
    put(parts, "train", "newer than that", "rare")
    assert empty_parts_or_labels(parts, 3, set()) == ["validation has no row with the label 'rare'"]
    assert empty_parts_or_labels(parts, 4, set()) == []
    assert empty_parts_or_labels(parts, 3, {"validation"}) == []


def test_label_that_train_lacks():
    parts = clean()
    put(parts, "test", "new", "late")
    assert empty_parts_or_labels(parts, 3, set()) == ["train has no row with the label 'late', which test has"]
    assert empty_parts_or_labels(parts, 3, {"test"}) == []


def many(name, count, spam):
    return frame(name, [f"{name} {n}" for n in range(count)], ["spam"] * spam + ["ham"] * (count - spam))


def test_stratification():
    parts = {"train": many("train", 1000, 300), "validation": many("v", 1000, 360), "test": many("t", 1000, 420)}
    assert stratification(parts, 0.05, official=set()) == [
        "test: label 'ham' has a share 0.120 away from train's 0.700",
        "test: label 'spam' has a share 0.120 away from train's 0.300",
    ]
    assert stratification(parts, 0.005, official=set())[-1].startswith("validation: label 'spam' has a share 0.060 ")
    assert stratification(parts, 0.1, official=set()) == []
    assert stratification(parts, 0.05, official={"train", "test"}) == []


def test_stratification_allows_small_parts_their_chance():
    parts = {"train": many("train", 1000, 300), "validation": many("v", 20, 10), "test": many("t", 20, 19)}
    lines = stratification(parts, 0.05, official=set())
    assert [line[:19] for line in lines] == ["test: label 'ham' h", "test: label 'spam' "]


def test_stratification_sees_labels_that_train_lacks():
    parts = {"train": many("train", 1000, 300), "validation": many("v", 100, 30), "test": many("t", 100, 30)}
    parts["test"].loc[:19, "label"] = "new"
    assert "test: label 'new' has a share 0.200 away from train's 0.000" in stratification(parts, 0.05, set())


def test_foreign_labels():
    train = frame("train", ["a", "b"])
    assert foreign_labels(train, ["ham", "spam"]) == []
    assert foreign_labels(train, ["ham", "new", "spam"]) == [
        "fitted labels ['ham', 'new', 'spam'] are not train's ['ham', 'spam']"
    ]
    assert foreign_labels(train, ["spam", "ham"])  # ids follow the order


TRAIN = pd.Series(["the cat sat on the mat", "a dog sat, too", "the [PAD] it's"])


@pytest.mark.parametrize("minimum", [1, 2])
@pytest.mark.parametrize("unit", UNITS)
def test_vocabulary_of_train_passes(unit, minimum):
    texts = TRAIN.tolist() * minimum
    tokenizer = fit_tokenizer([texts], TokenizerConfig(unit=unit, minimum_frequency=minimum, vocabulary=60))
    assert foreign_tokens(pd.Series(texts), tokenizer, minimum) == []


@pytest.mark.parametrize(
    ("unit", "expected"),
    [("word", "1 token(s) were not fitted on train: 'zebra'"), ("character", "'z'"), ("bpe", "'z")],
)
def test_vocabulary_fitted_on_test_too(unit, expected):
    tokenizer = fit_tokenizer([TRAIN.tolist(), ["zebra zebra"]], TokenizerConfig(unit=unit, vocabulary=80))
    (line,) = foreign_tokens(TRAIN, tokenizer, 1)
    assert expected in line


def test_token_that_reached_its_frequency_with_test():
    texts = pd.Series(["cat cat dog"])
    tokenizer = fit_tokenizer([texts.tolist(), ["dog"]], TokenizerConfig(minimum_frequency=2))
    assert foreign_tokens(texts, tokenizer, 2) == ["1 token(s) were not fitted on train: 'dog'"]


def test_many_foreign_tokens_are_cut():
    tokenizer = fit_tokenizer([["cat", "a b c d e f g"]], TokenizerConfig())
    assert foreign_tokens(pd.Series(["cat", " "]), tokenizer, 1) == [
        "7 token(s) were not fitted on train: 'a', 'b', 'c', 'd', 'e' and 2 more"
    ]
    assert foreign_tokens(pd.Series([" "]), tokenizer, 1)[0].startswith("8 token(s)")


@pytest.fixture
def project(tmp_path):
    """Return a function that writes parts, fits the vocabulary on train alone, and audits after a leak is planted."""

    def call(parts, official=(), plant=lambda _dataset: None, tokenizer=None):
        dataset = write_params(tmp_path, {"tokenizer": tokenizer or {}})
        write_parts(dataset, parts, official)
        tokenize(dataset)
        plant(dataset)
        audit(dataset)

    return call


def failure(project, root, *arguments, **options):
    with pytest.raises(UserError) as caught:
        project(*arguments, **options)
    path = root / "reports/audit/mine.json"
    report = json.loads(path.read_text())
    assert not report["passed"]
    head, *lines = str(caught.value).split("\n")
    assert head == f"mine failed its audit ({path})"
    assert lines == [f"  {check}: {line}" for check, leaks in report["findings"].items() for line in leaks]
    return lines


@pytest.mark.parametrize("unit", UNITS)
def test_clean_data_pass(project, tmp_path, capsys, unit):
    project(clean(), tokenizer={"unit": unit})
    report = json.loads((tmp_path / "reports/audit/mine.json").read_text())
    assert report["passed"]
    assert report["rows"] == {"train": 40, "validation": 20, "test": 20}
    assert not any(report["findings"].values())
    assert capsys.readouterr().out.endswith("mine: no leak found\n")


def test_all_leaks_are_reported_at_once(project, tmp_path):
    def plant(dataset):
        tokens = dataset.prepared / "tokens"
        fitted_on_both = fit_tokenizer([clean()["train"]["text"].tolist(), ["giveaway"]], TokenizerConfig())
        (tokens / "tokenizer.json").write_text(fitted_on_both.to_str())
        meta = json.loads((tokens / "meta.json").read_text())
        (tokens / "meta.json").write_text(json.dumps(meta | {"labels": ["ham", "late", "spam"]}))

    parts = clean()
    put(parts, "test", "Text number 3", "late")
    lines = failure(project, tmp_path, parts, plant=plant)
    assert [line.split(":")[0].strip() for line in lines] == [
        "shared_texts",
        "empty_parts_or_labels",
        "labels",
        "vocabulary",
    ]
    assert lines[0] == "  shared_texts: train and test share 1 text(s), rows train-4 = test-planted"
    assert "train has no row with the label 'late'" in lines[1]
    assert lines[-1] == "  vocabulary: 1 token(s) were not fitted on train: 'giveaway'"


def test_official_parts_are_not_held_to_stratification(project, tmp_path):
    parts = clean() | {"test": many("t", 500, 20)}
    (ham, spam) = failure(project, tmp_path, parts)
    assert ham.startswith("  stratification: test: label 'ham' has a share 0.460 away") and "'spam'" in spam
    project(parts, official=("train", "test"))
