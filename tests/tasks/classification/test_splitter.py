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
from stages.tasks.classification.leakage import empty_parts_or_labels, shared_texts, stratification
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


def labels_of(parts):
    return {name: part["label"].value_counts().to_dict() for name, part in parts.items()}


def test_a_label_that_the_hash_serves_badly_is_cut_by_the_shares():
    rare = [(f"a rare text, {n}", "rare") for n in range(5)]
    result = split_result(table(many(2000) + rare), SplitConfig(validation=0.2, test=0.2))
    assert {name: part["label"].eq("rare").sum() for name, part in result.parts.items()} == {
        "train": 3,
        "validation": 1,
        "test": 1,
    }
    assert result.details == {"labels_drawn_in_order": 1}
    assert "1 label(s) would have got less than half of their share" in result.remarks[0]
    before = part_of(split_result(table(many(2000)), SplitConfig(validation=0.2, test=0.2)).parts)
    assert before.items() <= part_of(result.parts).items()  # no text of another label moves


@pytest.mark.parametrize("texts", range(3, 40))
def test_every_label_is_in_every_part(texts):
    labels = [f"label {number}" for number in range(60)]
    rows = [(f"{label} text {n}", label) for label in labels for n in range(texts)]
    config = SplitConfig(validation=0.1, test=0.2)
    parts, dropped = split_table(table(rows), config)
    assert dropped == {}
    for share, name in ((0.1, "validation"), (0.2, "test"), (0.7, "train")):
        counts = parts[name]["label"].value_counts().reindex(labels, fill_value=0)
        wanted = max(texts * share, 1)
        assert counts.min() >= wanted / 2 - 0.5 and counts.max() <= 2 * wanted + 0.5
    assert empty_parts_or_labels(parts, config.rare_below, set()) == []
    assert stratification(parts, config.tolerance, set()) == []


RARE = [("once", "c"), ("twice", "c"), ("Twice!", "c"), ("alone", "d")]


def test_rare_labels_stay_in_train():
    result = split_result(table(BASE + RARE), THIRDS)
    counts = labels_of(result.parts)
    assert (counts["train"]["c"], counts["train"]["d"]) == (2, 1)
    assert set(counts["test"]) == set(counts["validation"]) == {"ham", "spam"}
    assert result.details["rare_labels"] == {"c": 2, "d": 1}
    assert result.remarks == [
        "2 label(s) have too few examples for every part ('c' has 2; 'd' has 1): of what is drawn they are in train "
        "alone (split.rare_labels: keep)"
    ]
    assert empty_parts_or_labels(result.parts, 3, set()) == []


def test_rare_labels_are_merged():
    rows = BASE + RARE + [("yet another", "e")]
    result = split_result(table(rows), SplitConfig(validation=0.33, test=0.33, rare_labels="merge"))
    assert sorted(counts["other"] for counts in labels_of(result.parts).values()) == [1, 1, 2]
    assert "3 label(s) have too few examples" in result.remarks[0]
    assert result.remarks[0].endswith("their 5 rows are labelled 'other'")
    few = split_result(table(BASE + RARE[:1]), SplitConfig(rare_labels="merge"))
    assert few.remarks[0].endswith("labelled 'other', and stand in train alone, for they are too few as well")
    assert set(labels_of(few.parts)["test"]) == {"ham", "spam"}
    assert empty_parts_or_labels(few.parts, 3, set()) == []
    named = SplitConfig(rare_labels="merge", merged_label="spam")
    assert set(labels_of(split_result(table(rows), named).parts)["train"]) == {"ham", "spam"}


def test_rare_labels_are_dropped():
    parts, dropped = split_table(table(BASE + RARE), SplitConfig(rare_labels="drop"))
    assert dropped == {"rare label": 4}
    assert {label for part in parts.values() for label in part["label"]} == {"ham", "spam"}


def test_rare_labels_are_refused_all_at_once():
    assert message(BASE + RARE, SplitConfig(rare_labels="refuse")) == (
        "2 label(s) have too few examples for every part ('c' has 2; 'd' has 1): add rows, or let split.rare_labels "
        "say what becomes of them: keep, merge or drop"
    )


def test_how_few_is_rare_is_a_number():
    config = SplitConfig(rare_labels="drop", rare_below=21)
    _, dropped = split_table(table([*many(63), ("odd", "c")] + [(f"x {n}", "d") for n in range(30)]), config)
    assert dropped == {"rare label": 1}
    assert message(BASE, SplitConfig(rare_labels="drop", rare_below=21)).startswith("train has only one label, 'ham', ")
    two = SplitConfig(rare_below=1)  # but there are three parts to draw
    assert set(labels_of(split_table(table(BASE + RARE), two)[0])["test"]) == {"ham", "spam"}


def test_official_parts_with_other_labels_stand_and_are_told():
    official = [(*row, "train") for row in many(60)] + [("one", "ham", "test"), ("x", "new", "test")]
    official += [("alone", "rare", "train")]
    result = split_result(table(official), SplitConfig())
    assert labels_of(result.parts)["test"] == {"ham": 1, "new": 1}
    assert result.details["rare_labels"] == {"rare": 1}
    assert result.remarks[-2:] == [
        "test has 1 label(s) that train lacks ('new' has 1 row(s)): they count, and every answer to them is wrong",
        "test lacks 2 of train's labels: 'rare'; 'spam'",
    ]
    assert empty_parts_or_labels(result.parts, 3, {"train", "test"}) == []
    whole = [(*row, "train") for row in BASE] + [("one", "ham", "test"), ("two", "ham", "validation")]
    assert split_result(table([*whole, ("alone", "rare", "train")]), SplitConfig()).details == {}  # nothing is drawn


def test_a_part_without_rows_is_named_with_what_was_dropped():
    everything = [(*row, "test") for row in BASE]
    assert message(everything) == (
        "no row is left for train and validation (rows: train 0, validation 0, test 60): add rows, or change the "
        "shares or the salt under split"
    )
    contradicting = [(f"text {n}{mark}", label) for n in range(9) for mark, label in ((".", "a"), ("!", "b"))]
    assert message(contradicting) == (
        "no row is left for train and validation and test (rows: train 0, validation 0, test 0; 18 dropped "
        "(contradicting labels)): add rows, or change the shares or the salt under split; labels contradict where "
        "rows have the same content: r-1 'a', r-2 'b'"
    )
    assert "'a' has 1; 'b' has 1): of what is drawn they are in train alone" in message([("one", "a"), ("two", "b")])


@pytest.mark.parametrize("signs", [("", "++", "#"), (" 😀", " 😢", " 😡"), ("+2", "-2", "*2")])
def test_texts_that_differ_by_a_sign_alone_are_texts_of_their_own(signs):
    rows = [(f"I write {n}{sign}", f"label {sign}") for n in range(60) for sign in signs]
    parts, dropped = split_table(table(rows), THIRDS)
    assert dropped == {}
    assert shared_texts(parts) == []
    assert all(part["label"].nunique() == 3 for part in parts.values())


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
