"""The command that writes, from a small saved model: options, prompts, and what is refused in which words."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from stages.console import Problem
from stages.files import write_json
from stages.generate import command_line, cut, generate
from stages.generation.data import encode, fit
from stages.generation.models import ngram
from stages.generation.params import Window
from stages.generation.saved import Saved
from stages.saved import file_hashes

TEXT = "the cat sat on the mat.\nthe dog sat on the cat.\n" * 30


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A folder with one saved model of n-grams."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "models/play/ngram"
    (folder / "seed-1").mkdir(parents=True)
    tokenizer, parameters = fit(TEXT, Window()), ngram.Parameters(order=4)
    newline = tokenizer.token_to_id("\n")
    model = ngram.Model.fit(parameters, encode(tokenizer, TEXT)[0], tokenizer.get_vocab_size(), newline)
    model.save(folder / "seed-1")
    tokenizer.save(str(folder / "tokenizer.json"))
    window = {"unit": "character", "length": 16, "newline": newline, "characters": len(set(TEXT))}
    about = {"task": "generation", "dataset": "play", "model": "ngram", "parameters": {"order": 4}, "seeds": [1]}
    about |= {"validation": [], "size": model.size(), "code": Saved.code_hash("ngram"), "window": window}
    write_json(folder / "model.json", about | {"files": file_hashes(folder)}, digits=None)
    return tmp_path


def written(capsys, *words: str) -> tuple[str, str]:
    generate(**vars(command_line().parse_args(["play", "ngram", *words])))
    told = capsys.readouterr()
    return told.out, told.err


def test_the_same_seed_writes_the_same_streamed_or_not(project, capsys):
    words = ("--length", "80", "--seed", "7")
    first, streamed = written(capsys, *words), written(capsys, *words, "--stream")
    assert first == streamed and len(first[0]) == 81
    assert written(capsys, "--length", "80", "--seed", "8")[0] != first[0]


@pytest.mark.parametrize("words", [("--temperature", "0"), ("--top-k", "1"), ("--top-p", "0.001"), ("--beam", "3")])
def test_strategies_that_know_no_chance(project, capsys, words):
    texts = {written(capsys, "--length", "30", *words, "--seed", seed)[0] for seed in "12"}
    assert len(texts) == 1


@pytest.mark.parametrize("words", [("--temperature", "2"), ("--top-k", "3"), ("--top-p", "0.9")])
def test_strategies_that_draw(project, capsys, words):
    texts = [written(capsys, "--length", "60", *words, "--seed", seed)[0] for seed in "112"]
    assert texts[0] == texts[1] != texts[2]


def test_unseen_characters_of_a_prompt_are_told(project, capsys):
    _, told = written(capsys, "--prompt", "thé Cat", "--length", "5")
    assert "read as unknown, for train holds none: 'C', 'é'" in told


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--prompt", ""], "--prompt is empty"),
        (["--length", "0"], "--length is 0: it must be 1 or more"),
        (["--beam", "0"], "--beam is 0: it must be 1 or more"),
        (["--seed", "-1"], "--seed is -1: it must be 0 or more"),
        (["--top-k", "0"], "--top-k is 0: it must be 1 or more"),
        (["--top-p", "0"], "--top-p is 0.0: it must lie above 0"),
        (["--temperature", "-0.5"], "--temperature is -0.5: it must be 0"),
        (["--top-p", "1.5"], "--top-p is 1.5: it must lie above 0"),
        (["--replica", "9"], "has no replica of seed 9: valid: 1"),
    ],
)
def test_what_is_refused(project, capsys, words, message):
    with pytest.raises(Problem, match=message):
        written(capsys, *words)


def test_pieces_are_cut_to_the_length():
    assert list(cut(iter(["ab", "cde", "f"]), 4)) == ["ab", "cd"]


def test_as_a_command(project):
    words = [sys.executable, "-m", "stages.generate", "play", "ngramm"]
    path = {"PYTHONPATH": str(Path(__file__).parent.parent), "PATH": ""}
    run = subprocess.run(words, env=path, capture_output=True, text=True, check=False)
    assert run.returncode == 1 and "did you mean 'ngram'?" in run.stderr and "Traceback" not in run.stderr
    about = json.loads((project / "models/play/ngram/model.json").read_text())
    assert np.isfinite(about["size"])
