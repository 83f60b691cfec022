"""Labels for texts from saved models: formats, runs, attention, and what is refused in which words."""

import csv
import io
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from stages.app.common import TableFormat, TextSource, display_width
from stages.app.predict import label_texts, predict, token_weights
from stages.config.dataset import Dataset
from stages.config.paths import Paths
from stages.runtime.errors import UsageError, UserError
from stages.runtime.files import read_json, write_json
from stages.tasks.classification.modeling.saved import Saved
from stages.training import saved as saved_models
from tests.app.small import PROJECT, json_objects, make_project, run_program

pytestmark = pytest.mark.xdist_group("keras")

MAXIMUM = 8
SMALL = {"embedding": 4, "units": 4}
MODELS = {"majority": {}, "lstm": SMALL, "attention": SMALL | {"heads": 2, "width": 4}}
WORDS = ("fine film", "good fun", "dull", "awful bad film", "good", "bad thing", "great", "so so")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> Dataset:
    """A dataset with two labels, and models of one epoch; not to be changed."""
    rows = "".join(f"{WORDS[n % 8]} {n},{'bad' if n % 5 < 2 else 'good'}\n" for n in range(60))
    entry = {
        "tokenizer": {"maximum_length": MAXIMUM, "vectors": "none"},
        "split": {"validation": 0.2, "test": 0.2},
    }
    training = {"min_steps": 1, "epochs": 1, "batch_size": 8}
    root = tmp_path_factory.mktemp("project")
    return make_project(root, "classification", {"rows.csv": f"text,label\n{rows}"}, entry, MODELS, training, (1, 2))


@pytest.fixture
def ask(dataset, capsys):
    """Call `predict`; return what it printed."""

    def call(model: str, *texts: str, **options) -> str:
        predict(dataset.paths, "mine", model, TextSource(texts), **options)
        return capsys.readouterr().out

    return call


@pytest.fixture
def saved(dataset):
    """Open a saved model by its name."""
    return lambda model: Saved(dataset.model(model))


def good(text: str) -> float:
    """Return the probability of the label `good` in JSON Lines of one text."""
    return json_objects(text)[0]["probabilities"]["good"]


def test_json_lines(ask):
    rows = json_objects(ask("majority", "fine", "naïve 映画", output_format=TableFormat.JSONL))
    assert list(rows[0]) == ["text", "label", "probabilities"] and rows[0]["label"] == "good"
    assert list(rows[0]["probabilities"]) == ["bad", "good"] and sum(rows[0]["probabilities"].values()) == 1
    assert rows[1]["text"] == "naïve 映画"


def test_csv_quotes_what_needs_it_and_is_the_default_where_no_terminal_reads(ask):
    texts = ['He said "no", twice', "two\nlines", "plain"]
    output = ask("majority", *texts)
    assert output == ask("majority", *texts, output_format=TableFormat.CSV)
    rows = list(csv.reader(io.StringIO(output)))
    assert rows[0] == ["text", "label", "probability.bad", "probability.good"]
    assert [row[0] for row in rows[1:]] == texts and rows[3][1] == "good"


def test_a_table_is_aligned_and_shortens_texts(ask):
    lines = ask("majority", "short", "word " * 30, "映画\x1b[31m", output_format=TableFormat.TABLE).splitlines()
    assert lines[0].split() == ["text", "label", "bad", "good"]
    assert "word…" in lines[2] or "wor…" in lines[2]
    assert "\x1b" not in lines[3]
    assert len({display_width(line) for line in lines}) == 1
    assert len({display_width(line[: line.index("0.")]) for line in lines[1:]}) == 1


def test_a_blank_text_gets_the_shares_of_the_classes(saved):
    (row,) = label_texts(saved("lstm"), [""], [1, 2])
    train = label_texts(saved("majority"), [""], [1])[0]["probabilities"]
    assert row["probabilities"] == pytest.approx(train, abs=1e-5)


def test_the_mean_over_runs_or_one_of_them(ask):
    options = {"output_format": TableFormat.JSONL}
    mean, first, second = (good(ask("lstm", "a good film", seed=seed, **options)) for seed in (None, 1, 2))
    assert first != second
    assert mean == pytest.approx((first + second) / 2, abs=1e-5)


def test_the_same_question_gets_the_same_bytes(ask):
    assert ask("lstm", "a good film", "") == ask("lstm", "a good film", "")


def test_attention_names_tokens_as_they_stand_in_the_text(ask):
    long = "Good " * MAXIMUM + "end end"
    rows = json_objects(ask("attention", "A GOOD zzz film!", "", long, attention=True))
    tokens, weights = zip(*rows[0]["attention"], strict=True)
    assert tokens == ("A", "GOOD", "zzz", "film", "!")
    assert sum(weights) == pytest.approx(1, abs=1e-5)
    assert rows[1]["attention"] == []
    assert [token for token, _ in rows[2]["attention"]] == ["Good"] * MAXIMUM


def test_attention_is_the_mean_over_runs(saved):
    mean, first, second = (
        [weight for _, weight in token_weights(saved("attention"), ["a good film"], seeds)[0]]
        for seeds in ([1, 2], [1], [2])
    )
    assert first != second
    np.testing.assert_allclose(mean, np.mean([first, second], axis=0), atol=1e-5)


def test_padding_gets_no_attention(saved):
    texts = ["a good film", "", "bad", "a dull bad film " * 4]
    for _, of_seed in saved("attention").attention(texts):
        assert [weights.shape for weights in of_seed] == [(3, 2), (0, 2), (1, 2), (MAXIMUM, 2)]
        assert all(not len(weights) or np.allclose(weights.sum(axis=0), 1, atol=1e-5) for weights in of_seed)


@pytest.mark.parametrize("model", ["lstm", "majority"])
def test_a_model_without_attention(ask, saved, model):
    assert not list(saved(model).attention(["good"]))
    with pytest.raises(UserError, match=f"{model} has no attention to show: leave --attention out"):
        ask(model, "good", attention=True)


def test_attention_goes_with_json_lines(ask):
    with pytest.raises(UsageError, match="--attention goes with --format jsonl"):
        ask("lstm", "x", attention=True, output_format=TableFormat.CSV)


def test_a_seed_that_the_model_was_not_trained_with(ask):
    with pytest.raises(UserError, match="models/mine/lstm has no run with seed 3: valid: 1, 2"):
        ask("lstm", "x", seed=3)


@pytest.fixture
def refusal(dataset, tmp_path):
    """Change a copy of the models by a function of their folder; return why `predict` refuses one."""
    shutil.copytree(dataset.paths.models, tmp_path / "models")

    def call(model: str, change=lambda folder: None) -> str:
        change(tmp_path / "models/mine")
        with pytest.raises(UserError) as error:
            predict(Paths(tmp_path), "mine", model, TextSource(["x"]))
        return str(error.value)

    return call


def test_a_model_of_another_task(refusal):
    def change(folder):
        path = folder / "majority/model.json"
        write_json(path, read_json(path) | {"task": "generation"})

    message = refusal("majority", change)
    assert "mine/majority is a model of the task generation; this command is for classification" in message


def test_other_code(refusal, monkeypatch, tmp_path):
    path = tmp_path / "models/mine/majority/model.json"
    metadata = read_json(path)
    write_json(path, {key: metadata[key] for key in metadata if key != "code"})
    assert "majority was trained with other code than this: run `dvc repro`" in refusal("majority")
    code = tmp_path / "stages"
    for folder in ("nn", "tasks/classification/modeling", "models/classification"):
        shutil.copytree(saved_models.SOURCES / folder, code / folder)
    monkeypatch.setattr(saved_models, "SOURCES", code)
    real = saved_models.model_module

    def module_of_the_copy(task: str, model: str):
        module = real(task, model)
        monkeypatch.setattr(module, "__file__", str(code / "models" / task / f"{model}.py"))
        return module

    monkeypatch.setattr(saved_models, "model_module", module_of_the_copy)
    lstm = tmp_path / "models/mine/lstm"
    Saved(lstm)
    (code / "models/classification/cnn.py").write_text("# another model's file does not count\n")
    Saved(lstm)
    with (code / "models/classification/lstm.py").open("a") as file:
        file.write("# changed\n")
    assert "trained with other code" in refusal("lstm")
    with (code / "tasks/classification/modeling/layers.py").open("a") as file:
        file.write("# changed\n")
    assert "trained with other code" in refusal("attention")
    (code / "models/classification/lstm.py").unlink()
    assert "no code for the model 'lstm'" in refusal("lstm")


def test_missing_and_damaged_files_are_named(refusal):
    def change(folder):
        (folder / "lstm/seed-1/shapes.json").unlink()
        weights = folder / "lstm/seed-2/model.weights.h5"
        weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
        (folder / "majority/tokenizer.json").unlink()

    message = refusal("lstm", change)
    missing, _, damaged = message.partition("damaged: ")
    assert "missing: " in missing and "models/mine/lstm/seed-1/shapes.json" in missing
    assert "models/mine/lstm/seed-2/model.weights.h5" in damaged and "dvc repro" in damaged
    assert "models/mine/majority/tokenizer.json" in refusal("majority", lambda folder: None)


def test_a_damaged_model_json(refusal, tmp_path):
    path = tmp_path / "models/mine/majority/model.json"
    metadata = read_json(path)
    for content, words in {
        "{": "is not valid JSON",
        "[]": "does not describe a model",
        json.dumps({key: metadata[key] for key in metadata if key != "labels"}): "it lacks labels",
        json.dumps(metadata | {"parameters": {"units": 1}}): "damaged in its parameters",
    }.items():
        path.write_text(content)
        assert words in refusal("majority")
    path.unlink()
    assert "models/mine/majority/model.json is missing" in refusal("majority")


def test_as_a_command(dataset):
    root = dataset.paths.root
    run = run_program(root, "predict", "mine", "majority", "--format", "table", stdin=b"good\n\n")
    assert (run.returncode, run.stderr) == (0, b"")
    assert run.stdout.decode().splitlines()[2].split()[0] == "good"
    for words, message in {
        ("none", "x"): b"error: models/mine has no model 'none'",
        ("majority", "--file", "nowhere.txt"): b"error: nowhere.txt: No such file or directory",
    }.items():
        run = run_program(root, "predict", "mine", *words)
        assert run.returncode == 1
        assert run.stderr.startswith(message)
        assert b"Traceback" not in run.stderr


def test_a_reader_that_leaves_early_is_no_error(dataset):
    shell = f"{sys.executable} -m stages.app predict mine majority | /usr/bin/head -1"
    options = {"cwd": dataset.paths.root, "env": {"PYTHONPATH": str(PROJECT)}, "input": b"good\n" * 50_000}
    run = subprocess.run(shell, shell=True, capture_output=True, check=False, **options)
    assert run.stdout.startswith(b"text,label")
    assert run.stderr == b""


def test_a_baseline_imports_nothing_heavy(dataset):
    code = (
        "import sys; from stages.app.predict import *; predict(Paths(), 'mine', 'majority', TextSource(['x']));"
        "print({'keras', 'jax', 'sklearn', 'pandas', 'scipy'} & set(sys.modules))"
    )
    options = {"cwd": dataset.paths.root, "env": {"PYTHONPATH": str(PROJECT)}, "text": True}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, **options)
    assert run.stdout.splitlines()[-1] == "set()", run.stderr
