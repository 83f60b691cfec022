"""The command that translates, from small saved models: options, texts, and what is refused in which words."""

import pytest

from stages.app.common import NestedFormat, TextSource
from stages.app.translate import translate
from stages.config.dataset import Dataset
from stages.runtime.errors import UserError
from tests.app.small import json_objects, make_project, run_program

pytestmark = pytest.mark.xdist_group("keras")

MODELS = {"luong": {"units": 8, "embedding": 4, "lexical_attention": True, "epochs": 1}, "ibm1": {}}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> Dataset:
    """A dataset of letters and their capitals, a network of one epoch and a table of words."""
    words = [a + b + c for a in "abcd" for b in "abcd" for c in "abcd"]
    pairs = "".join(f"{word},{' '.join(word.upper())}\n" for word in words)
    entry = {
        "tokenizer": {"source": {"unit": "character", "maximum_length": 8}, "target": {"maximum_length": 6}},
        "split": {"validation": 0.2, "test": 0.2},
    }
    training = {"min_steps": 1, "batch_tokens": 256, "validation_sources": 5, "buckets": 1}
    root = tmp_path_factory.mktemp("project")
    return make_project(root, "seq2seq", {"pairs.csv": f"source,target\n{pairs}"}, entry, MODELS, training)


@pytest.fixture
def ask(dataset, capsys):
    """Call `translate`; return what it printed to standard output and error."""

    def call(*texts: str, file: str | None = None, model: str = "luong", **options):
        translate(dataset.paths, "mine", model, TextSource(texts, file), **options)
        return capsys.readouterr()

    return call


def test_n_best_with_scores_as_json_lines(ask):
    rows = json_objects(ask("abc", "cb", best=3).out)
    assert [row["text"] for row in rows] == ["abc", "cb"]
    for row in rows:
        scores = [output["score"] for output in row["outputs"]]
        assert len(scores) == 3 and scores == sorted(scores, reverse=True)


def test_a_table_for_people(ask):
    lines = ask("abc", "cb", best=2, output_format=NestedFormat.TABLE).out.splitlines()
    assert len(lines) == 4 and lines[0].startswith("abc  ") and lines[2].startswith("cb ")


def test_alignments_have_a_row_for_each_token_written(ask):
    (row,) = json_objects(ask("abc", alignments=True).out)
    alignment = row["alignment"]
    assert alignment["read"] == ["a", "b", "c", "⏎"] and alignment["wrote"][-1] == "⏎"
    assert [len(weights) for weights in alignment["weights"]] == [4] * len(alignment["wrote"])
    assert "←" in ask("abc", alignments=True, output_format=NestedFormat.TABLE).out


def test_a_file_with_a_blank_line(ask, tmp_path):
    (tmp_path / "texts.txt").write_text("abc\n\ncab\n")
    rows = json_objects(ask(file=str(tmp_path / "texts.txt")).out)
    assert [row["text"] for row in rows] == ["abc", "", "cab"]
    assert rows[1]["outputs"] == [{"text": "", "score": 0.0, "ended": True}]


def test_unknown_characters_and_long_texts_are_named(ask):
    notes = ask("aéb!", "abcabcabcabc").err
    assert "read as unknown, because train holds none: '!', 'é'" in notes
    assert "1 text(s) of 8 tokens or more: networks read 7 of them" in notes


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"beam": 0}, "--beam is 0: it must be 1 or more"),
        ({"best": 0}, "--best is 0: it must be 1 or more"),
        ({"best": 6}, "--best is 6, but a beam of 5 finds no more than 5: raise --beam"),
        ({"length_penalty": -1.0}, "--length-penalty is -1.0: it must be 0"),
        ({"seed": 9}, "has no run with seed 9: valid: 1"),
    ],
)
def test_what_is_refused(ask, options, message):
    with pytest.raises(UserError, match=message):
        ask("abc", **options)


def test_a_model_without_attention_shows_none(ask):
    with pytest.raises(UserError, match="ibm1 has no attention to show: leave --alignments out"):
        ask("abc", model="ibm1", alignments=True)
    assert ask("abc", model="ibm1").out.startswith('{"text": "abc", "outputs": [{"text": ')


def test_as_a_command(dataset):
    run = run_program(dataset.paths.root, "translate", "mine", "luonk", "abc")
    assert run.returncode == 1 and b"did you mean 'luong'?" in run.stderr and b"Traceback" not in run.stderr
    run = run_program(dataset.paths.root, "translate", "mine", "ibm1", "--best", "2", "abc")
    assert run.returncode == 0 and run.stdout.startswith(b'{"text": "abc"')
