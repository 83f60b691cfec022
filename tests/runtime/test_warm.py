"""Stages forked from a process that has imported what they need: each is what it would be if started anew."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stages.runtime.processes import LINUX
from stages.runtime.warm import ADDRESS, run_warm
from tests.project import PROJECT

WAIT = "while [ ! -s number ]; do sleep 0.05; done"
pytestmark = pytest.mark.skipif(not LINUX, reason="needs Linux")
TOLD = '''"""A stage that tells what it is."""

import os
import sys
from pathlib import Path
from time import sleep

from stages.runtime.command import run
from stages.runtime.errors import UserError


def main(word: str) -> None:
    """Tell it."""
    if word == "fail":
        raise UserError("as asked")
    if word == "sleep":
        Path("number").write_text(str(os.getpid()))
        sleep(60)
    place, mark, read = Path.cwd().name, os.environ.get("MARK"), sys.stdin.read()
    print(word, place, mark, "keras" in sys.modules, read, sys.argv[1:], sep="|")


if __name__ == "__main__":
    run(main)
'''


@pytest.fixture
def project(tmp_path):
    """Return a folder with a copy of the package, and a stage more."""
    folder = tmp_path / "project"
    folder.mkdir()
    subprocess.run(["cp", "-r", str(PROJECT / "stages"), str(folder)], check=True)
    (folder / "stages/told.py").write_text(TOLD)
    past = time.time() - 60
    for path in (folder / "stages").rglob("*.py"):
        os.utime(path, (past, past))
    return folder


def call(folder: Path, script: str) -> tuple[int, list[str]]:
    lines: list[str] = []
    words = script.replace("STAGE", f"{sys.executable} -m stages.told").replace("WAIT", WAIT)
    return run_warm(["sh", "-c", words], folder, os.environ, lines.append), lines


def test_a_stage_keeps_its_words_folder_environment_input_and_output(project):
    code, lines = call(project, "echo typed | MARK=here STAGE word")
    assert (code, lines) == (0, ["word|project|here|True|typed", "|['word']"])


def test_a_stage_keeps_its_exit_code(project):
    assert call(project, "STAGE fail 2>/dev/null")[0] == 1
    assert call(project, "STAGE sleep & WAIT; kill -9 $(cat number); wait $!")[0] == 137


def test_a_stage_ends_with_the_process_that_was_started_for_it(project):
    code, _ = call(project, "STAGE sleep & WAIT; kill -9 $!; wait $!; sleep 0.5")
    number = int((project / "number").read_text())
    assert code == 0
    with pytest.raises(ProcessLookupError):
        os.kill(number, signal.SIGKILL)


@pytest.mark.parametrize("change", ["touch stages/told.py", "cp -r stages ..; cd .."])
def test_code_that_was_edited_or_lies_elsewhere_is_started_in_the_usual_way(project, change):
    code, lines = call(project, f"STAGE first </dev/null; sleep 0.1; {change}; STAGE second </dev/null")
    assert code == 0 and "first|project|None|True|" in lines[0] and "|None|False|" in lines[1]


def test_without_a_server_stages_are_started_in_the_usual_way(project, monkeypatch):
    monkeypatch.setenv("RECUR_PLAIN", "1")
    assert "|None|False|" in call(project, "STAGE word </dev/null")[1][0]
    monkeypatch.delenv("RECUR_PLAIN")
    assert "|None|False|" in call(project, f"{ADDRESS}=/nowhere STAGE word </dev/null")[1][0]
