import importlib.util
import subprocess
import sys

import pytest

from tools.bench import training
from tools.bench.__main__ import MEASUREMENTS, main


def test_an_unknown_measurement_is_named_with_the_valid_ones(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["pytorch", "speed"])
    told = capsys.readouterr().err
    assert stopped.value.code == 2
    assert "unknown: speed" in told
    assert "valid: tokenize_speed, tokenize_memory, replicas, pytorch" in told


def test_every_measurement_says_in_a_line_what_it_measures():
    assert all(function.__doc__.splitlines()[0].endswith(".") for function in MEASUREMENTS.values())


def test_every_neural_classifier_is_measured():
    assert training.NEURAL == ["attention", "bilstm", "cnn", "cnn_lstm", "gru", "lstm", "rnn"]


def test_without_pytorch_the_measurement_says_how_to_install_it(monkeypatch, capsys):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    main(["pytorch"])
    assert "skipped: PyTorch is not installed" in capsys.readouterr().out
    assert "pip install --group bench" in training.NO_TORCH


def test_the_command_line_needs_neither_pytorch_nor_keras():
    code = "import sys, tools.bench.__main__; sys.exit(not {'torch', 'keras', 'jax'}.isdisjoint(sys.modules))"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_before_the_pipeline_has_run_it_says_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="run `make repro` first"):
        training.make_project(tmp_path / "project", "lstm", {"backend": "loky", "processes": -1})
