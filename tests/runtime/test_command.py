"""Words become arguments, and errors are shown without a traceback."""

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
STAGE = '''
from stages.runtime.command import run
from stages.runtime.errors import ConfigError, UserError
from stages.runtime.progress import progress

def stage(kind: str, where: str) -> None:
    """Do what the test says.

    More.
    """
    if kind == "problem":
        raise UserError(f"{where}, row 3: no label: add one")
    if kind == "parameters":
        raise ConfigError("params.yaml:1: seeds: wrong")
    if kind == "file":
        open(where)
    if kind == "bug":
        raise KeyError(where)
    for _ in progress(range(3), desc="items"):
        pass
    print(kind, where)

if __name__ == "__main__":
    run(stage)
'''


@pytest.fixture
def stage(tmp_path):
    (tmp_path / "a_stage.py").write_text(STAGE)

    def call(*words):
        environment = {"PYTHONPATH": f"{tmp_path}:{PROJECT}", "PATH": "/usr/bin:/bin"}
        command = [sys.executable, "-m", "a_stage", *words]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        return done.returncode, done.stdout, done.stderr

    return call


def test_run(stage, tmp_path):
    assert stage("well", "here") == (0, "well here\n", "")  # and no progress bar where no terminal is
    assert stage("problem", "a.csv") == (1, "", "error: a.csv, row 3: no label: add one\n")
    assert stage("parameters", "") == (2, "", "error: params.yaml:1: seeds: wrong\n")
    assert stage("file", "not-there") == (1, "", "error: not-there: No such file or directory\n")
    assert stage("file", "data/own/a.csv") == (1, "", "error: data/own/a.csv: No such file or directory\n")
    (tmp_path / "data").mkdir()
    too_long = stage("file", "data/" + 300 * "a")[2]
    assert "File name too long" in too_long and "dvc repro" not in too_long
    message = "error: data/prepared/a/train.parquet: No such file or directory: run `dvc repro` first\n"
    assert stage("file", "data/prepared/a/train.parquet") == (1, "", message)


def test_run_shows_where_a_mistake_of_ours_lies(stage):
    code, _, error = stage("bug", "x")
    assert code == 1
    assert "Traceback" in error and "KeyError: 'x'" in error


def test_run_names_the_words_that_it_wants(stage):
    code, _, error = stage("well")
    assert code == 2
    assert error == (
        "Usage: python -m a_stage [OPTIONS] {kind} {where}\n"
        "Try 'python -m a_stage --help' for help.\n"
        "\n"
        "Error: Missing argument 'where'.\n"
    )
    code, usage, _ = stage("--help")
    assert code == 0 and "Do what the test says." in usage
