"""Talking with a trained model of dialogue."""

import io

import pytest

from stages.app.chat import chat
from stages.runtime.errors import UserError
from stages.train import train
from tests.tasks.dialogue.small import make_dataset, tiny_model

pytestmark = pytest.mark.xdist_group("keras")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    models = {name: tiny_model(name).model_dump() for name in ("luong", "tfidf_retrieval", "dual_encoder")}
    dataset = make_dataset(tmp_path_factory.mktemp("project"), models=models)
    for model in models:
        train(dataset, model)
    return dataset


@pytest.mark.parametrize("model", ["luong", "tfidf_retrieval"])
def test_each_line_gets_a_reply(trained, model, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO("word1 tea\n\n  word2   rain\n"))
    chat(trained.paths, "mine", model, beam=2)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 and all(lines)


def test_a_model_that_writes_nothing_is_refused(trained):
    with pytest.raises(UserError, match="dual_encoder chooses among replies and writes none"):
        chat(trained.paths, "mine", "dual_encoder")
