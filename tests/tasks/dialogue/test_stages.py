"""From raw conversations to choices, through the stages; and what is refused in which words."""

import json

import numpy as np
import pandas as pd
import pytest

from stages.config.schema import ParallelConfig
from stages.config.split import HashSplit
from stages.runtime.errors import UserError
from stages.tasks.dialogue.config import Reading
from stages.tasks.dialogue.evaluation import variety
from stages.tasks.dialogue.leakage import candidates, check_leaks, shared_conversations, shared_replies
from stages.tasks.dialogue.loader import joined, read
from stages.tasks.dialogue.modeling.statistics import hits
from stages.tasks.dialogue.splitter import split_replies
from stages.tasks.discovery import find_task
from stages.tasks.replies import history
from stages.train import train
from tests.tasks.dialogue.small import make_dataset, tiny_model, write_params

TASK = find_task("dialogue")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("dialogue"))


@pytest.fixture
def empty(tmp_path):
    """A dataset without files."""
    dataset = write_params(tmp_path)
    dataset.raw.mkdir(parents=True)
    return dataset


def message(dataset, **reading) -> str:
    with pytest.raises(UserError) as caught:
        read(dataset, Reading(**reading))
    return str(caught.value)


# --- Reading ---


def test_the_latest_turn_stands_first_and_the_oldest_words_are_left_out():
    assert history(["one two", "three", "four five"], most=2, words=9) == "four five ‖ three"
    assert history(["one two", "three four"], most=2, words=4) == "three four ‖ one"


def test_what_one_speaker_says_in_a_row_is_one_turn():
    said = [("a", "Hi "), ("a", "you"), ("b", " "), ("b", "Hello"), ("a", "Bye")]
    assert [tuple(turn) for turn in joined(iter(said))] == [("a", "Hi you"), ("b", "Hello"), ("a", "Bye")]
    assert [turn.text for turn in joined(iter([(None, "x"), (None, "y")]))] == ["x", "y"]


def test_conversations_a_line_each(empty):
    lines = [{"turns": ["Hi", "Hello", "Bye"]}, {"turns": ["alone"]}]
    (empty.raw / "a.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    table = read(empty, Reading())
    rows = table.rows.to_pylist()
    assert [(row["id"], row["source"], row["target"]) for row in rows] == [
        ("a-1-2", "Hi", "Hello"),
        ("a-1-3", "Hello ‖ Hi", "Bye"),
    ]
    assert table.remarks == ["1 of 2 conversations have no reply: they are of fewer than 2 turns"]


def test_the_file_of_the_package(empty):
    messages = [[{"sender": "a", "text": "Hi"}, {"sender": "a", "text": "there"}], [{"sender": "b", "text": "Hello"}]]
    (empty.raw / "dataset.json").write_text(json.dumps({"x": {"messages": messages}}))
    (row,) = read(empty, Reading(format="chitchat")).rows.to_pylist()
    assert (row["source"], row["target"], row["speaker"]) == ("Hi there", "Hello", "b")
    (empty.raw / "dataset.json").write_text("[1]")
    assert "dataset.json is not the file of chitchat-dataset" in message(empty, format="chitchat")


def test_lines_that_are_no_conversations_are_named(empty):
    lines = [{"turns": "Hi"}, {"turns": [1]}, {"turns": ["a", "b"]}]
    (empty.raw / "a.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert "'turns' must hold a list of texts, or of objects with text and speaker, but row 1: 'Hi'; row 2: [1]" in (
        message(empty)
    )


# --- Parts ---


def test_candidates_are_of_the_part_and_of_other_conversations(dataset):
    assert not any(check_leaks(dataset).values())
    part = pd.read_parquet(dataset.part("test"))
    given = dict(zip(part["id"], part["conversation"], strict=True))
    of_text: dict[str, set[str]] = {}
    for row, targets in zip(part["id"], part["targets"], strict=True):
        of_text.setdefault(targets[0], set()).add(given[row])
    for row, others in zip(part["id"], part["others"], strict=True):
        assert len({*others}) == 9 and all(of_text[text] != {given[row]} for text in others)
    assert all(len(others) == 0 for others in pd.read_parquet(dataset.part("train"))["others"])


def test_leaks_are_found(dataset):
    parts = {name: pd.read_parquet(dataset.part(name)) for name in ("train", "validation", "test")}
    conversation = pd.read_parquet(dataset.table).set_index("id")["conversation"]
    parts["test"] = pd.concat([parts["train"][:1], parts["test"]], ignore_index=True)
    assert "train and test share 1 conversation" in shared_conversations(parts, conversation)[0]
    assert "train and test share 1 reply to the same turns" in shared_replies(parts)[0]
    assert candidates(parts) == [f"test has replies with wrong candidates: {parts['test']['id'].iloc[0]}"]


def test_where_few_replies_are_most_of_all_the_others_are_drawn():
    rows = [(f"c{number}", f"said {number}", "ok" if number % 20 else f"reply {number}") for number in range(8000)]
    table = pd.DataFrame(rows, columns=["conversation", "source", "target"])
    table = table.assign(id=[f"a-{number}" for number in range(8000)], speaker=None, part=None)
    split = split_replies(table, HashSplit())
    assert candidates(split.parts) == []


def test_a_reply_of_an_official_part_stands_there_alone():
    rows = [(f"c{number}", f"said {number % 60}", f"reply {number % 60}") for number in range(120)]
    table = pd.DataFrame(rows, columns=["conversation", "source", "target"])
    part = ["train" if number < 90 else "test" if number < 105 else "validation" for number in range(120)]
    table = table.assign(id=[f"a-{number}" for number in range(120)], speaker=None, part=part)
    split = split_replies(table, HashSplit())
    assert {name: len(of_part) for name, of_part in split.parts.items()} == {"train": 30, "validation": 15, "test": 15}
    assert split.dropped == {"also in the test part": 15, "also in the validation part": 15, "repeated": 30}


def test_too_few_replies_to_choose_among_are_refused():
    rows = [(f"c{number}", f"said {number}", f"reply {number}") for number in range(60)]
    table = pd.DataFrame(rows, columns=["conversation", "source", "target"])
    table = table.assign(id=[f"a-{number}" for number in range(60)], speaker=None, part=None)
    with pytest.raises(UserError, match="has too few different replies to choose among 10: add conversations"):
        split_replies(table, HashSplit())


# --- Choosing and writing ---


def test_equal_scores_count_as_if_their_order_were_drawn():
    scores = np.zeros((3, 10))
    scores[1, 0], scores[2, 1] = 1, 1
    table = hits(scores)
    np.testing.assert_allclose(table["hit_1"], [0.1, 1, 0])
    np.testing.assert_allclose(table["hit_5"], [0.5, 1, 4 / 9])


def test_variety_of_replies():
    assert variety(["a b", "A b", "c"], {"c"}) == {
        "distinct_1": 3 / 5,
        "distinct_2": 1 / 2,
        "bland": 1 / 3,
        "words": 5 / 3,
    }


@pytest.mark.xdist_group("keras")
@pytest.mark.parametrize("model", ["dual_encoder", "tfidf_retrieval"])
def test_the_reply_about_the_same_topic_is_chosen(dataset, model):
    if model == "dual_encoder":
        dataset = make_dataset(
            dataset.paths.root / "longer",
            training={"min_steps": 150, "batch_tokens": 512, "buckets": 1},
            models={model: tiny_model(model, lexical=5.0).model_dump()},
        )
    train(dataset, model)
    result = TASK.evaluate(TASK.load(dataset.model(model)), dataset, ParallelConfig())
    assert result.scores[1]["recall_at_1"] > 0.25
    assert result.scores[1]["recall_at_1"] <= result.scores[1]["recall_at_2"] <= result.scores[1]["recall_at_5"]


@pytest.mark.xdist_group("keras")
def test_what_is_written_has_a_perplexity(dataset):
    train(dataset, "luong")
    result = TASK.evaluate(TASK.load(dataset.model("luong")), dataset, ParallelConfig())
    (perplexity,) = result.details["perplexity"]
    assert 1 < perplexity < 10_000 and result.details["writing"][0]["words"] >= 0
    assert result.examples["replies"][0]["written"] is not None
