import importlib.util
import subprocess
import sys

import numpy as np
import pytest

from tools.bench import language, training
from tools.bench.__main__ import MEASUREMENTS, main


def test_an_unknown_measurement_is_named_with_the_valid_ones(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["pytorch", "speed"])
    told = capsys.readouterr().err
    assert stopped.value.code == 2
    assert "unknown: speed" in told
    assert f"valid: {', '.join(MEASUREMENTS)}" in told


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
        training.make_project(tmp_path / "project", "lstm", {"backend": "local", "processes": -1})


def test_language_models_need_the_pipelines_data_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for measure in (language.language_models, language.writing_speed):
        with pytest.raises(SystemExit, match="run `make repro` first"):
            measure()


def test_who_is_ahead_is_told_at_every_look(monkeypatch, capsys, tmp_path):
    curves = {"lstm": [5.0, 2.0], "gru": [3.0, 2.5], "gpt": [4.0, 3.0]}
    monkeypatch.setattr(language, "WINDOW", tmp_path)
    monkeypatch.setattr(
        language,
        "in_new_process",
        lambda _module, _function, name, seconds, **_: [
            {"seconds": float(seconds) * look, "steps": 9, "bits_per_character": bits}
            for look, bits in zip((0.5, 1.0), curves[name], strict=True)
        ],
    )
    main(["language_models", "--seconds", "10"])
    told = capsys.readouterr().out
    assert "lstm against gpt: behind at 5 s" in told
    assert "gru against gpt: ahead at every time" in told
    assert "     10.0    2.000   2.500   3.000" in told


@pytest.mark.xdist_group("keras")
def test_the_small_gpt_sees_nothing_of_what_comes_and_scores_every_token_once(monkeypatch):
    from tools.bench import gpt

    monkeypatch.setattr(gpt, "LAYERS", 1)
    model = gpt.build(7, seed=1)
    weights, scorer = [variable.value for variable in model.trainable_variables], gpt.Scorer(model, newline=1)
    ids = np.random.default_rng(0).integers(0, 7, 200)
    costs = scorer.token_nll_bits(ids, weights)
    assert costs.shape == (200,) and (costs > 0).all()
    changed = np.concatenate([ids[:150], (ids[150:] + 1) % 7])
    assert scorer.token_nll_bits(changed, weights)[:150] == pytest.approx(costs[:150], abs=1e-5)
    assert scorer.token_nll_bits(ids[:20], weights) == pytest.approx(costs[:20], abs=1e-5)
