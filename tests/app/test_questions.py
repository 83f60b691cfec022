"""Questions of a user's own: their entry, and what a trained model answers about a further text."""

import json

import pytest
from ruamel.yaml import YAML

from stages.app.add import add
from stages.app.ask import ask
from stages.app.common import NestedFormat, TextSource
from stages.config.paths import Paths
from stages.data.generators.stories import make
from stages.runtime.errors import UserError
from stages.train import train
from tests.app.small import PROJECT, json_objects
from tests.tasks.questions.small import make_dataset, tiny_model

pytestmark = pytest.mark.xdist_group("keras")
STORY = "Mina went to the garden.\nMina took the lamp. Oskar ran to the harbour.\n"


@pytest.fixture
def paths(tmp_path) -> Paths:
    """A project whose params.yaml is the shipped one."""
    (tmp_path / "params.yaml").write_bytes((PROJECT / "params.yaml").read_bytes())
    return Paths(tmp_path)


def test_a_table_of_questions_is_added(paths, tmp_path, capsys):
    rows = [json.dumps({**row, "facts": [*row["facts"]]}) for row in make(1, 200)]
    (tmp_path / "mine.jsonl").write_text("\n".join(rows) + "\n")
    add(paths, str(tmp_path / "mine.jsonl"))
    entry = YAML(typ="safe").load(paths.params)["questions"]["datasets"]["mine"]
    assert entry["reading"] == {"text": "story", "label": "answer", "kind": "kind", "question": "question"}
    assert "different answers" in capsys.readouterr().out


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    models = {name: tiny_model(name).model_dump() for name in ("memory_network", "last_sentence")}
    dataset = make_dataset(tmp_path_factory.mktemp("project"), models=models)
    for model in models:
        train(dataset, model)
    return dataset


def test_answers_come_with_the_looks_at_each_sentence(trained, tmp_path, capsys):
    (tmp_path / "story.txt").write_text(STORY)
    questions = ["Where is Mina?", "Who has the lamp?"]
    ask(trained.paths, "mine", "memory_network", questions, TextSource([], str(tmp_path / "story.txt")))
    rows = json_objects(capsys.readouterr().out)
    assert [row["question"] for row in rows] == questions
    for row in rows:
        assert [sentence["text"] for sentence in row["sentences"]] == [
            "Mina went to the garden.",
            "Mina took the lamp.",
            "Oskar ran to the harbour.",
        ]
        for weights in zip(*(sentence["looks"] for sentence in row["sentences"]), strict=True):
            assert sum(weights) == pytest.approx(1, abs=1e-3)


def test_a_model_without_looks_answers_too_and_an_empty_text_is_refused(trained, tmp_path, capsys):
    (tmp_path / "story.txt").write_text(STORY)
    source = TextSource([], str(tmp_path / "story.txt"))
    ask(trained.paths, "mine", "last_sentence", ["Where is Mina?"], source, NestedFormat.TABLE)
    assert capsys.readouterr().out.startswith("Where is Mina?  ")
    (tmp_path / "blank.txt").write_text("\n")
    with pytest.raises(UserError, match="the text holds no sentence"):
        ask(trained.paths, "mine", "last_sentence", ["Why?"], TextSource([], str(tmp_path / "blank.txt")))
