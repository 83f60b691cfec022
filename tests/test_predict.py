"""Labels for texts from saved models: formats, where texts come from, and what is refused in which words."""

import csv
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from stages import saved
from stages.classification.models import Texts
from stages.classification.params import Tokenizer
from stages.classification.saved import Saved
from stages.classification.tokenizing import fit
from stages.console import Problem
from stages.files import read_json, write_json
from stages.predict import columns, command_line, predict, shortened
from stages.saved import file_hashes

pytestmark = pytest.mark.xdist_group("keras")

PROJECT = Path(__file__).parent.parent
LABELS = ["bad", "good"]
TEXTS = ["a good film", "bad", "good good fun", "a dull bad film", "good"]
TARGETS = np.array([1, 0, 1, 0, 1])
MAXIMUM = 8
SMALL = {"embedding": 4, "units": 4}
PARAMETERS = {"majority": {}, "tfidf_logreg": {}, "lstm": SMALL, "attention": SMALL | {"heads": 2, "width": 4}}
NEURAL = ("lstm", "attention")


def write_model(folder: Path, name: str) -> None:
    """Write a model's folder as `train` does; the neural ones have the weights that they would start from."""
    module, tokenizer = Saved.model_file(name), fit(iter([TEXTS]), Tokenizer(maximum_length=MAXIMUM))
    parameters, seeds = module.Parameters(**PARAMETERS[name]), [1, 2] if name in NEURAL else [1]
    folder.mkdir(parents=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    for seed in seeds:
        (folder / f"seed-{seed}").mkdir()
        if name in NEURAL:
            classifier = started(module, parameters, tokenizer, seed)
        else:
            part = Texts(TEXTS, TARGETS, np.ones(len(TEXTS)))
            classifier = module.Model.fit(parameters, part, part, len(LABELS))
        classifier.save(folder / f"seed-{seed}")
    about = {"task": "classification", "dataset": "reviews", "model": name, "labels": LABELS, "seeds": seeds}
    about |= {"parameters": parameters.model_dump(mode="json"), "validation": [], "size": classifier.size()}
    write_json(
        folder / "model.json", about | {"code": Saved.code_hash(name), "files": file_hashes(folder)}, digits=None
    )


def started(module, parameters, tokenizer, seed: int, lengths: tuple[int, ...] = (MAXIMUM,)):
    import keras

    from stages.classification.neural import NeuralClassifier

    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    model = module.build(parameters, tokenizer.get_vocab_size(), len(LABELS))
    return NeuralClassifier(model, tokenizer, {"lengths": list(lengths), "batch_size": 4, "prior": [0.4, 0.6]})


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("predict")
    for name in PARAMETERS:
        write_model(folder / "models/reviews" / name, name)
    return folder


@pytest.fixture
def here(made, monkeypatch) -> Path:
    """The folder of the saved models, as the working directory; not to be changed."""
    monkeypatch.chdir(made)
    return made


@pytest.fixture
def copy(made, tmp_path, monkeypatch) -> Path:
    """The same for tests that change it."""
    shutil.copytree(made, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    return tmp_path / "copy/models/reviews"


@pytest.fixture
def ask(here, capsys):
    """Call `predict` as the command line does; return what it printed."""

    def call(*words: str) -> str:
        predict(**vars(command_line().parse_intermixed_args(words)))
        return capsys.readouterr().out

    return call


def refusal(*words: str) -> str:
    with pytest.raises(Problem) as problem:
        predict(**vars(command_line().parse_intermixed_args(words)))
    return str(problem.value)


def stdin(monkeypatch, content: bytes, terminal: bool = False) -> None:
    stream = SimpleNamespace(buffer=io.BytesIO(content), isatty=lambda: terminal)
    monkeypatch.setattr(sys, "stdin", stream)


def objects(out: str) -> list[dict]:
    return [json.loads(line) for line in out.split("\n")[:-1]]


def process(folder: Path, *words: str, **options) -> subprocess.CompletedProcess:
    environment = {"PYTHONPATH": str(PROJECT), "PATH": "", "HOME": str(folder)}
    command = [sys.executable, "-m", "stages.predict", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, **options)


def test_json_lines(ask):
    told = objects(ask("reviews", "majority", "fine", "naïve 映画", "--format", "jsonl"))
    shares = {"bad": 0.4, "good": 0.6}
    assert told[0] == {"text": "fine", "label": "good", "probabilities": shares}
    assert told[1]["text"] == "naïve 映画"


def test_csv_quotes_what_needs_it(ask):
    texts = ['He said "no", twice', "two\nlines", "plain"]
    out = ask("reviews", "majority", *texts, "--format", "csv")
    rows = list(csv.reader(io.StringIO(out)))
    assert rows[0] == ["text", "label", "probability.bad", "probability.good"]
    assert [row[0] for row in rows[1:]] == texts
    assert rows[3] == ["plain", "good", "0.4", "0.6"]


def test_csv_is_the_default_where_no_terminal_reads(ask):
    assert ask("reviews", "majority", "fine").startswith("text,label,probability.bad")


def test_a_table_is_aligned_and_shortens_texts(ask):
    lines = ask("reviews", "majority", "short", "word " * 30, "映画\x1b[31m", "--format", "table").splitlines()
    assert lines[0].split() == ["text", "label", "bad", "good"]
    assert "word…" in lines[2] or "wor…" in lines[2]
    assert "\x1b" not in lines[3]
    assert len({columns(line) for line in lines}) == 1
    assert len({columns(line[: line.index("0.400")]) for line in lines[1:]}) == 1


def test_shortened_texts_fit():
    for text in ("a" * 40, "a" * 41, "映" * 21, "e\u0301" * 60):
        assert columns(shortened(text)) <= 40
    assert shortened("a" * 40) == "a" * 40
    assert shortened("a\n b\tc") == "a b c"


def test_blank_lines_are_empty_texts(here, ask, monkeypatch, tmp_path):
    content = "\ufeffa good film\r\n\n caf\u00e9 \u2028 x".encode()
    (tmp_path / "texts.txt").write_bytes(content)
    from_file = ask("reviews", "lstm", "--file", str(tmp_path / "texts.txt"), "--format", "jsonl")
    assert [told["text"] for told in objects(from_file)] == ["a good film", "", " café \u2028 x"]
    assert objects(from_file)[1]["probabilities"] == {"bad": 0.4, "good": 0.6}
    for words in ((), ("--file", "-")):
        stdin(monkeypatch, content)
        assert ask("reviews", "lstm", *words, "--format", "jsonl") == from_file


def test_the_mean_over_seeds_or_one_of_them(ask):
    both, first, second = (
        objects(ask("reviews", "lstm", "a good film", "--format", "jsonl", *seed))[0]["probabilities"]["good"]
        for seed in ((), ("--seed", "1"), ("--seed", "2"))
    )
    assert first != second
    assert both == pytest.approx((first + second) / 2, abs=1e-5)


def test_the_same_question_gets_the_same_bytes(ask):
    words = ("reviews", "lstm", "a good film", "")
    assert ask(*words) == ask(*words)


def test_options_may_stand_between_the_words(ask):
    apart = ask("reviews", "--format", "jsonl", "majority", "one", "--seed", "1", "two")
    assert [told["text"] for told in objects(apart)] == ["one", "two"]


def test_attention_names_tokens_as_they_stand_in_the_text(ask):
    long = "Good " * MAXIMUM + "end end"
    told = objects(ask("reviews", "attention", "A GOOD zzz film!", "", long, "--attention"))
    tokens, weights = zip(*told[0]["attention"], strict=True)
    assert tokens == ("A", "GOOD", "zzz", "film", "!")
    assert sum(weights) == pytest.approx(1, abs=1e-5)
    assert told[1]["attention"] == []
    assert [token for token, _ in told[2]["attention"]] == ["Good"] * MAXIMUM


def test_attention_is_the_mean_over_seeds(ask):
    words = ("reviews", "attention", "a good film", "--attention")
    both, first, second = (
        [weight for _, weight in objects(ask(*words, *seed))[0]["attention"]]
        for seed in ((), ("--seed", "1"), ("--seed", "2"))
    )
    assert first != second
    np.testing.assert_allclose(both, np.mean([first, second], axis=0), atol=1e-5)


def test_attention_is_saved_and_gives_padding_none(here):
    opened = Saved(Path("models/reviews/attention"))
    module = Saved.model_file("attention")
    parameters, texts = module.Parameters(**PARAMETERS["attention"]), ["a good film", "", "bad", "a dull bad film " * 4]
    for seed, found in opened.attention(texts):
        before = started(module, parameters, opened.tokenizer, seed, (4, MAXIMUM)).attention(texts)  # in other buckets
        assert [weights.shape for weights in found] == [(3, 2), (0, 2), (1, 2), (MAXIMUM, 2)]
        for weights, same in zip(found, before, strict=True):
            np.testing.assert_allclose(weights, same, atol=1e-6)
            assert not len(weights) or np.allclose(weights.sum(axis=0), 1, atol=1e-5)


@pytest.mark.parametrize("model", ["lstm", "majority"])
def test_a_model_without_attention(here, model):
    assert not list(Saved(Path("models/reviews", model)).attention(["good"]))
    message = refusal("reviews", model, "good", "--attention")
    assert f"models/reviews/{model} has no attention" in message


def test_unknown_names_and_seeds(here):
    assert "no dataset 'reviws': did you mean 'reviews'?" in refusal("reviws", "lstm", "x")
    message = refusal("reviews", "lstmm", "x")
    assert "models/reviews has no model 'lstmm': did you mean 'lstm'?" in message
    assert "attention, lstm, majority" in message
    assert "dvc repro" in message
    assert refusal("reviews", "lstm", "x", "--seed", "3").endswith("no replica of seed 3: valid: 1, 2")
    assert "has no dataset '..'" in refusal("..", "lstm", "x")


def test_a_model_of_another_task(copy):
    about = read_json(copy / "majority/model.json")
    write_json(copy / "majority/model.json", about | {"task": "generation"})
    expected = "models/reviews/majority is a model of the task generation; this command is for classification"
    assert refusal("reviews", "majority", "x") == expected


def test_nothing_trained_yet(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "holds no trained model: run `dvc repro`" in refusal("reviews", "lstm", "x")


def test_other_code(copy, monkeypatch, tmp_path):
    about = read_json(copy / "majority/model.json")
    write_json(copy / "majority/model.json", {key: about[key] for key in about if key != "code"})
    expected = "models/reviews/majority was trained with other code than this: run `dvc repro`"
    assert refusal("reviews", "majority", "x") == expected
    code = tmp_path / "classification"
    shutil.copytree(saved.PACKAGES / "classification", code)
    monkeypatch.setattr(saved, "PACKAGES", tmp_path)
    Saved(copy / "lstm")
    (code / "models/cnn.py").write_text("# another model's file does not count\n")
    Saved(copy / "lstm")
    with (code / "models/lstm.py").open("a") as file:
        file.write("# changed\n")
    assert "trained with other code" in refusal("reviews", "lstm", "x")
    with (code / "layers.py").open("a") as file:
        file.write("# changed\n")
    assert "trained with other code" in refusal("reviews", "attention", "x")
    (code / "models/lstm.py").unlink()
    assert "no code for the model 'lstm'" in refusal("reviews", "lstm", "x")


def test_missing_and_damaged_files_are_named(copy):
    (copy / "lstm/seed-1/shapes.json").unlink()
    weights = copy / "lstm/seed-2/model.weights.h5"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    message = refusal("reviews", "lstm", "x")
    assert "missing: models/reviews/lstm/seed-1/shapes.json" in message
    assert "damaged: models/reviews/lstm/seed-2/model.weights.h5" in message
    assert "dvc repro" in message
    (copy / "majority/tokenizer.json").unlink()
    assert "missing: models/reviews/majority/tokenizer.json" in refusal("reviews", "majority", "x")


def test_a_damaged_model_json(copy):
    path = copy / "majority/model.json"
    about = read_json(path)
    for content, words in {
        "{": "is not valid JSON",
        "[]": "does not describe a model",
        json.dumps({key: about[key] for key in about if key != "labels"}): "it lacks labels",
        json.dumps(about | {"parameters": {"units": 1}}): "damaged in its parameters",
    }.items():
        path.write_text(content)
        assert words in refusal("reviews", "majority", "x")
    path.unlink()
    assert "models/reviews/majority/model.json is missing" in refusal("reviews", "majority", "x")


def test_texts_that_cannot_be_read(here, monkeypatch, tmp_path):
    stdin(monkeypatch, b"caf\xe9\n")
    assert "standard input is not UTF-8 text" in refusal("reviews", "majority")
    stdin(monkeypatch, b"")
    assert "standard input is empty" in refusal("reviews", "majority")
    assert "TEXT 2 is not UTF-8 text" in refusal("reviews", "majority", "a", "caf\udce9")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "no texts: give them as arguments, with --file, or on standard input"),
        (("x", "--file", "y"), "give texts or --file, not both"),
        (("x", "--attention", "--format", "csv"), "--attention goes with --format jsonl"),
    ],
)
def test_wrong_usage(here, monkeypatch, capsys, words, message):
    stdin(monkeypatch, b"", terminal=True)
    with pytest.raises(SystemExit) as ended:
        predict(**vars(command_line().parse_intermixed_args(("reviews", "lstm", *words))))
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert told.startswith("usage: python -m stages.predict")
    assert message in told


def test_as_a_command(made):
    run = process(made, "reviews", "majority", "--format", "table", input=b"good\n\n")
    assert (run.returncode, run.stderr) == (0, b"")
    assert run.stdout.decode().splitlines()[2].split() == ["good", "0.400", "0.600"]
    for words, message in {
        ("reviews", "none", "x"): b"error: models/reviews has no model 'none'",
        ("reviews", "majority", "--file", "nowhere.txt"): b"error: nowhere.txt: No such file or directory",
    }.items():
        run = process(made, *words)
        assert run.returncode == 1
        assert run.stderr.startswith(message)
        assert b"Traceback" not in run.stderr
    assert b"mean of the probabilities" in process(made, "--help").stdout


def test_a_reader_that_leaves_early_is_no_error(made):
    shell = f"{sys.executable} -m stages.predict reviews majority | /usr/bin/head -1"
    lines = b"good\n" * 50_000
    environment = {"PYTHONPATH": str(PROJECT)}
    run = subprocess.run(shell, shell=True, cwd=made, env=environment, input=lines, capture_output=True)
    assert run.stdout.startswith(b"text,label")
    assert run.stderr == b""


def test_a_baseline_imports_nothing_heavy(made):
    code = (
        "import sys; from stages.predict import *; predict('reviews', 'majority', ['x'], None, None, None, False);"
        "print({'keras', 'jax', 'sklearn', 'pandas', 'scipy'} & set(sys.modules))"
    )
    environment = {"PYTHONPATH": str(PROJECT)}
    run = subprocess.run([sys.executable, "-c", code], cwd=made, env=environment, capture_output=True, text=True)
    assert run.stdout.splitlines()[-1] == "set()", run.stderr
