import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from small_params import others

from stages.classification.params import Training
from stages.console import BadParameters, Problem
from stages.params import load
from stages.tasks import task_module
from tools.schema import PATH, schema

ROOT = Path(__file__).parents[1]
GOOD = (
    """\
seeds: [1, 2, 3]
parallel: {backend: loky, processes: -1}
datasets:
  wires:
    task: classification
    source:
      package: some-package==1.0
      sha256: HASH
      files:
        - path: train.tab
          sha256: HASH
          part: train
    reading: {text: Text}
    split: {validation: 0.1}
    tokenizer:
      unit: word
      vocabulary: 20000
  reviews:
    task: classification
    source: {path: reviews.csv}
    reading: {}
    split: {}
    tokenizer: {}
classification:
  datasets: [wires, reviews]
  training:
    epochs: 20
    batch_size: 64
  models:
    majority: {}
    lstm: {units: 8}
    cnn: {widths: [3, 4]}
"""
    + others("classification")
    + "evaluation:\n  bootstrap: 100\n"
).replace("HASH", "a" * 64)


def fails(tmp_path, content):
    """Return the lines of the message, without the file's name and the line that counts them."""
    path = tmp_path / "params.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(BadParameters) as caught:
        load(path)
    load.cache_clear()
    head, *lines = str(caught.value).replace(str(path), "P").split("\n")
    if lines:
        assert head == f"P has {len(lines)} error{'s' * (len(lines) > 1)}"
    return lines or [head]


def test_shipped_file_loads(monkeypatch):
    monkeypatch.chdir(ROOT)
    load.cache_clear()
    params = load()
    load.cache_clear()
    assert set(params.classification.datasets) <= set(params.datasets)
    assert set(params.classification.model_names()) >= {"cnn", "lstm", "majority", "tfidf_logreg"}


def test_good_file_has_defaults_and_is_frozen(tmp_path):
    path = tmp_path / "good.yaml"
    path.write_text(GOOD)
    params = load(path)
    assert params.seeds == (1, 2, 3)
    assert params.classification.model_names() == ["cnn", "lstm", "majority"]
    assert params.classification.model("lstm").units == 8
    assert params.classification.training.patience == 3
    assert params.dataset("reviews").split.test == 0.1
    with pytest.raises(ValueError, match="frozen"):
        params.seeds = (4,)


def test_dataset_that_is_not_there(tmp_path):
    path = tmp_path / "good.yaml"
    path.write_text(GOOD)
    with pytest.raises(BadParameters) as caught:
        load(path).dataset("wire")
    assert str(caught.value) == "params.yaml has no dataset 'wire': did you mean 'wires'? valid: reviews, wires"


def test_model_that_is_not_there(tmp_path):
    path = tmp_path / "good.yaml"
    path.write_text(GOOD)
    section = load(path).section("wires")
    for name in ("lstn", "transformer"):
        with pytest.raises(BadParameters, match=f"params.yaml names no model '{name}': .*valid: cnn, lstm, majority"):
            section.model(name)


def test_stage_that_a_task_does_without(monkeypatch):
    monkeypatch.chdir(ROOT)
    load.cache_clear()
    with pytest.raises(Problem, match="etth1 has the task forecasting, which has no tokenizing: its stages are in"):
        task_module("etth1", "tokenizing")
    load.cache_clear()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("unit: word", "unti: word", "P:16: datasets.wires.tokenizer.unti: unknown key; did you mean 'unit'?"),
        ("epochs: 20", "epoch: 20", "P:27: classification.training.epoch: unknown key; did you mean 'epochs'? valid:"),
        (
            "    lstm:",
            "    lsmt:",
            "P:31: classification.models.lsmt: unknown key; did you mean 'lstm'? valid: attention, ",
        ),
        ("units: 8", "unit: 8", "P:31: classification.models.lstm.unit: unknown key; did you mean 'units'? valid: "),
        ("unit: word", "unit: wrod", "P:16: datasets.wires.tokenizer.unit: found 'wrod'; did you mean 'word'? valid: "),
        ("part: train", "part: tran", "P:12: datasets.wires.source.files.0.part: found 'tran'; did you mean 'train'?"),
        ("backend: loky", "backend: loki", "P:2: parallel.backend: found 'loki'; did you mean 'loky'? valid: dask, "),
        ("batch_size: 64", "batch_size: -1", "P:28: classification.training.batch_size: Input should be greater than"),
        ("vocabulary: 20000", "vocabulary: x", "P:17: datasets.wires.tokenizer.vocabulary: Input should be a valid in"),
        ("[1, 2, 3]", "[1, 2, 1]", "P:1: seeds: given twice: 1 (found [1, 2, 1])"),
        ("[1, 2, 3]", "[1, -2]", "P:1: seeds.1: Input should be greater than or equal to 0 (found -2)"),
        ("[1, 2, 3]", "[]", "P:1: seeds: Tuple should have at least 1 item after validation, not 0 (found [])"),
        ("[1, 2, 3]", "", "P:1: seeds: must be a list (found None)"),
        (
            "[wires, reviews]",
            "[wires, review]",
            "P:25: classification.datasets.1: no dataset 'review' under datasets; ",
        ),
        ("[wires, reviews]", "[wires, wires]", "P:25: classification.datasets.1: dataset 'wires' is given twice"),
        ("[wires, reviews]", "[[wires]]", "P:25: classification.datasets.0: Input should be a valid string (found ["),
        ("[wires, reviews]", "[{a: 1}]", "P:25: classification.datasets.0: Input should be a valid string (found {"),
        ("[3, 4]", "[3, 0]", "P:32: classification.models.cnn.widths.1: Input should be greater than or equal to 1 (f"),
        ("majority: {}", "majority:", "P:30: classification.models.majority: must be a mapping (found None)"),
        ("package==1.0", "package", "P:7: datasets.wires.source.package: String should match pattern"),
        ("path: train.tab", "path: ../t", "P:10: datasets.wires.source.files.0.path: must be a path inside the arch"),
        ("path: train.tab", "path: /t", "P:10: datasets.wires.source.files.0.path: must be a path inside the archive"),
        ("{path: reviews.csv}", "{path: ''}", "P:20: datasets.reviews.source.path: String should have at least 1 cha"),
        ("{path: reviews.csv}", "{url: x}", "P:20: datasets.reviews.source.url: String should match pattern"),
        ("{path: reviews.csv}", "{file: x}", "P:20: datasets.reviews.source: a source has exactly one of the keys p"),
        (
            "{path: reviews.csv}",
            "{path: a, url: b}",
            "P:20: datasets.reviews.source: a source has exactly one of the k",
        ),
        ("part: train", "prt: train", "P:12: datasets.wires.source.files.0.prt: unknown key; did you mean 'part'? val"),
        ("  bootstrap: 100", "", "P:36: evaluation: must be a mapping (found None)"),
        ("validation: 0.1", "validation: 0.6", "P:14: datasets.wires.split.validation: Input should be less than 0.5 "),
    ],
)
def test_one_error(tmp_path, old, new, message):
    assert GOOD.count(old) == 1
    (line,) = fails(tmp_path, GOOD.replace(old, new))
    assert line.startswith(message)


def test_unknown_key_names_every_valid_one(tmp_path):
    (line,) = fails(tmp_path, GOOD.replace("epochs: 20", "epoch: 20"))
    assert line.partition("valid: ")[2] == ", ".join(sorted(Training.model_fields))


def test_model_without_a_file_names_those_with_one(tmp_path):
    (line,) = fails(tmp_path, GOOD.replace("    lstm:", "    transformer:"))
    assert line == "P:31: classification.models.transformer: unknown key; valid: " + ", ".join(
        sorted(path.stem for path in (ROOT / "stages/classification/models").glob("[a-z]*.py"))
    )


@pytest.mark.parametrize("name", ["mine/wires", "..", "a-b", "a b", "über", "_x"])
def test_dataset_name_that_is_no_name(tmp_path, name):
    content = GOOD.replace("  wires:", f"  '{name}':").replace("[wires, reviews]", "[reviews]")
    assert fails(tmp_path, content) == [
        f"P:4: datasets.{name}: a name may hold letters, digits and underscores only (found '{name}')"
    ]


def test_dataset_name_that_is_a_number(tmp_path):
    lines = fails(tmp_path, GOOD.replace("  wires:", "  2024:"))
    assert lines == [
        "P:4: datasets.2024: Input should be a valid string (found 2024)",
        "P:25: classification.datasets.0: no dataset 'wires' under datasets; valid: 2024, reviews",
    ]


def test_wrong_task(tmp_path):
    assert fails(tmp_path, GOOD.replace("    task: classification", "    task: clustering", 1)) == [
        "P:5: datasets.wires.task: found 'clustering'; valid: classification, forecasting, generation, seq2seq",
        "P:25: classification.datasets.0: dataset 'wires' has the task 'clustering', not 'classification'",
    ]


def test_all_errors_at_once_sorted_by_line(tmp_path):
    content = GOOD
    for old, new in [
        ("bootstrap: 100", "bootstrap: 1"),
        ("[wires, reviews]", "[reviews, nothing, reviews]"),
        ("[1, 2, 3]", "[1, x, 2.5]"),
        ("unit: word", "unit: 3"),
        ("    sha256: " + "a" * 64 + "\n      files", "    sha25: " + "a" * 64 + "\n      files"),
    ]:
        assert content.count(old) == 1
        content = content.replace(old, new)
    starts = [line.split(": ")[:2] for line in fails(tmp_path, content)]
    assert starts == [
        ["P:1", "seeds.1"],
        ["P:1", "seeds.2"],
        ["P:6", "datasets.wires.source.sha256"],  # missing: the line of what should hold it
        ["P:8", "datasets.wires.source.sha25"],
        ["P:16", "datasets.wires.tokenizer.unit"],
        ["P:25", "classification.datasets.1"],
        ["P:25", "classification.datasets.2"],
        ["P:37", "evaluation.bootstrap"],
    ]


def test_missing_section_and_no_model(tmp_path):
    assert fails(tmp_path, GOOD.replace("parallel: {backend: loky, processes: -1}\n", "")) == [
        "P:1: parallel: required, but missing"
    ]
    models = GOOD.partition("  models:")[0] + "  models: {}\n" + GOOD[GOOD.index("generation: ") :]
    (line,) = fails(tmp_path, models)
    assert line.startswith("P:24: classification: name at least one model (found {")


def test_null_sections(tmp_path):
    assert fails(tmp_path, "seeds: [1]\nparallel:\ndatasets:\nclassification:\nevaluation: {}\n") == [
        "P:1: generation: required, but missing",
        "P:1: forecasting: required, but missing",
        "P:1: seq2seq: required, but missing",
        "P:2: parallel: must be a mapping (found None)",
        "P:3: datasets: must be a mapping (found None)",
        "P:4: classification: must be a mapping (found None)",
    ]


def test_merged_keys_have_the_line_of_what_merges_them(tmp_path):
    content = GOOD.replace("    tokenizer:\n", "    tokenizer: &t\n").replace("unit: word", "unit: wrod")
    content = content.replace("    tokenizer: {}", "    tokenizer:\n      <<: *t\n      vocabulary: 1")
    assert [line.split(": ")[:2] for line in fails(tmp_path, content)] == [
        ["P:16", "datasets.wires.tokenizer.unit"],
        ["P:23", "datasets.reviews.tokenizer.unit"],
        ["P:25", "datasets.reviews.tokenizer.vocabulary"],
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "",
            "P must be a mapping with the keys seeds, parallel, datasets, classification, generation, forecasting, ",
        ),
        ("# only a comment\n", "P must be a mapping with the keys "),
        ("- a\n", "P must be a mapping with the keys "),
        ("text", "P must be a mapping with the keys "),
        ("seeds: [1, 2\nparallel: {}\n", "P:2: not valid YAML: expected ',' or ']'"),
        ("seeds: [1]\nparallel:\n\tbackend: loky\n", "P:3: not valid YAML: found character '\\t'"),
        ("seeds: [1]\nseeds: [2]\n", 'P:2: not valid YAML: found duplicate key "seeds"'),
        ("seeds: *x\n", "P:1: not valid YAML: found undefined alias 'x'"),
        ("seeds: [1]\n---\nseeds: [1]\n", "P:2: not valid YAML: but found another document"),
        ("seeds: [1]\x01\n", "P holds the control character U+0001: remove it"),
        ("seeds: é".encode("latin-1"), "P is not UTF-8 text: 'utf-8' codec can't decode byte 0xe9"),
    ],
)
def test_file_that_is_no_mapping(tmp_path, content, message):
    assert fails(tmp_path, content)[0].startswith(message)


def test_missing_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    load.cache_clear()
    with pytest.raises(BadParameters, match=r"^params\.yaml is missing in .*: run from the project's root$"):
        load()


def test_long_value_is_shortened(tmp_path):
    (line,) = fails(tmp_path, GOOD.replace("text: Text", f"text: [{'word, ' * 60}x]"))
    assert line.startswith("P:13: datasets.wires.reading.text: Input should be a valid string (found ['word', 'word',")
    assert line.endswith("…)")
    assert len(line) < 160


def test_command_exits_with_2_and_no_traceback(tmp_path):
    shutil.copytree(ROOT / "stages", tmp_path / "stages", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "params.yaml").write_text(GOOD.replace("[1, 2, 3]", "[1, 1]"))
    command = [sys.executable, "-m", "stages.check"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == "error: params.yaml has 1 error\nparams.yaml:1: seeds: given twice: 1 (found [1, 1])\n"
    assert done.stdout == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["params.yaml", "stages"]


def test_the_schema_for_editors_is_current_and_named():
    assert (ROOT / PATH).read_text(encoding="utf-8") == schema(), "run `make schema`"
    assert (ROOT / "params.yaml").read_text(encoding="utf-8").splitlines()[0].endswith(f"$schema={PATH}")
