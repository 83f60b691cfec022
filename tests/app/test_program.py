"""The words and options of `recur`: what they mean to the functions that do the work."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from stages.app.common import NestedFormat, TableFormat, TextSource
from stages.app.program import program
from stages.config.paths import Paths
from stages.tasks.generation.sampling import Strategy
from tests.app.small import PROJECT, run_program

COMMANDS = (
    "try",
    "run",
    "predict",
    "generate",
    "forecast",
    "translate",
    "transcribe",
    "describe",
    "detect",
    "ask",
    "chat",
    "backtest",
    "add",
)


@pytest.fixture
def call(monkeypatch):
    """Run the program with some words; return the arguments that the command's function gets."""

    def run(command: str, *words: str) -> tuple[object, ...]:
        calls: list[tuple[object, ...]] = []
        monkeypatch.setattr(f"stages.app.{command}.{command}", lambda *arguments: calls.append(arguments))
        result = CliRunner().invoke(program, [command, *words])
        assert result.exit_code == 0, result.output
        (arguments,) = calls
        return arguments

    return run


def test_help_lists_all_commands_and_waits_for_nothing(tmp_path):
    run = run_program(tmp_path, "--help")
    assert run.returncode == 0
    assert [line.split()[0] for line in run.stdout.decode().partition("Commands:\n")[2].splitlines()] == list(COMMANDS)
    code = "import sys; import stages.app.program; print(*sorted(module for module in sys.modules))"
    options = {"cwd": PROJECT, "capture_output": True, "text": True, "check": True}
    modules = subprocess.run([sys.executable, "-c", code], **options).stdout.split()
    assert not {"numpy", "pandas", "pydantic", "keras", "jax", "rich"} & set(modules)


def test_help_takes_less_than_half_a_second(tmp_path):
    def cpu_seconds() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    began = cpu_seconds()
    run_program(tmp_path, "--help")
    assert cpu_seconds() - began < 0.5


def test_version():
    assert CliRunner().invoke(program, ["--version"]).output.startswith("recur")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_has_a_help_text(command):
    result = CliRunner().invoke(program, [command, "--help"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    lines = result.output.partition("Options:\n")[2].partition("\n\n")[0].splitlines()
    assert all("  " in line.strip() for line in lines if line.strip().startswith("--"))


def test_predict(call):
    words = ("reviews", "--format", "jsonl", "lstm", "one", "--seed", "1", "two", "--attention", "--", "-three")
    source = TextSource(["one", "two", "-three"])
    assert call("predict", *words) == (Paths(), "reviews", "lstm", source, TableFormat.JSONL, 1, True)
    assert call("predict", "reviews", "lstm", "--file", "-") == (
        *(Paths(), "reviews", "lstm", TextSource([], "-")),
        *(None, None, False),
    )


def test_generate(call):
    assert call("generate", "play", "gru") == (
        *(Paths(), "play", "gru", "\n", Strategy(0.8), 500),
        *(0, None, None, False),
    )
    words = "--prompt A --temperature 0.5 --top-k 3 --top-p 0.9 --beam 2 --length 9 --seed 7 --replica 1 --stream"
    assert call("generate", "play", "gru", *words.split()) == (
        *(Paths(), "play", "gru", "A", Strategy(0.5, 3, 0.9), 9),
        *(7, 2, 1, True),
    )


def test_forecast(call):
    assert call("forecast", "mine", "gru") == (Paths(), "mine", "gru", None, TableFormat.TABLE, None)
    words = ("--from", "new.csv", "--format", "csv", "--output", "out.csv")
    assert call("forecast", "mine", "gru", *words) == (
        *(Paths(), "mine", "gru", Path("new.csv")),
        *(TableFormat.CSV, Path("out.csv")),
    )


def test_translate(call):
    assert call("translate", "said", "luong", "a") == (
        *(Paths(), "said", "luong", TextSource(["a"])),
        *(5, 1, 1.0, False, None, None),
    )
    words = "a --beam 3 --best 2 --length-penalty 0.5 --alignments --format table --seed 4"
    assert call("translate", "said", "luong", *words.split()) == (
        *(Paths(), "said", "luong", TextSource(["a"])),
        *(3, 2, 0.5, True, NestedFormat.TABLE, 4),
    )


def test_chat(call):
    assert call("chat", "mine", "luong", "--beam", "1") == (Paths(), "mine", "luong", 1, None)


def test_ask(call):
    _, *names, questions, source, output_format, seed = call("ask", "mine", "gru", "Who?", "Where?", "--file", "-")
    assert names == ["mine", "gru"] and questions == ["Who?", "Where?"]
    assert (source, output_format, seed) == (TextSource([], "-"), None, None)


def test_backtest(call):
    assert call("backtest", "mine", "linear") == (Paths(), "mine", "linear", 3, False)
    assert call("backtest", "mine", "linear", "--cutoffs", "4", "--refit")[3:] == (4, True)


def test_add(call, monkeypatch):
    assert call("add", "my.csv") == (Paths(), "my.csv", None, None, {}, False)
    words = "my.csv --name a --task b --label l --values v --values w --season 7 -S split.test=0.2 --dry-run"
    given = {"reading.label": "l", "reading.values": ["v", "w"], "window.season": 7, "split.test": 0.2}
    assert call("add", *words.split()) == (Paths(), "my.csv", "a", "b", given, True)
    removed = []
    monkeypatch.setattr("stages.app.remove.remove_dataset", lambda *arguments: removed.append(arguments))
    assert CliRunner().invoke(program, ["add", "--remove", "my"]).exit_code == 0
    assert removed == [(Paths(), "my")]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("predict", "reviews"), "Missing argument 'MODEL'"),
        (("predict", "reviews", "lstm", "x", "--format", "xml"), "Invalid value for '--format'"),
        (("predict", "reviews", "lstm", "x", "--file", "y"), "error: give texts or --file, not both"),
        (("forecast", "mine", "gru", "--form", "csv"), "No such option: --form"),
        (("add",), "error: give the data, or --remove and the name of a dataset"),
        (("add", "x.csv", "-S", "split.test"), "error: 'split.test' is no KEY=VALUE"),
        (("prdict",), "No such command 'prdict'"),
    ],
)
def test_wrong_usage(tmp_path, words, message):
    run = run_program(tmp_path, *words)
    assert run.returncode == 2
    assert message in run.stderr.decode()
    assert b"Traceback" not in run.stderr
