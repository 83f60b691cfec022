import json

import pandas as pd
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from stages.config.schema import PARTS
from stages.data.text import fold
from stages.runtime.errors import UserError
from stages.split import split
from stages.tasks.classification.config import SplitConfig
from stages.tasks.classification.leakage import shared_texts
from stages.tasks.classification.splitter import content_hash
from stages.tasks.classification.splitter import split_table as split_result
from tests.tasks.classification.small import write_params

THIRDS = SplitConfig(validation=0.33, test=0.33)


def split_table(table, config):
    """Return the parts and what was dropped."""
    result = split_result(table, config)
    return result.parts, result.dropped


def table(rows):
    """Return a table as `validate` writes it from (text, label) or (text, label, part)."""
    columns = zip(*[(*row, None)[:3] for row in rows], strict=True)
    text, label, part = (list(column) for column in columns)
    made = pd.DataFrame({"id": [f"r-{n}" for n in range(1, len(rows) + 1)], "text": text, "label": label})
    return made.assign(part=pd.Series(part, dtype="str"))


def many(count, start=0):
    """Return distinct texts, one in three of them spam."""
    return [(f"text number {n}", "ham" if n % 3 else "spam") for n in range(start, start + count)]


def part_of(parts):
    return {row: name for name, part in parts.items() for row in part["id"]}


BASE = many(60)  # enough for every part under THIRDS
TEXTS = st.text("abC é!.\n", min_size=1, max_size=4).filter(str.strip)
LABELS = st.sampled_from(["ham", "spam"])
ROWS = st.lists(st.tuples(TEXTS, LABELS), max_size=15)
PLACED = st.lists(st.tuples(TEXTS, LABELS, st.sampled_from([None, *PARTS])), max_size=15)


@settings(max_examples=25)
@given(ROWS, ROWS)
def test_adding_rows_never_moves_old_ones(old, new):
    before, _ = split_table(table(BASE + old), THIRDS)
    after, _ = split_table(table(BASE + old + new), THIRDS)
    after = part_of(after)
    moved = {row for row, part in part_of(before).items() if after.get(row, part) != part}
    assert not moved  # a row may be dropped, when a new one contradicts it


@settings(max_examples=25)
@given(ROWS, st.randoms(use_true_random=False))
def test_order_of_the_rows_moves_none(rows, random):
    whole = table(BASE + rows)
    shuffled = whole.sample(frac=1, random_state=random.randrange(1000))
    before, dropped = split_table(whole, THIRDS)
    after, dropped_after = split_table(shuffled, THIRDS)
    assert dropped == dropped_after
    for name in PARTS:
        assert set(fold(before[name]["text"])) == set(fold(after[name]["text"]))


def split_placed(whole):
    """Split rows of which some have official parts; those that leave a part empty are rejected."""
    try:
        return split_table(whole, THIRDS)
    except UserError:
        reject()


@settings(max_examples=25)
@given(PLACED)
def test_no_text_in_two_parts_and_every_row_counted(rows):
    whole = table(BASE + rows)
    parts, dropped = split_placed(whole)
    assert len(whole) == sum(map(len, parts.values())) + sum(dropped.values())
    assert set(dropped) <= {"contradicting labels", "repeated", "also in the test part", "also in the validation part"}
    assert shared_texts(parts) == []  # as the audit sees it
    together = pd.concat(parts.values())
    assert together["id"].is_unique
    assert together.groupby(fold(together["text"]))["label"].nunique().max() == 1
    for part in parts.values():
        assert list(part.columns) == ["id", "text", "label"]
        assert part["id"].tolist() == sorted(part["id"], key=whole["id"].tolist().index)


@settings(max_examples=25)
@given(PLACED)
def test_official_test_and_validation_rows_stay_or_are_dropped(rows):
    whole = table(BASE + rows)
    parts = part_of(split_placed(whole)[0])
    for row, part in zip(whole["id"], whole["part"], strict=True):
        if part in ("test", "validation"):
            assert parts.get(row, part) == part


def test_official_parts_stand():
    official = [(*row, "train") for row in many(300)] + [(*row, "test") for row in many(50, start=300)]
    parts, dropped = split_table(table(official), SplitConfig(validation=0.2, test=0.4))
    assert dropped == {}
    assert parts["test"]["id"].tolist() == [f"r-{n}" for n in range(301, 351)]
    assert 0.1 < len(parts["validation"]) / 300 < 0.3
    assert len(parts["train"]) + len(parts["validation"]) == 300
    official += [(*row, "validation") for row in many(20, start=350)]
    parts, dropped = split_table(table(official), SplitConfig())
    assert (dropped, {name: len(part) for name, part in parts.items()}) == (
        {},
        {"train": 300, "validation": 20, "test": 50},
    )


def test_text_of_an_official_test_part_goes_from_train():
    rows = [(*row, "train") for row in BASE] + [
        ("Seen, before!", "ham", "train"),
        ("seen before", "ham", "test"),
        ("Text  NUMBER 3.", "spam", "validation"),
        ("seen: before", "ham", "validation"),
        ("new", "spam", "test"),
    ]
    parts, dropped = split_table(table(rows), SplitConfig())
    assert dropped == {"also in the test part": 2, "also in the validation part": 1}
    assert parts["test"]["text"].tolist() == ["seen before", "new"]
    assert parts["validation"]["text"].tolist() == ["Text  NUMBER 3."]
    assert not {"Seen, before!", "text number 3"} & set(parts["train"]["text"])


def test_contradicting_labels_are_dropped_everywhere():
    rows = [*BASE, ("either way", "ham"), ("Either way!", "spam"), ("Either WAY", "ham")]
    parts, dropped = split_table(table(rows), THIRDS)
    assert dropped == {"contradicting labels": 3}
    assert sum(map(len, parts.values())) == 60
    official = [(*row, "train") for row in BASE] + [("one", "ham", "test"), ("text number 1", "spam", "test")]
    parts, dropped = split_table(table(official), SplitConfig())
    assert dropped == {"contradicting labels": 2}
    assert parts["test"]["text"].tolist() == ["one"]


def test_repeated_texts_are_kept_once_but_in_an_official_test_part():
    parts, dropped = split_table(table([*BASE, *BASE, ("Text, number 1", "ham")]), THIRDS)
    assert dropped == {"repeated": 61}
    assert set(part_of(parts)) == {f"r-{n}" for n in range(1, 61)}  # the first of each
    official = [(*row, "train") for row in BASE] + [("same", "ham", "test")] * 3
    parts, dropped = split_table(table(official), SplitConfig())
    assert dropped == {}
    assert len(parts["test"]) == 3


def test_texts_of_punctuation_alone_are_not_merged():
    rows = [*BASE, ("!!!", "ham"), ("???", "spam"), (":-)", "ham"), (":-(", "spam"), ("!!!", "ham")]
    parts, dropped = split_table(table(rows), THIRDS)
    assert dropped == {"repeated": 1}
    assert {"!!!", "???", ":-)", ":-("} <= {text for part in parts.values() for text in part["text"]}


def test_shares_and_labels_are_near_those_asked_for():
    parts, dropped = split_table(table(many(5000)), SplitConfig(validation=0.1, test=0.2))
    shares = {name: len(part) / 5000 for name, part in parts.items()}
    assert dropped == {}
    assert shares == pytest.approx({"train": 0.7, "validation": 0.1, "test": 0.2}, abs=0.02)
    for part in parts.values():
        assert (part["label"] == "spam").mean() == pytest.approx(1 / 3, abs=0.05)


def test_salt_alone_changes_the_split():
    whole = table(many(200))
    first, again = (part_of(split_table(whole, SplitConfig())[0]) for _ in range(2))
    other = part_of(split_table(whole, SplitConfig(salt="another"))[0])
    assert first == again
    assert first != other
    assert set(first) == set(other)


def test_larger_shares_keep_the_test_part():
    """Parts are drawn from one line of hashes: changing the share of validation moves nothing into or out of test."""
    whole = table(many(300))
    one, other = (split_table(whole, SplitConfig(test=0.2, validation=share))[0] for share in (0.1, 0.3))
    assert one["test"].equals(other["test"])
    assert set(one["validation"]["id"]) < set(other["validation"]["id"])


def message(rows, config=THIRDS):
    with pytest.raises(UserError) as caught:
        split_table(table(rows), config)
    return str(caught.value)


def test_label_with_too_few_rows_is_named():
    assert message([*BASE, ("alone", "rare")]) == (
        "too few rows to split: 'rare' has 1 distinct text(s), but 3 parts need one each; "
        "add rows, or drop or merge the label"
    )
    repeated = [("Twice!", "rare"), ("twice", "rare"), ("other", "rare"), ("one", "odd")]
    assert "'odd' has 1, 'rare' has 2 distinct text(s)" in message(BASE + repeated)
    official = [(*row, "train") for row in BASE] + [("alone", "rare", "train"), ("x", "rare", "test")]
    assert "'rare' has 1 distinct text(s), but 2 parts need one each" in message(official)


def test_part_without_rows_is_named():
    assert message(many(9), SplitConfig(validation=0.001, test=0.001)) == (
        "no row is left for validation and test (rows: train 9, validation 0, test 0): "
        "add rows, or change the shares or the salt under split"
    )
    everything = [(*row, "test") for row in BASE]
    assert message(everything).startswith("no row is left for train and validation (rows: train 0, validation 0, ")


def test_content_hash_sees_labels_texts_and_order():
    part = pd.DataFrame({"text": ["a", "b"], "label": ["x", "y"]})
    hashes = {
        content_hash(part),
        content_hash(part[::-1]),
        content_hash(part.assign(label="x")),
        content_hash(part.assign(text=["a", "c"])),
        content_hash(part[:1]),
    }
    assert len(hashes) == 5
    assert content_hash(part) == content_hash(part.assign(id=["1", "2"]))
    assert all(len(name) == 12 for name in hashes)


def test_stage_writes_parts_and_a_report_with_the_same_bytes(tmp_path, capsys):
    dataset = write_params(tmp_path)
    dataset.prepared.mkdir(parents=True)
    table([*many(100), *many(3)]).to_parquet(dataset.table, index=False)
    outputs = [*(dataset.part(name) for name in PARTS), dataset.report("split")]
    split(dataset)
    first = [path.read_bytes() for path in outputs]
    split(dataset)
    assert [path.read_bytes() for path in outputs] == first
    report = json.loads(outputs[-1].read_text())
    assert (report["rows"], report["official"], report["dropped"]) == (103, [], {"repeated": 3})
    for name in PARTS:
        part = pd.read_parquet(dataset.part(name))
        assert report["parts"][name]["rows"] == len(part) == sum(report["parts"][name]["labels"].values())
        assert report["parts"][name]["hash"] == content_hash(part)
    assert capsys.readouterr().out.endswith("; 3 dropped (repeated)\n")


def test_stage_reads_official_parts_back_from_the_table(tmp_path):
    dataset = write_params(tmp_path)
    dataset.prepared.mkdir(parents=True)
    rows = [(*row, "train") for row in BASE] + [("seen", "ham", "test"), ("seen", "ham", None), ("seen", "ham", "test")]
    table(rows).to_parquet(dataset.table, index=False)
    split(dataset)
    report = json.loads(dataset.report("split").read_text())
    assert report["official"] == ["test", "train"]
    assert report["dropped"] == {"also in the test part": 1}
    assert report["parts"]["test"]["rows"] == 2
