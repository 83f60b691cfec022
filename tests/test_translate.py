"""The command that translates, from small saved models: options, texts, and what is refused in which words."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stages.console import Problem
from stages.files import write_json
from stages.params import load
from stages.saved import file_hashes
from stages.seq2seq import neural
from stages.seq2seq.models import ibm1, luong
from stages.seq2seq.params import Side, Tokenizer
from stages.seq2seq.saved import Saved
from stages.seq2seq.tokenizing import fit_both
from stages.translate import command_line, translate

pytestmark = pytest.mark.xdist_group("keras")

PAIRS = pd.DataFrame({"source": ["abc", "cab", "bca"], "target": ["A B C", "C A B", "B C A"]})
OWN = {"units": 8, "embedding": 4, "lexical": True}


def save(folder: Path, name: str, vocabularies, model, parameters: dict) -> None:
    (folder / "seed-1").mkdir(parents=True)
    model.save(folder / "seed-1")
    vocabularies.save(folder / "vocabularies.json")
    about = {"task": "seq2seq", "dataset": "said", "model": name, "parameters": parameters, "seeds": [1]}
    about |= {"validation": [], "size": model.size(), "code": Saved.code_hash(name)}
    write_json(folder / "model.json", about | {"files": file_hashes(folder)}, digits=None)


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> Path:
    """A folder with a network as it starts and a table of words."""
    folder = tmp_path_factory.mktemp("project")
    sides = Tokenizer(source=Side(unit="character", maximum_length=8), target=Side(maximum_length=6))
    vocabularies = fit_both(PAIRS, sides)
    vocabularies.lengths[:] = [8]
    network = neural.build(luong, luong.Parameters(**OWN), vocabularies, seed=1)
    save(folder / "models/said/luong", "luong", vocabularies, network, OWN)
    table = ibm1.Model(np.arange(vocabularies.sizes.source), np.zeros(vocabularies.sizes.source), vocabularies)
    save(folder / "models/said/ibm1", "ibm1", vocabularies, table, {})
    return folder


@pytest.fixture
def written(models, monkeypatch, capsys):
    """Return a function of the command's words → standard output and error."""
    monkeypatch.chdir(models)
    load.cache_clear()

    def call(*words: str, model: str = "luong") -> tuple[str, str]:
        translate(**vars(command_line().parse_args(["said", model, *words])))
        told = capsys.readouterr()
        return told.out, told.err

    return call


def test_n_best_with_scores_as_json_lines(written):
    rows = [json.loads(line) for line in written("abc", "cb", "--best", "3", "--format", "jsonl")[0].splitlines()]
    assert [row["text"] for row in rows] == ["abc", "cb"]
    for row in rows:
        scores = [output["score"] for output in row["outputs"]]
        assert len(scores) == 3 and scores == sorted(scores, reverse=True)


def test_a_table_for_people(written):
    lines = written("abc", "cb", "--best", "2", "--format", "table")[0].splitlines()
    assert len(lines) == 4 and lines[0].startswith("abc  ") and lines[2].startswith("cb ")


def test_alignments_have_a_row_for_each_token_written(written):
    (row,) = map(json.loads, written("abc", "--alignments", "--format", "jsonl")[0].splitlines())
    found = row["alignment"]
    assert found["read"] == ["a", "b", "c", "⏎"] and found["wrote"][-1] == "⏎"
    assert [len(weights) for weights in found["weights"]] == [4] * len(found["wrote"])
    assert "←" in written("abc", "--alignments", "--format", "table")[0]


def test_a_file_with_a_blank_line(written, tmp_path):
    (tmp_path / "texts.txt").write_text("abc\n\ncab\n")
    rows = [json.loads(line) for line in written("--file", str(tmp_path / "texts.txt"))[0].splitlines()]
    assert [row["text"] for row in rows] == ["abc", "", "cab"]
    assert rows[1]["outputs"] == [{"text": "", "score": 0.0, "ended": True}]


def test_unseen_characters_and_long_texts_are_told(written):
    _, told = written("aéb!", "abcabcabcabc")
    assert "read as unknown, for train holds none: '!', 'é'" in told
    assert "1 text(s) of 8 tokens or more: networks read 7 of them" in told


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--beam", "0"], "--beam is 0: it must be 1 or more"),
        (["--best", "0"], "--best is 0: it must be 1 or more"),
        (["--best", "6"], "--best is 6, but a beam of 5 finds no more than 5: raise --beam"),
        (["--length-penalty", "-1"], "--length-penalty is -1.0: it must be 0"),
        (["--seed", "9"], "has no replica of seed 9: valid: 1"),
    ],
)
def test_what_is_refused(written, words, message):
    with pytest.raises(Problem, match=message):
        written("abc", *words)


def test_a_model_without_attention_shows_none(written):
    with pytest.raises(Problem, match="ibm1 has no attention to show: leave --alignments out"):
        written("abc", "--alignments", model="ibm1")
    assert written("abc", model="ibm1")[0].startswith('{"text": "abc", "outputs": [{"text": ')


def test_as_a_command(models):
    words = [sys.executable, "-m", "stages.translate", "said", "luonk", "abc"]
    path = {"PYTHONPATH": str(Path(__file__).parent.parent), "PATH": ""}
    run = subprocess.run(words, cwd=models, env=path, capture_output=True, text=True, check=False)
    assert run.returncode == 1 and "did you mean 'luong'?" in run.stderr and "Traceback" not in run.stderr
