"""params.yaml → typed parameters, or every error at once with file, line, key, what is there and what is valid."""

from pathlib import Path
from typing import Literal

import pytest
from pydantic import Field

from stages.config.loader import load
from stages.config.schema import Frozen, ModelConfig, ModelsConfig, Name, NeuralConfig, TaskSection, TrainingConfig
from stages.config.sources import DatasetConfig
from stages.runtime.errors import ConfigError


class Reading(Frozen):
    text: str = "text"


class SplitConfig(Frozen):
    validation: float = Field(default=0.1, gt=0, lt=0.5)
    test: float = Field(default=0.1, gt=0, lt=0.5)


class TokenizerConfig(Frozen):
    unit: Literal["word", "bpe", "character"] = "word"
    vocabulary: int = Field(default=20_000, ge=3)


class TextDataset(DatasetConfig):
    reading: Reading = Reading()
    split: SplitConfig = SplitConfig()
    tokenizer: TokenizerConfig = TokenizerConfig()


class Training(TrainingConfig):
    epochs: int = Field(default=20, ge=1)
    batch_size: int = Field(default=64, ge=1)


class Lstm(NeuralConfig):
    units: int = Field(default=128, ge=1)


class Cnn(NeuralConfig):
    widths: tuple[int, ...] = (3, 4, 5)


class Models(ModelsConfig):
    majority: ModelConfig = Field(default=None, validate_default=False)
    lstm: Lstm = Field(default=None, validate_default=False)
    cnn: Cnn = Field(default=None, validate_default=False)


class Texts(TaskSection):
    datasets: dict[Name, TextDataset] = Field(default_factory=dict)
    training: Training = Training()
    models: Models = Models()


SECTIONS = {"texts": Texts, "others": Texts}
GOOD = """\
seeds: [1, 2, 3]
parallel: {backend: local, processes: -1}
texts:
  datasets:
    wires:
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
      source: {path: reviews.csv}
  training:
    epochs: 20
    batch_size: 64
  models:
    majority: {}
    lstm: {units: 8}
    cnn: {widths: [3, 4]}
evaluation:
  confidence: 0.9
""".replace("HASH", "a" * 64)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "params.yaml"


def fails(path: Path, content: str | bytes) -> list[str]:
    """Return the lines of the message, without the file's name and the line that counts them."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigError) as caught:
        load(path, SECTIONS)
    head, *lines = str(caught.value).replace(str(path), "P").split("\n")
    if lines:
        assert head == f"P has {len(lines)} error{'s' * (len(lines) > 1)}"
    return lines or [head]


def replaced(*changes: tuple[str, str]) -> str:
    content = GOOD
    for old, new in changes:
        assert content.count(old) == 1, old
        content = content.replace(old, new)
    return content


def test_good_file_has_defaults_and_is_frozen(path):
    path.write_text(GOOD)
    params = load(path, SECTIONS)
    texts = params.sections()["texts"]
    assert params.seeds == params.seeds_of("texts") == (1, 2, 3)
    assert texts.model_names() == ["cnn", "lstm", "majority"]
    assert texts.model("lstm").units == 8 and texts.model("cnn").learning_rate == 0.002
    assert texts.training.patience == 3 and params.evaluation.confidence == 0.9
    assert texts.datasets["reviews"].split.test == 0.1
    with pytest.raises(ValueError, match="frozen"):
        params.seeds = (4,)


def test_sections_that_are_left_out_are_empty(path):
    path.write_text("seeds: [1]\n")
    params = load(path, SECTIONS)
    assert params.parallel.backend == "local" and params.evaluation.confidence == 0.95
    for section in params.sections().values():
        assert section.datasets == {} and section.model_names() == []


def test_a_section_has_seeds_of_its_own(path):
    path.write_text("seeds: [1, 2]\nothers: {seeds: [7]}\n")
    params = load(path, SECTIONS)
    assert params.seeds_of("texts") == (1, 2) and params.seeds_of("others") == (7,)


def test_models_without_datasets_are_fine_and_datasets_without_models_are_not(path):
    path.write_text("texts: {models: {majority: {}}}\n")
    assert load(path, SECTIONS).sections()["texts"].model_names() == ["majority"]
    (line,) = fails(path, "seeds: [1]\ntexts: {datasets: {mine: {source: {path: a}}}}\n")
    assert line.startswith("P:2: texts: there are datasets, but no models: name at least one")


def test_model_that_is_not_there(path):
    path.write_text(GOOD)
    section = load(path, SECTIONS).sections()["texts"]
    for name in ("lstn", "transformer"):
        with pytest.raises(ConfigError, match=f"params.yaml names no model '{name}': .*valid: cnn, lstm, majority"):
            section.model(name)


WIRES, REVIEWS = "texts.datasets.wires", "texts.datasets.reviews"
KINDS = f"{REVIEWS}.source: a source has exactly one of the keys package, packages, path, url and generator (found "
INSIDE = f"P:10: {WIRES}.source.files.0.path: must be a path inside the archive, without '..' and not absolute (found "


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("unit: word", "unti: word", f"P:16: {WIRES}.tokenizer.unti: unknown key; did you mean 'unit'? valid: unit, "),
        ("unit: word", "unit: wrod", f"P:16: {WIRES}.tokenizer.unit: found 'wrod'; did you mean 'word'? valid: bpe, "),
        ("vocabulary: 20000", "vocabulary: x", f"P:17: {WIRES}.tokenizer.vocabulary: Input should be a valid integer"),
        ("part: train", "part: tran", f"P:12: {WIRES}.source.files.0.part: found 'tran'; did you mean 'train'? valid"),
        ("part: train", "prt: train", f"P:12: {WIRES}.source.files.0.prt: unknown key; did you mean 'part'? valid: "),
        ("validation: 0.1", "validation: 0.6", f"P:14: {WIRES}.split.validation: Input should be less than 0.5 (found"),
        ("package==1.0", "package", f"P:7: {WIRES}.source.package: String should match pattern"),
        ("path: train.tab", "path: ../t", f"{INSIDE}'../t')"),
        ("path: train.tab", "path: /t", f"{INSIDE}'/t')"),
        ("{path: reviews.csv}", "{path: ''}", f"P:19: {REVIEWS}.source.path: String should have at least 1 character"),
        ("{path: reviews.csv}", "{url: x}", f"P:19: {REVIEWS}.source.url: String should match pattern"),
        ("{path: reviews.csv}", "{file: x}", f"P:19: {KINDS}{{'file': 'x'}})"),
        ("{path: reviews.csv}", "{path: a, url: b}", f"P:19: {KINDS}{{'path': 'a', 'url': 'b'}})"),
        ("source: {path: reviews.csv}", "reading: {}", f"P:18: {REVIEWS}.source: required, but missing"),
        ("{path: reviews.csv}", "{path: a}\n      task: x", f"P:20: {REVIEWS}.task: unknown key; valid: reading, "),
        (
            "epochs: 20",
            "epoch: 20",
            "P:21: texts.training.epoch: unknown key; did you mean 'epochs'? valid: ",
        ),
        ("batch_size: 64", "batch_size: -1", "P:22: texts.training.batch_size: Input should be greater than or equal "),
        (
            "    lstm:",
            "    lsmt:",
            "P:25: texts.models.lsmt: unknown key; did you mean 'lstm'? valid: cnn, ",
        ),
        (
            "units: 8",
            "unit: 8",
            "P:25: texts.models.lstm.unit: unknown key; did you mean 'units'? valid: ",
        ),
        ("[3, 4]", "[3, a]", "P:26: texts.models.cnn.widths.1: Input should be a valid integer"),
        ("majority: {}", "majority:", "P:24: texts.models.majority: must be a mapping (found None)"),
        ("backend: local", "backend: locl", "P:2: parallel.backend: found 'locl'; did you mean 'local'? valid: dask, "),
        ("[1, 2, 3]", "[1, 2, 1]", "P:1: seeds: given twice: 1 (found [1, 2, 1])"),
        ("[1, 2, 3]", "[1, -2]", "P:1: seeds.1: Input should be greater than or equal to 0 (found -2)"),
        ("[1, 2, 3]", "[]", "P:1: seeds: Tuple should have at least 1 item after validation, not 0 (found [])"),
        ("[1, 2, 3]", "", "P:1: seeds: must be a list (found None)"),
        ("  confidence: 0.9", "", "P:27: evaluation: must be a mapping (found None)"),
        (
            "evaluation:",
            "evaluations:",
            "P:27: evaluations: unknown key; did you mean 'evaluation'? valid: ",
        ),
    ],
)
def test_one_error(path, old, new, message):
    (line,) = fails(path, replaced((old, new)))
    assert line.startswith(message)


def test_unknown_key_names_every_valid_one(path):
    (line,) = fails(path, replaced(("epochs: 20", "epoch: 20")))
    assert line.partition("valid: ")[2] == ", ".join(sorted(Training.model_fields))


@pytest.mark.parametrize("name", ["mine/wires", "..", "a-b", "a b", "über", "_x"])
def test_dataset_name_that_is_no_name(path, name):
    assert fails(path, replaced(("    wires:", f"    '{name}':"))) == [
        f"P:5: texts.datasets.{name}: a name may hold letters, digits and underscores only (found '{name}')"
    ]


def test_dataset_name_that_is_a_number(path):
    assert fails(path, replaced(("    wires:", "    2024:"))) == [
        "P:5: texts.datasets.2024: Input should be a valid string (found 2024)"
    ]


def test_two_tasks_have_no_dataset_of_one_name(path):
    content = replaced(
        ("evaluation:", "others:\n  datasets: {wires: {source: {path: a}}}\n  models: {majority: {}}\nevaluation:")
    )
    assert fails(path, content) == [
        "P:28: others.datasets.wires: texts.datasets has a dataset of that name: rename one"
    ]


@pytest.mark.parametrize(
    "content",
    [
        "seeds: [1]\ndatasets:\n  mine: {task: texts, source: {path: a}}\ntexts: {datasets: [mine]}\n",
        "datasets:\n  mine: {task: texts, source: {path: a}}\n",
        "texts: {datasets: [mine], models: {majority: {}}}\n",
    ],
)
def test_an_old_file_is_told_how_to_convert_it(path, content):
    path.write_text(content)
    with pytest.raises(ConfigError) as caught:
        load(path, SECTIONS)
    head, *steps = str(caught.value).split("\n")
    assert head.startswith(f"{path} is of the old style") and head.endswith("Convert it:")
    assert "`<task>.datasets.<name>`, without its key `task`" in steps[0]
    assert "averaging → ema_decay" in str(caught.value)


def test_all_errors_at_once_sorted_by_line(path):
    content = replaced(
        ("confidence: 0.9", "confidence: 1"),
        ("[3, 4]", "[3, a, b]"),
        ("[1, 2, 3]", "[1, x, 2.5]"),
        ("unit: word", "unit: 3"),
        (f"sha256: {'a' * 64}\n        files", f"sha25: {'a' * 64}\n        files"),
    )
    assert [line.split(": ")[:2] for line in fails(path, content)] == [
        ["P:1", "seeds.1"],
        ["P:1", "seeds.2"],
        ["P:6", f"{WIRES}.source.sha256"],  # missing: the line of what should hold it
        ["P:8", f"{WIRES}.source.sha25"],
        ["P:16", f"{WIRES}.tokenizer.unit"],
        ["P:26", "texts.models.cnn.widths.1"],
        ["P:26", "texts.models.cnn.widths.2"],
        ["P:28", "evaluation.confidence"],
    ]


def test_null_sections(path):
    assert fails(path, "seeds: [1]\nparallel:\ntexts:\n  datasets:\n  models: {}\nothers:\n") == [
        "P:2: parallel: must be a mapping (found None)",
        "P:4: texts.datasets: must be a mapping (found None)",
        "P:6: others: must be a mapping (found None)",
    ]


def test_merged_keys_have_the_line_of_what_merges_them(path):
    content = replaced(("      tokenizer:\n", "      tokenizer: &t\n"), ("unit: word", "unit: wrod")).replace(
        "      source: {path: reviews.csv}",
        "      source: {path: reviews.csv}\n      tokenizer:\n        <<: *t\n        vocabulary: 1",
    )
    assert [line.split(": ")[:2] for line in fails(path, content)] == [
        ["P:16", f"{WIRES}.tokenizer.unit"],
        ["P:20", f"{REVIEWS}.tokenizer.unit"],
        ["P:22", f"{REVIEWS}.tokenizer.vocabulary"],
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "P must be a mapping, with a section for each task"),
        ("# only a comment\n", "P must be a mapping"),
        ("- a\n", "P must be a mapping"),
        ("text", "P must be a mapping"),
        ("seeds: [1, 2\nparallel: {}\n", "P:2: not valid YAML: expected ',' or ']'"),
        ("seeds: [1]\nparallel:\n\tbackend: local\n", "P:3: not valid YAML: found character '\\t'"),
        ("seeds: [1]\nseeds: [2]\n", 'P:2: not valid YAML: found duplicate key "seeds"'),
        ("seeds: *x\n", "P:1: not valid YAML: found undefined alias 'x'"),
        ("seeds: [1]\n---\nseeds: [1]\n", "P:2: not valid YAML: but found another document"),
        ("seeds: [1]\x01\n", "P holds the control character U+0001: remove it"),
        ("seeds: é".encode("latin-1"), "P is not UTF-8 text: 'utf-8' codec can't decode byte 0xe9"),
    ],
)
def test_file_that_is_no_mapping(path, content, message):
    assert fails(path, content)[0].startswith(message)


@pytest.mark.parametrize("content", ["texts: []\n", "texts: text\n", "texts: {datasets: 3, models: {majority: {}}}\n"])
def test_sections_of_other_types_are_no_crash(path, content):
    (line,) = fails(path, content)
    assert line.startswith("P:1: texts") and "must be a mapping" in line


def test_missing_file(path):
    with pytest.raises(ConfigError, match=r"params\.yaml is missing in .*: run from the project's root$"):
        load(path, SECTIONS)


def test_long_value_is_shortened(path):
    (line,) = fails(path, replaced(("text: Text", f"text: [{'word, ' * 60}x]")))
    assert line.startswith(f"P:13: {WIRES}.reading.text: Input should be a valid string (found ['word', 'word',")
    assert line.endswith("…)")
    assert len(line) < 160
