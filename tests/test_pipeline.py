"""A small real pipeline through `dvc repro` in a temporary clone: what reruns when, and with which bytes.

Its datasets are a package's and the README's own entries, typed into params.yaml as they are, on made-up files.
"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image
from ruamel.yaml import YAML

from tests.project import PROJECT, addresses, call, edit, hashes, replace, repro, results
from tests.readme import TEXT, entries
from tools.quick import make_clone

FROM_FETCH_TO_SPLIT = ("fetch", "validate", "split")
STAGES = {
    "classification": (*FROM_FETCH_TO_SPLIT, "tokenize", "audit", "train", "evaluate", "compare"),
    "generation": (*FROM_FETCH_TO_SPLIT, "window", "audit", "train", "evaluate", "generate", "compare"),
    "forecasting": (*FROM_FETCH_TO_SPLIT, "window", "audit", "train", "evaluate", "compare"),
    "seq2seq": (*FROM_FETCH_TO_SPLIT, "tokenize", "audit", "train", "evaluate", "compare"),
    "signals": (*FROM_FETCH_TO_SPLIT, "window", "audit", "train", "evaluate", "compare"),
    "speech": (*FROM_FETCH_TO_SPLIT, "window", "audit", "train", "evaluate", "compare"),
    "captioning": (*FROM_FETCH_TO_SPLIT, "window", "audit", "train", "evaluate", "compare"),
    "detection": (*FROM_FETCH_TO_SPLIT, "window", "audit", "train", "evaluate", "compare"),
    "questions": (*FROM_FETCH_TO_SPLIT, "tokenize", "audit", "train", "evaluate", "compare"),
    "dialogue": (*FROM_FETCH_TO_SPLIT, "tokenize", "audit", "train", "evaluate", "compare"),
}
DATASETS = {
    "classification": ("movie_reviews", "my_reviews"),
    "generation": ("my_novels",),
    "forecasting": ("my_series",),
    "seq2seq": ("my_names",),
    "signals": ("my_calls",),
    "speech": ("my_voices",),
    "captioning": ("my_pictures",),
    "detection": ("my_regions",),
    "questions": ("my_questions",),
    "dialogue": ("my_chats",),
}
MODELS = {
    "classification": ("cnn", "majority"),
    "generation": ("gru", "ngram"),
    "forecasting": ("gru", "naive"),
    "seq2seq": ("copy", "luong"),
    "signals": ("gru", "summary_logreg"),
    "speech": ("ctc", "hmm"),
    "captioning": ("bahdanau", "nearest_neighbour"),
    "detection": ("components", "gru"),
    "questions": ("last_sentence", "memory_network"),
    "dialogue": ("luong", "tfidf_retrieval"),
}
BASELINES = {"majority", "ngram", "naive", "copy", "summary_logreg", "hmm", "nearest_neighbour", "components"} | {
    "last_sentence",
    "tfidf_retrieval",
}
SMALL: dict[str, Any] = {
    "seeds": [1],
    "classification": {
        "datasets": {"movie_reviews": {"reading": {"rows": 400}, "split": {"validation": 0.2}}},
        "training": {"min_steps": 1, "epochs": 1, "buckets": 2},
    },
    "generation": {
        "seeds": [1],
        "training": {"min_steps": 1, "batch_size": 4, "steps_per_epoch": 5, "validation_tokens": 1000},
        "sampling": {"temperatures": [1.0], "length": 60},
        "models": {"gru": {"units": 16, "embedding": 8, "epochs": 2}, "ngram": {"order": 4}},
    },
    "forecasting": {
        "training": {"min_steps": 1, "batch_size": 16, "windows_per_epoch": 64, "validation_windows": 50},
        "models": {"gru": {"units": 8, "epochs": 2}},
    },
    "seq2seq": {
        "seeds": [1],
        "training": {"min_steps": 1, "buckets": 1, "validation_sources": 20},
        "decoding": {"beam": 2},
        "models": {"luong": {"units": 8, "embedding": 8, "epochs": 1}},
    },
    "signals": {
        "training": {"min_steps": 1, "epochs": 1, "buckets": 1},
        "models": {"gru": {"units": 8, "embedding": 8}},
    },
    "speech": {
        "seeds": [1],
        "training": {"min_steps": 1, "buckets": 1, "validation_sources": 20},
        "decoding": {"beam": 2},
        "models": {"ctc": {"units": 8, "embedding": 8, "epochs": 1}, "hmm": {"iterations": 2}},
    },
    "captioning": {
        "seeds": [1],
        "training": {"min_steps": 1, "buckets": 1, "validation_sources": 20, "curriculum": []},
        "decoding": {"beam": 2},
        "models": {"bahdanau": {"units": 8, "width": 8, "embedding": 8, "epochs": 1}},
    },
    "detection": {
        "seeds": [1],
        "training": {"min_steps": 1},
        "models": {"gru": {"units": 8, "embedding": 8, "epochs": 1}, "components": {"landmarks": 10}},
    },
    "questions": {
        "training": {"min_steps": 1, "epochs": 1, "buckets": 1},
        "models": {"memory_network": {"embedding": 8}},
    },
    "dialogue": {
        "training": {"min_steps": 1, "buckets": 1, "validation_sources": 20},
        "decoding": {"beam": 2},
        "models": {"luong": {"units": 8, "embedding": 8, "epochs": 1}},
    },
}

PROGRAM = "import sys; from stages.app import main; sys.argv[0] = 'recur'; main()"

pytestmark = pytest.mark.xdist_group("pipeline")


def of(
    task: str, *stages: str, datasets: tuple[str, ...] | None = None, models: tuple[str, ...] | None = None
) -> set[str]:
    """Return the addresses of some of a task's stages, for all its datasets and models, or for some."""
    names = DATASETS[task] if datasets is None else datasets
    return {
        address
        for dataset in names
        for address in addresses(task, dataset, stages, MODELS[task] if models is None else models)
    }


def of_all(*stages: str) -> set[str]:
    """Return the addresses of some stages of all tasks."""
    return {address for task in STAGES for address in of(task, *stages)}


# --- Made-up files for the README's entries ---


def write_reviews(path: Path) -> None:
    """Write 300 texts whose words tell their label."""
    rng = np.random.default_rng(0)
    words = {"good": ["lovely", "warm", "bright"], "bad": ["dull", "cold", "grey"]}
    rows = [
        f'"{" ".join(rng.choice([*words[label], "film", "scene", "actor", "plot"], 12))}",{label}'
        for label in ["good", "bad"] * 150
    ]
    path.write_text("review,sentiment\n" + "\n".join(rows) + "\n", encoding="utf-8")


def write_novels(folder: Path) -> None:
    """Write eight works of some hundred lines."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    words = ["the", "sea", "was", "calm", "and", "a", "sail", "came", "in", "sight", "of", "land", "at", "dawn"]
    for work in range(8):
        lines = [" ".join(rng.choice(words, rng.integers(6, 14))) + "." for _ in range(120)]
        (folder / f"work_{work}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_series(path: Path) -> None:
    """Write 20 days of hours with a daily season, less on holidays."""
    noise = np.random.default_rng(0).normal(size=480)
    lines = ["time,demand,holiday"]
    for hour, stamp in enumerate(np.arange("2024-01-01", "2024-01-21", dtype="datetime64[h]")):
        holiday = hour // 24 % 7 == 0
        lines.append(f"{stamp}:00,{100 + 20 * np.sin(hour * np.pi / 12) - 15 * holiday + noise[hour]:.3f},{holiday}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_names(path: Path) -> None:
    """Write 300 names that are said letter by letter."""
    rng = np.random.default_rng(0)
    names = sorted({"".join(rng.choice(list("aeioulmnrst"), rng.integers(3, 8))) for _ in range(300)})
    rows = [f"{name}\t{' '.join(letter.upper() for letter in name)}" for name in names]
    path.write_text("name\tspoken\n" + "\n".join(rows) + "\n", encoding="utf-8")


def write_calls(folder: Path) -> None:
    """Write 80 recordings of a second, whose pitch tells their label."""
    rng = np.random.default_rng(0)
    for label, pitch in (("high", 1500), ("low", 300)):
        (folder / label).mkdir(parents=True)
        for number in range(40):
            tone = np.sin(2 * np.pi * pitch * rng.uniform(0.8, 1.2) * np.arange(8000) / 8000)
            soundfile.write(folder / label / f"{label}_{number}.wav", 0.5 * tone + 0.05 * rng.normal(size=8000), 8000)


def write_voices(folder: Path) -> None:
    """Write 60 recordings of a quarter of a second, of ten voices, and a table of what they say."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    rows = ["path\ttext\tspeaker"]
    for number in range(60):
        word, pitch = (("high", 1500), ("low", 300))[number % 2]
        tone = np.sin(2 * np.pi * pitch * rng.uniform(0.8, 1.2) * np.arange(2000) / 8000)
        soundfile.write(folder / f"{number}.wav", 0.5 * tone + 0.05 * rng.normal(size=2000), 8000)
        rows.append(f"{number}.wav\t{word}\tvoice {number % 10}")
    (folder / "said.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def write_pictures(folder: Path) -> None:
    """Write 60 pictures of a bright half, and a table of what they show."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    rows = ["path,caption"]
    for number in range(60):
        side, picture = ("left", "right")[number % 2], rng.integers(0, 60, (40, 40)).astype(np.uint8)
        picture[:, slice(20) if side == "left" else slice(20, 40)] += 150
        Image.fromarray(picture).save(folder / f"{number}.png")
        rows.append(f"{number}.png,it is bright on the {side}")
    (folder / "captions.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def write_regions(folder: Path) -> None:
    """Write 60 pictures of a bright square or a bar, and a table of where it is."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    rows = ["path,label,left,top,right,bottom"]
    for number in range(60):
        (left, top), wide = rng.integers(0, 20, 2), (8, 20)[number % 2]
        picture = np.zeros((40, 40), np.uint8)
        picture[top : top + 8, left : left + wide] = int(rng.integers(150, 250))
        Image.fromarray(picture).save(folder / f"{number}.png")
        rows.append(f"{number}.png,{('square', 'bar')[number % 2]},{left},{top},{left + wide},{top + 8}")
    (folder / "boxes.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def write_questions(path: Path) -> None:
    """Write 120 short texts with two questions each, whose answers are yes and no."""
    rng = np.random.default_rng(0)
    rows = ["story,question,answer"]
    for _ in range(120):
        bought = rng.permutation(["bread", "milk", "tea", "salt"])
        story = f"Anna bought {bought[0]}. Then Anna bought {bought[1]}."
        rows += [f"{story},Did Anna buy {bought[0]}?,yes", f"{story},Did Anna buy {bought[2]}?,no"]
        rows[-2:] = [row.replace("Anna", f"Anna {len(rows)}") for row in rows[-2:]]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


def write_chats(path: Path) -> None:
    """Write 80 conversations, each about one thing."""
    rng = np.random.default_rng(0)
    lines = []
    for _ in range(80):
        thing = ["tea", "rain", "trains", "cats"][int(rng.integers(4))]
        words = [" ".join(rng.choice(["well", "yes", "no", "maybe", "often", "always", "never"], 4)) for _ in range(4)]
        lines.append(json.dumps({"turns": [f"{each} {thing}" for each in words]}))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


WRITE: dict[str, Callable[[Path], None]] = {
    "my_reviews": write_reviews,
    "my_novels": write_novels,
    "my_series": write_series,
    "my_names": write_names,
    "my_calls": write_calls,
    "my_voices": write_voices,
    "my_pictures": write_pictures,
    "my_regions": write_regions,
    "my_questions": write_questions,
    "my_chats": write_chats,
}


def type_entry(clone: Path, task: str, text: str) -> None:
    """Put an entry below a task's datasets, as a person does, and write the file that it names."""
    path = clone / "params.yaml"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    place = lines.index("  datasets:\n", lines.index(f"{task}:\n")) + 1
    indented = "".join(f"    {line}" for line in text.splitlines(keepends=True))
    path.write_text("".join([*lines[:place], indented, *lines[place:]]), encoding="utf-8")
    ((name, entry),) = YAML(typ="safe").load(text).items()
    file = clone / entry["source"]["path"]
    file.parent.mkdir(parents=True, exist_ok=True)
    WRITE[name](file)


def new_clone(folder: Path) -> Path:
    """Return a copy of the project with small budgets, a package's dataset and the README's."""
    clone = folder / "clone"
    make_clone(PROJECT, clone)
    shutil.copyfile(PROJECT / "params.yaml", clone / "params.yaml")
    params = YAML().load(clone / "params.yaml")
    unused = [f"{task}.datasets.{name}" for task in STAGES for name in params[task]["datasets"]]
    unused += [f"{task}.models.{name}" for task in STAGES for name in set(params[task]["models"]) - {*MODELS[task]}]
    unused.remove("classification.datasets.movie_reviews")
    defaults = ("evaluation.confidence",)  # a test changes this default in the code
    for task, text in entries().values():
        type_entry(clone, task, text)
    edit(clone, SMALL, remove=(*unused, *defaults))
    return clone


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone in which the small pipeline has run."""
    clone = new_clone(tmp_path_factory.mktemp("pipeline"))
    everything = {address for task, names in STAGES.items() for address in of(task, *names)}
    assert repro(clone) == everything | {"check", "report"}
    return clone


@pytest.fixture(scope="session")
def asked(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of it in which commands that write reports of their own may run."""
    return shutil.copytree(made, tmp_path_factory.mktemp("asked") / "copy", symlinks=True)


@pytest.fixture
def clone(made: Path, tmp_path: Path) -> Path:
    """A copy of it, for one change."""
    shutil.copytree(made, tmp_path / "copy", symlinks=True)
    return tmp_path / "copy"


def summary(clone: Path, dataset: str) -> dict[str, Any]:
    return json.loads((clone / "reports/summary.json").read_text(encoding="utf-8"))["datasets"][dataset]


# --- The README's entries ---


@pytest.mark.parametrize("name", sorted(WRITE))
def test_each_entry_of_the_readme_runs_as_it_is_and_gets_a_verdict(made, name):
    task, _ = entries()[name]
    mine = summary(made, name)
    assert set(mine["models"]) == set(MODELS[task])
    assert mine["verdict"] and mine["best_baseline"] in BASELINES
    for model in mine["models"].values():
        primary = next(iter(model["metrics"].values()))
        if primary["low"] is not None:  # of the small series and pairs too few items are independent
            assert primary["low"] <= primary["mean"] <= primary["high"]
    assert (made / f"data/expectations/{name}.yaml").exists()


def test_the_readme_has_an_entry_for_each_task():
    assert set(entries()) == set(WRITE)
    assert {task for task, _ in entries().values()} == set(STAGES)


# What stands in the README for the clone's datasets and models, which are small.
IN_CLONE = {
    "movie_reviews attention": "my_reviews cnn",
    " --attention": "",
    "shakespeare gru": "my_novels gru",
    "air_passengers linear": "my_series naive --from coming.csv",
    "victoria_electricity gru": "my_series gru",
    "etth1 linear": "my_series naive",
    "cmudict luong": "my_names luong",
    "spanish_english luong": "my_names luong",
    "chitchat luong": "my_chats luong",
}
ASKING = re.findall(
    r"(?m)^    recur ((?:predict|generate|forecast|backtest|translate|transcribe|describe|detect|ask|chat) .*)$", TEXT
)


@pytest.mark.parametrize("words", ASKING)
def test_each_command_of_the_readme_that_asks_a_model_runs(asked, words):
    for name, other in IN_CLONE.items():
        words = words.replace(name, other)
    (asked / "coming.csv").write_text(coming_rows(asked))
    (asked / "verses.txt").write_text("anna\nmiri\n")
    (asked / "story.txt").write_text("Anna bought tea. Then Anna bought salt.\n")
    soundfile.write(asked / "new.wav", np.sin(np.arange(8000)), 8000)
    Image.fromarray(np.eye(50, dtype=np.uint8) * 255).save(asked / "new.png")
    typed = "well tea\n" if words.startswith("chat ") else None
    done = call(asked, sys.executable, "-c", PROGRAM, *shlex.split(words), typed=typed)
    assert done.stdout or (asked / "forecast.csv").read_text().startswith("series,timestamp,low_95")


def coming_rows(clone: Path) -> str:
    """Return the README's series with twelve hours to come."""
    rows = (clone / "data/own/my_series.csv").read_text().splitlines()
    hours = np.arange("2024-01-21", "2024-01-21T12", dtype="datetime64[h]")
    return "\n".join([*rows, *(f"{hour}:00,,False" for hour in hours)]) + "\n"


def test_ones_own_series_are_forecast(asked):
    path = asked / "data/own/coming.csv"
    path.write_text(coming_rows(asked))
    words = ("forecast", "my_series", "gru", "--from", str(path), "--format", "csv")
    lines = call(asked, sys.executable, "-c", PROGRAM, *words).stdout.splitlines()
    assert lines[0] == "series,timestamp,low_95,low_80,median,high_80,high_95" and len(lines) == 13
    assert lines[1].startswith("demand,2024-01-21 00:00:00,")


RECIPE = re.search(
    r"(?m)^    \. \.venv/bin/activate\n((?:    .+\n)+)    xdg-open (\S+)$", TEXT.partition("## Your own data")[2]
)


def test_the_recipe_for_ones_own_csv_is_typed_as_it_stands(clone, tmp_path):
    assert RECIPE is not None
    commands, page = RECIPE.groups()
    write_reviews(tmp_path / "my.csv")  # in the home folder
    recur = tmp_path / "bin/recur"
    recur.parent.mkdir()
    recur.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{PROGRAM}" "$@"\n')
    recur.chmod(0o755)
    home = {"HOME": str(tmp_path), "PATH": f"{recur.parent}:{Path(sys.executable).parent}:{os.environ['PATH']}"}
    call(clone, "sh", "-ec", commands, environment=home)
    assert summary(clone, "my")["verdict"] and (clone / page).exists()
    assert "my.csv" in (clone / "params.yaml").read_text(encoding="utf-8")


WORK = re.search(r"(?m)^    \$EDITOR params\.yaml.*\n(?:    .+\n)+", TEXT)


def test_the_commands_to_work_with_are_typed_as_they_stand(clone):
    assert WORK is not None
    (clone / ".dvc/config.local").unlink()  # which has DVC do without Git
    for words in ("init -q", "add .", "-c user.name=me -c user.email=me@here commit -qm start"):
        call(clone, "git", *words.split())
    author = {f"GIT_{who}_{what}": "me" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    call(clone, "sh", "-ec", WORK[0], environment={"EDITOR": "true", "PAGER": "cat"} | author)
    assert (
        json.loads((clone / "data/params/classification/models/cnn.json").read_text())["parameters"]["filters"] == 200
    )


# --- What reruns when ---


def test_nothing_changed(made):
    assert repro(made) == set()


def test_recur_run_runs_the_graph_of_some_datasets_alone_and_reports(clone):
    edit(clone, {"seq2seq": {"decoding": {"beam": 3}}, "classification": {"models": {"cnn": {"filters": 9}}}})
    (clone / "reports/index.html").unlink()
    done = call(clone, sys.executable, "-c", PROGRAM, "run", "my_names")
    ran = set(re.findall(r"(?m)^\[\d+ of \d+\] (\S+), up to .* left$", done.stdout))
    assert ran == of("seq2seq", "evaluate", "compare", datasets=("my_names",)) | {"check"}
    assert "my_names" in (clone / "reports/index.html").read_text(encoding="utf-8")
    wrong = call(clone, sys.executable, "-c", PROGRAM, "run", "my_name", check=False)
    assert wrong.returncode == 2 and "did you mean 'my_names'" in wrong.stderr


def test_a_comment_or_the_readme_changes_nothing(clone):
    for name in ("README.md", "params.yaml"):
        with (clone / name).open("a") as file:
            file.write("\n# a remark\n")
    assert repro(clone) == set()


def test_a_default_written_out_runs_check_alone(clone):
    edit(clone, {"evaluation": {"confidence": 0.95}, "forecasting": {"datasets": {"my_series": {"split": {}}}}})
    assert repro(clone) == {"check"}


@pytest.mark.parametrize(
    ("task", "model", "change"),
    [
        ("classification", "cnn", {"filters": 7}),
        ("generation", "gru", {"units": 12}),
        ("forecasting", "gru", {"units": 9}),
        ("seq2seq", "luong", {"units": 12}),
        ("signals", "gru", {"units": 12}),
        ("speech", "ctc", {"units": 12}),
        ("captioning", "bahdanau", {"units": 12}),
        ("detection", "gru", {"units": 12}),
    ],
)
def test_a_models_parameter(clone, task, model, change):
    edit(clone, {task: {"models": {model: change}}})
    after = [name for name in ("train", "evaluate", "generate", "compare") if name in STAGES[task]]
    assert repro(clone) == of(task, *after, models=(model,)) | {"check", "report"}


def test_a_models_file(clone):
    with (clone / "stages/models/classification/majority.py").open("a") as file:
        file.write("# changed\n")
    own = of("classification", "train", "evaluate", models=("majority",))
    assert own <= repro(clone) <= own | of("classification", "compare") | {"check", "report"}


def test_a_new_model_of_ones_own_is_one_file_and_one_entry(clone):
    models = clone / "stages/models/classification"
    shutil.copyfile(models / "majority.py", models / "my_model.py")
    edit(clone, {"classification": {"models": {"my_model": {}}}})
    ran = of("classification", "train", "evaluate", "compare", models=("my_model",))
    assert repro(clone) == ran | {"check", "report"}
    mine = summary(clone, "my_reviews")["models"]
    assert mine["my_model"]["metrics"] == mine["majority"]["metrics"]


def test_a_removed_model_leaves_the_report(clone):
    edit(clone, {}, remove=("classification.models.cnn",))
    assert repro(clone) == of("classification", "compare") | {"check", "report"}
    assert set(summary(clone, "my_reviews")["models"]) == {"majority"}


def test_a_removed_section_leaves_the_report(clone):
    edit(clone, {}, remove=("seq2seq",))
    assert repro(clone) == {"check", "report"}
    datasets = json.loads((clone / "reports/summary.json").read_text(encoding="utf-8"))["datasets"]
    assert set(datasets) == {name for task, names in DATASETS.items() if task != "seq2seq" for name in names}


def test_a_datasets_vocabulary(clone):
    edit(clone, {"classification": {"datasets": {"my_reviews": {"tokenizer": {"vocabulary": 8}}}}})
    after = ("tokenize", "audit", "train", "evaluate", "compare")
    assert repro(clone) == of("classification", *after, datasets=("my_reviews",)) | {"check", "report"}


@pytest.mark.parametrize(
    ("task", "dataset", "change", "stage"),
    [
        ("generation", "my_novels", {"window": {"length": 48}}, "window"),
        ("forecasting", "my_series", {"window": {"look_back": 36}}, "split"),  # which refuses series too short for it
        ("seq2seq", "my_names", {"tokenizer": {"target": {"maximum_length": 20}}}, "tokenize"),
        ("speech", "my_voices", {"tokenizer": {"unit": "character"}}, "window"),
        ("captioning", "my_pictures", {"window": {"height": 48}}, "window"),
        ("detection", "my_regions", {"window": {"regions": 3}}, "window"),
    ],
)
def test_how_a_dataset_is_prepared(clone, task, dataset, change, stage):
    edit(clone, {task: {"datasets": {dataset: change}}})
    after = STAGES[task][STAGES[task].index(stage) :]
    assert repro(clone) == of(task, *after) | {"check", "report"}


def test_the_confidence(clone):
    edit(clone, {"evaluation": {"confidence": 0.9}})
    assert repro(clone) == of_all("compare") | {"check", "report"}


def test_the_samples(clone):
    edit(clone, {"generation": {"sampling": {"length": 70}}})
    assert repro(clone) == of("generation", "generate") | {"check", "report"}


def test_the_beam(clone):
    edit(clone, {"seq2seq": {"decoding": {"beam": 3}}})
    # A baseline does not search: its metrics come out the same, but its signature tells of the beam.
    assert repro(clone) == of("seq2seq", "evaluate", "compare") | {"check", "report"}


def test_a_seed_added(clone):
    edit(clone, {"seeds": [1, 2]})
    ran = set()
    for task in STAGES:
        if "seeds" in SMALL[task]:  # it has its own
            continue
        # A baseline is fitted with the first seed alone.
        networks = tuple(set(MODELS[task]) - BASELINES)
        ran |= of(task, "train", "evaluate", "compare", models=networks)
    assert repro(clone) == ran | {"check", "report"}


def test_a_local_file_edited(clone):
    with (clone / "data/own/my_reviews.csv").open("a") as file:
        file.write('"a lovely new film",good\n"a dull new film",bad\n')
    every = of("classification", *STAGES["classification"], datasets=("my_reviews",))
    assert repro(clone) == every | {"report"}


# --- A default changed in the code ---


def test_a_default_of_the_evaluation(clone):
    replace(clone / "stages/config/schema.py", "default=0.95, gt=0.5, lt=1", "default=0.9, gt=0.5, lt=1")
    assert repro(clone) == of_all("compare") | {"check", "report"}
    assert "90 % intervals" in (clone / "reports/leaderboard.md").read_text(encoding="utf-8")


def test_a_default_of_a_tasks_reading(clone):
    old = "characters: int | None = Field(default=None"
    replace(clone / "stages/tasks/generation/config.py", old, old.replace("=None", "=1_000_000"))
    # The table comes out the same, so nothing after `validate` runs; `report` depends on the tasks' code.
    assert repro(clone) == of("generation", "validate") | {"check", "report"}


def test_a_default_of_all_networks(clone):
    words = 'default={}, ge=0, description="of Adam'
    replace(clone / "stages/config/schema.py", words.format("0.0"), words.format("0.01"))
    params = YAML(typ="safe").load(clone / "params.yaml")
    ran: set[str] = set()
    for task in STAGES:
        models = params[task]["models"]
        networks = tuple(name for name in models if name not in BASELINES and "weight_decay" not in models[name])
        if networks:
            names = [name for name in ("train", "evaluate", "generate") if name in STAGES[task]]
            ran |= of(task, *names, "compare", models=networks)
    assert ran and repro(clone) == ran | {"check", "report"}


# --- params.yaml and DVC ---


def test_bad_parameters_stop_the_run_before_anything_is_deleted(clone):
    before = hashes(clone, "data", "models", "reports")
    edit(clone, {"classification": {"training": {"epochs": -1}}, "seedz": [1]})
    done = call(clone, "dvc", "repro", check=False)
    assert done.returncode != 0
    assert "classification.training.epochs" in done.stderr and "did you mean 'seeds'" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert hashes(clone, "data", "models", "reports") == before


def test_an_old_file_is_told_how_to_convert_it(clone):
    """`make repro` and tools/ci.sh run `check` first; DVC alone stops at once, too, with a message of its own."""
    before = hashes(clone, "data", "models", "reports")
    old = "seeds: [1]\ndatasets: {mine: {task: generation, source: {path: a.txt}}}\ngeneration: {datasets: [mine]}\n"
    (clone / "params.yaml").write_text(old, encoding="utf-8")
    done = call(clone, sys.executable, "-m", "stages.check", check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: params.yaml is of the old style") and "Convert it:" in done.stderr
    assert call(clone, "dvc", "repro", check=False).returncode != 0
    assert hashes(clone, "data", "models", "reports") == before


def commit(clone: Path) -> None:
    """Make the clone a Git repository of which DVC knows, with all that it holds committed."""
    (clone / ".dvc/config.local").unlink()
    git = ("git", "-c", "user.name=test", "-c", "user.email=test@example.org")
    call(clone, "git", "init", "--quiet", "--initial-branch=main")
    call(clone, "git", "add", "--all")
    call(clone, *git, "commit", "--quiet", "--message", "as it was")


def test_dvc_knows_what_was_changed_in_params_yaml(clone):
    commit(clone)
    edit(clone, {"classification": {"models": {"cnn": {"filters": 7}}}})
    changes = json.loads(call(clone, "dvc", "params", "diff", "--json").stdout)
    before = YAML(typ="safe").load(PROJECT / "params.yaml")["classification"]["models"]["cnn"]["filters"]
    (change,) = changes["params.yaml"].items()
    assert change[0] == "classification.models.cnn.filters"
    assert (change[1]["old"], change[1]["new"]) == (before, 7)


def test_an_experiment_sets_a_parameter_and_runs_what_uses_it(clone):
    commit(clone)
    target = "stages/classification/dvc.yaml:evaluate@my_reviews-cnn"
    who = {"GIT_AUTHOR_NAME": "test", "GIT_AUTHOR_EMAIL": "test@example.org"}
    words = ("exp", "run", "-S", "classification.models.cnn.filters=7", target)
    done = call(clone, "dvc", *words, environment=who | {key.replace("AUTHOR", "COMMITTER"): who[key] for key in who})
    ran = set(re.findall(r"Running stage '(.+?)'", done.stdout))
    own = {"datasets": ("my_reviews",), "models": ("cnn",)}
    assert ran == of("classification", "train", "evaluate", **own) | {"check"}
    assert YAML(typ="safe").load(clone / "params.yaml")["classification"]["models"]["cnn"]["filters"] == 7


def test_dvc_shows_few_metrics(made):
    shown = json.loads(call(made, "dvc", "metrics", "show", "--json").stdout)[""]["data"]
    assert len(shown) == sum(len(DATASETS[task]) * len(MODELS[task]) for task in STAGES)
    assert all(1 <= len(file["data"]) <= 4 for file in shown.values())


# --- Bytes ---


def test_twice_from_scratch_gives_the_same_bytes(made, tmp_path):
    again = new_clone(tmp_path)
    call(again, "dvc", "repro", "--no-run-cache")  # without a server for its stages
    first, second = results(made), results(again)
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


def train(clone: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "stages.train", "my_reviews", "cnn"]
    return subprocess.Popen(command, cwd=clone, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def wait_for(condition: Callable[[], Any], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


def lengthen(clone: Path, epochs: int) -> None:
    """Have the network train for many epochs."""
    edit(clone, {"classification": {"training": {"epochs": epochs, "patience": epochs}}})
    call(clone, sys.executable, "-m", "stages.check")


def test_a_killed_training_goes_on_and_ends_with_the_same_bytes(clone):
    lengthen(clone, 8)
    weights = clone / "models/my_reviews/cnn/seed-1/model.weights.h5"
    first = train(clone)
    wait_for(lambda: list(clone.glob(".recur/checkpoints/*/1/history.json")))
    first.kill()
    first.wait()
    left = json.loads(next(clone.glob(".recur/checkpoints/*/1/history.json")).read_text())
    assert 0 < len(left["epochs"]) < 8
    assert train(clone).wait() == 0
    resumed = weights.read_bytes()
    assert not list(clone.glob(".recur/checkpoints/*/*"))
    assert train(clone).wait() == 0
    assert weights.read_bytes() == resumed


@pytest.mark.skipif(sys.platform != "linux", reason="needs prctl(2)")
def test_a_stage_ends_with_its_parent(clone):
    lengthen(clone, 500)
    parent = (
        "import subprocess, sys, time; child = subprocess.Popen("
        "[sys.executable, '-m', 'stages.train', 'my_reviews', 'cnn']); print(child.pid, flush=True); time.sleep(600)"
    )
    starter = subprocess.Popen([sys.executable, "-c", parent], cwd=clone, stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    child = int(starter.stdout.readline())
    wait_for(lambda: list(clone.glob(".recur/checkpoints/*/1/history.json")))
    replicas = [int(pid) for pid in Path(f"/proc/{child}/task/{child}/children").read_text().split()]
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    for process in [child, *replicas]:
        wait_for(lambda process=process: not Path(f"/proc/{process}").exists(), 20)
