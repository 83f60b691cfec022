"""From raw questions to predictions, through the stages; and what is refused in which words."""

import json

import numpy as np
import pandas as pd
import pytest

from stages.config.schema import ParallelConfig
from stages.config.split import HashSplit
from stages.data.generators.stories import KINDS, make
from stages.evaluation.uncertainty import Grouped, Independent
from stages.runtime.errors import UserError
from stages.tasks.discovery import find_task
from stages.tasks.questions.config import Reading
from stages.tasks.questions.evaluation import by_sentence, support
from stages.tasks.questions.leakage import check_leaks, shared_stories
from stages.tasks.questions.loader import read, sentences
from stages.tasks.questions.replay import replay
from stages.tasks.questions.splitter import split_questions
from stages.train import train
from tests.tasks.questions.small import READING, make_dataset, tiny_model, write_params

TASK = find_task("questions")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("questions"))


@pytest.fixture
def empty(tmp_path):
    """A dataset without files."""
    dataset = write_params(tmp_path)
    dataset.raw.mkdir(parents=True)
    return dataset


def put(dataset, rows: list[dict], name: str = "a.jsonl") -> None:
    (dataset.raw / name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def message(dataset, **reading) -> str:
    with pytest.raises(UserError) as caught:
        read(dataset, Reading(**reading))
    return str(caught.value)


# --- The generator, and answers worked out again ---


def test_a_seed_makes_the_same_stories_and_each_answer_is_what_they_say():
    rows = [*make(3, 300)]
    assert rows == [*make(3, 300)] != [*make(4, 300)]
    assert [row["kind"] for row in rows[:6]] == [*KINDS]
    assert all(replay(sentences(row["story"]), row["question"]) == row["answer"] for row in rows)


def test_facts_are_what_an_answer_rests_on():
    for row in make(5, 300):
        told = sentences(row["story"])
        last = max(row["facts"])
        assert all(1 <= fact <= len(told) for fact in row["facts"])
        if row["kind"] != "where was a thing":  # nothing that comes later changes the answer
            assert replay(told[:last], row["question"]) == row["answer"]


@pytest.mark.parametrize(
    ("told", "question"),
    [
        (["Mina went to the garden.", "Mina flew to the harbour."], "Where is Mina?"),
        (["Mina went to the garden.", "Oskar took the lamp."], "Who has the lamp?"),
        (["Mina went to the garden.", "Mina left the lamp."], "Who has the lamp?"),
        (["Mina went to the garden.", "Mina took the lamp.", "Mina gave the lamp to Ines."], "Who has the lamp?"),
        (["Mina went to the garden."], "Where is Oskar?"),
        (["Mina went to the garden."], "Why is Mina in the garden?"),
    ],
)
def test_what_cannot_be_has_no_answer(told, question):
    assert replay(told, question) is None


# --- Reading ---


def test_sentences_are_lines_or_end_in_a_mark():
    assert sentences("A b.  C d? E\nf 3.5 g\r\n\r\nh") == ["A b.", "C d?", "E", "f 3.5 g", "h"]
    assert sentences("他去了。她来了！") == ["他去了。", "她来了！"]


def test_rows_of_any_table(empty):
    put(
        empty,
        [
            {"story": ["One  a.", "Two."], "question": " Who\n? ", "answer": 1, "facts": "1, 2"},
            {"story": "One a. Two.", "question": "What?", "answer": "two", "facts": 2.0},
        ],
    )
    rows = read(empty, Reading(text="story", label="answer", facts="facts")).rows.to_pylist()
    assert rows[0]["story"] == "One a.\nTwo." == rows[1]["story"]
    assert rows[0]["question"] == "Who ?" and rows[0]["label"] == "1"
    assert [row["facts"] for row in rows] == [[1, 2], [2]] and rows[0]["kind"] is None


def test_all_faults_of_a_file_are_named_at_once(empty):
    put(
        empty,
        [
            {"story": 3, "question": "Who?", "answer": "a", "facts": [1]},
            {"story": "A. B.", "question": ["Who?"], "answer": {}, "facts": [3]},
        ],
    )
    text = message(empty, text="story", label="answer", facts="facts")
    assert "the column 'story' must hold text, or a list of sentences, none of them blank, but row 1: 3" in text
    assert "the column 'question' must hold text, but row 2: ['Who?']" in text
    assert "the column 'answer' must hold text or numbers, but row 2: {}" in text
    assert "from 1 to as many as there are, but row 2, of 2: [3]: fix the file, or set questions.datasets.mine" in text


# --- Parts ---


def table(rows: list[tuple[str, str, str]]) -> pd.DataFrame:
    columns = pd.DataFrame(rows, columns=["story", "question", "label"])
    ids = [f"a-{number}" for number in range(len(rows))]
    return columns.assign(id=ids, kind=None, facts=None, part=None)


def test_all_questions_about_a_story_are_in_one_part():
    rows = [(f"story {s}.", f"question {q}?", "yes" if (s + q) % 2 else "no") for s in range(300) for q in range(3)]
    further = [("Story 1", "question 1", "no"), ("x", "y", "a"), ("X.", "y?", "b")]
    split = split_questions(table([*rows, *further]), HashSplit())
    assert shared_stories(split.parts) == []
    assert {name: len(part) for name, part in split.parts.items()}.keys() == {"train", "validation", "test"}
    assert split.dropped == {"contradicting labels": 2, "repeated": 1}
    assert split.parts["train"]["text"].iloc[0].count("\n") == 1


def test_a_story_in_two_parts_is_a_leak(dataset):
    assert not any(check_leaks(dataset).values())
    parts = {name: pd.read_parquet(dataset.part(name)) for name in ("train", "test")}
    text = parts["train"]["text"].iloc[0].partition("\n")[2].upper()
    parts["test"].loc[0, "text"] = f"Another question?\n{text}"
    assert shared_stories(parts) == ["train and test share 1 story or stories, rows train-1 = test-1"]


def test_questions_about_one_text_count_as_one():
    items = pd.DataFrame({"story": [0, 0, 1, 2]})
    assert isinstance(TASK.sampling(items), Grouped) and isinstance(TASK.sampling(items[1:]), Independent)


# --- Looks ---


def test_looks_are_held_against_the_sentences_that_answers_rest_on():
    ids = np.array([5, 2, 6, 6, 2, 7])  # a question, and sentences of two tokens and of one
    weights = np.array([[0.0, 0.2], [0, 0], [0.1, 0.5], [0.1, 0.3], [0, 0], [0.8, 0]])
    looks = by_sentence(ids, weights, line_break=2)
    np.testing.assert_allclose(looks, [[0.2, 0.8], [0.8, 0]])
    found = support(pd.Series([[2], None]), {1: [looks, looks]})
    assert found == {"looks": [1.0, 0.0], "found": 1.0, "chance": 0.5, "questions": 1}
    assert support(pd.Series([None]), {1: [looks]}) is None


@pytest.mark.xdist_group("keras")
def test_a_memory_network_learns_to_look(tmp_path):
    dataset = make_dataset(
        tmp_path,
        training={"min_steps": 250, "epochs": 5, "batch_size": 32, "buckets": 1},
        models={"memory_network": tiny_model("memory_network", embedding=32).model_dump(), "majority": {}},
    )
    accuracy = {}
    for model in ("memory_network", "majority"):
        train(dataset, model)
        result = TASK.evaluate(TASK.load(dataset.model(model)), dataset, ParallelConfig())
        accuracy[model] = result.scores[1]["accuracy"]
    assert accuracy["memory_network"] > accuracy["majority"]
    assert READING["facts"] == "facts" and set(result.details["by_kind"]) == set(KINDS)
