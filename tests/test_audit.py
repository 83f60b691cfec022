import json
from pathlib import Path

import pandas as pd
import pytest

from stages import params
from stages.audit import audit
from stages.classification.auditing import (
    empty_parts_or_labels,
    foreign_labels,
    foreign_tokens,
    shared_texts,
    stratification,
)
from stages.classification.params import Tokenizer
from stages.classification.splitting import PARTS
from stages.classification.tokenizing import fit
from stages.console import Problem
from stages.tokenize import tokenize

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
    assert empty_parts_or_labels(parts) == ["validation is empty"]
    assert shared_texts(parts) == []
    assert stratification(parts, 0.05, set()) == []
    parts["train"] = parts["train"][:0]
    assert empty_parts_or_labels(parts) == ["train is empty", "validation is empty"]
    assert stratification(parts, 0.05, set()) == []


def test_label_that_a_part_lacks():
    parts = clean()
    put(parts, "train", "new", "odd")
    put(parts, "train", "newer", "rare")
    put(parts, "test", "newest", "rare")
    hint = ": change the shares or the salt under split, or merge rare labels"
    assert empty_parts_or_labels(parts) == [
        f"validation has no row with the label 'odd', 'rare'{hint}",
        f"test has no row with the label 'odd'{hint}",
    ]


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


OWN = pd.Series(["the cat sat on the mat", "a dog sat, too", "the [PAD] it's"])


@pytest.mark.parametrize("minimum", [1, 2])
@pytest.mark.parametrize("unit", UNITS)
def test_vocabulary_of_train_passes(unit, minimum):
    texts = OWN.tolist() * minimum
    tokenizer = fit(iter([texts]), Tokenizer(unit=unit, minimum_frequency=minimum, vocabulary=60))
    assert foreign_tokens(pd.Series(texts), tokenizer, minimum) == []


@pytest.mark.parametrize(
    ("unit", "told"), [("word", "1 token(s) were not fitted on train: 'zebra'"), ("character", "'z'"), ("bpe", "'z")]
)
def test_vocabulary_fitted_on_test_too(unit, told):
    tokenizer = fit(iter([OWN.tolist(), ["zebra zebra"]]), Tokenizer(unit=unit, vocabulary=80))
    (line,) = foreign_tokens(OWN, tokenizer, 1)
    assert told in line


def test_token_that_reached_its_frequency_with_test():
    texts = pd.Series(["cat cat dog"])
    tokenizer = fit(iter([texts.tolist(), ["dog"]]), Tokenizer(minimum_frequency=2))
    assert foreign_tokens(texts, tokenizer, 2) == ["1 token(s) were not fitted on train: 'dog'"]


def test_many_foreign_tokens_are_cut():
    tokenizer = fit(iter([["cat", "a b c d e f g"]]), Tokenizer())
    assert foreign_tokens(pd.Series(["cat", " "]), tokenizer, 1) == [
        "7 token(s) were not fitted on train: 'a', 'b', 'c', 'd', 'e' and 2 more"
    ]
    assert foreign_tokens(pd.Series([" "]), tokenizer, 1)[0].startswith("8 token(s)")


@pytest.fixture
def project(tmp_path, monkeypatch, write_params):
    """Return a function that writes parts, fits the vocabulary on train alone, and audits after a leak is planted."""
    monkeypatch.chdir(tmp_path)

    def call(parts, official=(), plant=lambda _folder: None, tokenizer="{}"):
        write_params(tokenizer)
        folder = Path("data/prepared/mine")
        folder.mkdir(parents=True, exist_ok=True)
        for name, part in parts.items():
            part.to_parquet(folder / f"{name}.parquet", index=False)
        table = pd.concat([part.assign(part=name if name in official else None) for name, part in parts.items()])
        table.astype({"part": "str"}).to_parquet(folder / "table.parquet")
        tokenize("mine")
        plant(folder)
        audit("mine")

    yield call
    params.load.cache_clear()


def failure(call, *arguments, **options):
    with pytest.raises(Problem) as caught:
        call(*arguments, **options)
    report = json.loads(Path("reports/audit/mine.json").read_text())
    assert not report["passed"]
    head, *lines = str(caught.value).split("\n")
    assert head == "mine failed its audit (reports/audit/mine.json)"
    assert lines == [f"  {check}: {line}" for check, found in report["findings"].items() for line in found]
    return lines


@pytest.mark.parametrize("unit", UNITS)
def test_clean_data_pass(project, capsys, unit):
    project(clean(), tokenizer=f"{{unit: {unit}}}")
    report = json.loads(Path("reports/audit/mine.json").read_text())
    assert report["passed"]
    assert report["rows"] == {"train": 40, "validation": 20, "test": 20}
    assert not any(report["findings"].values())
    assert capsys.readouterr().out.endswith("mine: no leak found\n")


def test_all_leaks_are_told_at_once(project):
    def plant(folder):
        fitted_on_both = fit(iter([clean()["train"]["text"].tolist(), ["giveaway"]]), Tokenizer())
        (folder / "tokens/tokenizer.json").write_text(fitted_on_both.to_str())
        meta = json.loads((folder / "tokens/meta.json").read_text())
        (folder / "tokens/meta.json").write_text(json.dumps(meta | {"labels": ["ham", "late", "spam"]}))

    parts = clean()
    put(parts, "test", "Text number 3", "late")
    lines = failure(project, parts, plant=plant)
    assert [line.split(":")[0].strip() for line in lines] == [
        "shared_texts",
        "empty_parts_or_labels",
        "empty_parts_or_labels",
        "labels",
        "vocabulary",
    ]
    assert lines[0] == "  shared_texts: train and test share 1 text(s), rows train-4 = test-planted"
    assert "train has no row with the label 'late'" in lines[1]
    assert lines[-1] == "  vocabulary: 1 token(s) were not fitted on train: 'giveaway'"


def test_official_parts_are_not_held_to_stratification(project):
    parts = clean() | {"test": many("t", 500, 20)}
    (ham, spam) = failure(project, parts)
    assert ham.startswith("  stratification: test: label 'ham' has a share 0.460 away") and "'spam'" in spam
    project(parts, official=("train", "test"))
