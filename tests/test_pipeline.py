"""A small real pipeline through `dvc repro` in a temporary clone: what reruns when, and with which bytes."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from ruamel.yaml import YAML

from tools.quick import lay_over, make_clone

PROJECT = Path(__file__).parent.parent
DATASETS = ["movie_reviews", "my_reviews"]
MODELS = ["cnn", "majority"]
WRITERS = ["gru", "ngram"]
FORECASTERS = ["gru", "naive"]
TRANSLATORS = ["copy", "luong"]
SMALL = {
    "seeds": [1],
    "datasets": {
        "movie_reviews": {"reading": {"rows": 400}, "split": {"validation": 0.2}},
        "shakespeare": {"reading": {"characters": 3000}, "window": {"length": 32}},
        "cmudict": {"reading": {"sources": 300}, "split": {"validation": 0.1, "test": 0.1}},
    },
    "classification": {"datasets": DATASETS, "training": {"epochs": 1, "buckets": 2}},
    "generation": {
        "seeds": [1],
        "training": {"batch_size": 4, "epoch_steps": 5, "validation_tokens": 1000},
        "sampling": {"temperatures": [1.0], "length": 60},
        "models": {"gru": {"units": 16, "embedding": 8, "epochs": 2}, "ngram": {"order": 4}},
    },
    "forecasting": {
        "datasets": ["my_series"],
        "training": {"batch_size": 16, "epoch_windows": 64, "validation_windows": 50},
        "models": {"gru": {"units": 8, "epochs": 2}},
    },
    "seq2seq": {
        "datasets": ["cmudict"],
        "seeds": [1],
        "training": {"buckets": 1, "validation_sources": 20},
        "decoding": {"beam": 2},
        "models": {"luong": {"units": 8, "embedding": 8, "epochs": 1}},
    },
    "evaluation": {"bootstrap": 100, "permutations": 100},
}
OTHERS = (
    "reuters_r8",
    "etth1",
    "victoria_electricity",
    "air_passengers",
    "king_james_basic",
)  # datasets that are not run
OWN = {  # the entry that the README shows, for a file of one's own
    "task": "classification",
    "source": {"path": "data/own/my_reviews.csv"},
    "reading": {"text": "review", "label": "sentiment"},
    "split": {"validation": 0.2, "test": 0.2},
    "tokenizer": {"unit": "word"},
}
OWN_SERIES = {  # likewise
    "task": "forecasting",
    "source": {"path": "data/own/my_series.csv"},
    "reading": {"timestamp": "time", "values": ["demand"], "covariates": ["holiday"]},
    "split": {"validation": 0.2, "test": 0.2},
    "window": {"look_back": 48, "horizon": 12, "season": 24},
}

pytestmark = pytest.mark.xdist_group("pipeline")


def stages(*names: str, datasets=DATASETS, models=MODELS) -> set[str]:
    """Return the stages of these names for these datasets and models."""
    found = {name for name in names if name in ("check", "report")}
    for dataset in datasets:
        found |= of_task("classification", dataset, set(names) - found, models)
    return found


def of_task(task: str, dataset: str, names, models) -> set[str]:
    """Return the stages of these names for one dataset of a task."""
    found = set()
    for name in names:
        folder = f"stages/{task}/models" if name == "train" else f"stages/{task}"
        stage = name if name == "fetch" else f"{folder}/dvc.yaml:{name}"
        each = models if name in ("train", "evaluate", "generate") else None
        found |= {f"{stage}@{dataset}-{model}" for model in each} if each else {f"{stage}@{dataset}"}
    return found


def writing(*names: str, models=WRITERS) -> set[str]:
    """Return the stages of these names for the running text and its models."""
    return of_task("generation", "shakespeare", names, models)


def forecasting(*names: str, models=FORECASTERS) -> set[str]:
    """Return the stages of these names for the time series and their models."""
    return of_task("forecasting", "my_series", names, models)


def translating(*names: str, models=TRANSLATORS) -> set[str]:
    """Return the stages of these names for the pairs and their models."""
    return of_task("seq2seq", "cmudict", names, models)


def dvc(clone: Path, *words: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    run = subprocess.run(
        ["dvc", *words], cwd=clone, env=os.environ | {"PATH": path} | environment, capture_output=True, text=True
    )
    assert run.returncode == 0 or not check, run.stdout + run.stderr
    return run


def repro(clone: Path) -> set[str]:
    """Run the pipeline; return the stages that really ran."""
    return set(re.findall(r"Running stage '(.+?)'", dvc(clone, "repro", "--no-run-cache").stdout))


def edit(clone: Path, overlay: dict, remove: tuple[str, ...] = (), task: str = "classification") -> None:
    """Change values of the clone's params.yaml, and remove entries of datasets and of a task's models."""
    yaml = YAML()
    params = yaml.load(clone / "params.yaml")
    for registry in (params["datasets"], params[task]["models"]):
        for name in remove:
            registry.pop(name, None)
    lay_over(params, overlay)
    yaml.dump(params, clone / "params.yaml")


def new_clone(folder: Path) -> Path:
    clone = folder / "clone"
    make_clone(PROJECT, clone)
    params = YAML().load(clone / "params.yaml")
    others = set(params["classification"]["models"]) - set(MODELS)
    edit(clone, {}, remove=tuple(set(params["generation"]["models"]) - set(WRITERS)), task="generation")
    edit(clone, {}, remove=tuple(set(params["forecasting"]["models"]) - set(FORECASTERS)), task="forecasting")
    edit(clone, {}, remove=tuple(set(params["seq2seq"]["models"]) - set(TRANSLATORS)), task="seq2seq")
    own = {"my_reviews": OWN, "my_series": OWN_SERIES}
    edit(clone, SMALL | {"datasets": SMALL["datasets"] | own}, remove=(*OTHERS, *others))
    write_series(clone / OWN_SERIES["source"]["path"])
    own = clone / OWN["source"]["path"]
    own.parent.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    words = {"good": ["lovely", "warm", "bright"], "bad": ["dull", "cold", "grey"]}
    rows = [
        f'"{" ".join(random.choice(words[label] + ["film", "scene", "actor", "plot"], 12))}",{label}'
        for label in ["good", "bad"] * 150
    ]
    own.write_text("review,sentiment\n" + "\n".join(rows) + "\n")
    return clone


def write_series(path: Path) -> None:
    """Write 20 days of hours with a daily season, less on holidays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(0).normal(size=480)
    lines = ["time,demand,holiday"]
    for hour, stamp in enumerate(np.arange("2024-01-01", "2024-01-21", dtype="datetime64[h]")):
        holiday = hour // 24 % 7 == 0
        lines.append(f"{stamp}:00,{100 + 20 * np.sin(hour * np.pi / 12) - 15 * holiday + noise[hour]:.3f},{holiday}")
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> Path:
    """A clone in which the small pipeline has run."""
    clone = new_clone(tmp_path_factory.mktemp("pipeline"))
    everything = stages("fetch", "validate", "split", "tokenize", "audit", "train", "evaluate", "compare")
    everything |= writing("fetch", "validate", "split", "window", "audit", "train", "evaluate", "generate", "compare")
    everything |= forecasting("fetch", "validate", "split", "window", "audit", "train", "evaluate", "compare")
    everything |= translating("fetch", "validate", "split", "tokenize", "audit", "train", "evaluate", "compare")
    assert repro(clone) == everything | {"check", "report"}
    return clone


@pytest.fixture
def clone(made, tmp_path) -> Path:
    """A copy of it, for one change."""
    shutil.copytree(made, tmp_path / "copy", symlinks=True)
    return tmp_path / "copy"


def test_a_users_own_file_gets_a_verdict(made):
    summary = json.loads((made / "reports/summary.json").read_text())
    own = summary["datasets"]["my_reviews"]
    assert set(own["models"]) == set(MODELS)
    accuracy = own["models"]["majority"]["metrics"]["accuracy"]
    assert accuracy["low"] <= accuracy["mean"] <= accuracy["high"]
    assert own["best_baseline"] == "majority"
    assert own["verdict"]
    assert (made / "data/expectations/my_reviews.yaml").exists()


def test_nothing_changed(made):
    assert repro(made) == set()


def test_a_comment_or_the_readme_changes_nothing(clone):
    for name in ("README.md", "params.yaml"):
        with (clone / name).open("a") as file:
            file.write("\n# a remark\n")
    assert repro(clone) == set()


def test_a_models_parameter(clone):
    edit(clone, {"classification": {"models": {"cnn": {"filters": 7}}}})
    assert repro(clone) == stages("check", "train", "evaluate", "compare", "report", models=["cnn"])


def test_a_models_file(clone):
    with (clone / "stages/classification/models/majority.py").open("a") as file:
        file.write("# changed\n")
    ran = repro(clone)
    own = stages("train", "evaluate", models=["majority"])
    assert ran >= own
    assert ran <= own | stages("compare", "report", models=["majority"])


def test_a_new_model_of_ones_own_is_one_file_and_one_entry(clone):
    models = clone / "stages/classification/models"
    shutil.copyfile(models / "majority.py", models / "my_model.py")
    edit(clone, {"classification": {"models": {"my_model": {}}}})
    assert repro(clone) == stages("check", "train", "evaluate", "compare", "report", models=["my_model"])
    summary = json.loads((clone / "reports/summary.json").read_text())
    own, majority = (summary["datasets"]["my_reviews"]["models"][name] for name in ("my_model", "majority"))
    assert own["metrics"] == majority["metrics"]


def test_a_removed_model_leaves_the_report(clone):
    edit(clone, {}, remove=("cnn",))
    assert repro(clone) == stages("check", "compare", "report")
    summary = json.loads((clone / "reports/summary.json").read_text())
    assert set(summary["datasets"]["my_reviews"]["models"]) == {"majority"}


def test_a_datasets_vocabulary(clone):
    edit(clone, {"datasets": {"my_reviews": {"tokenizer": {"vocabulary": 8}}}})
    own = stages("tokenize", "audit", "train", "evaluate", "compare", datasets=["my_reviews"])
    assert repro(clone) == own | {"check", "report"}


def test_the_bootstrap(clone):
    edit(clone, {"evaluation": {"bootstrap": 120}})
    every = writing("compare") | forecasting("compare") | translating("compare")
    assert repro(clone) == stages("check", "compare", "report") | every


def test_a_language_models_parameter(clone):
    edit(clone, {"generation": {"models": {"gru": {"units": 12}}}})
    ran = writing("train", "evaluate", "generate", models=["gru"]) | writing("compare")
    assert repro(clone) == ran | {"check", "report"}


def test_the_samples(clone):
    edit(clone, {"generation": {"sampling": {"length": 70}}})
    assert repro(clone) == writing("generate") | {"check", "report"}


def test_the_windows(clone):
    edit(clone, {"datasets": {"shakespeare": {"window": {"length": 48}}}})
    ran = writing("window", "audit", "train", "evaluate", "generate", "compare")
    assert repro(clone) == ran | {"check", "report"}


def test_a_forecasters_parameter(clone):
    edit(clone, {"forecasting": {"models": {"gru": {"units": 9}}}})
    ran = forecasting("train", "evaluate", models=["gru"]) | forecasting("compare")
    assert repro(clone) == ran | {"check", "report"}


def test_a_forecasters_window(clone):
    edit(clone, {"datasets": {"my_series": {"window": {"look_back": 36}}}})
    assert repro(clone) == forecasting("window", "audit", "train", "evaluate", "compare") | {"check", "report"}


def test_a_translators_parameter(clone):
    edit(clone, {"seq2seq": {"models": {"luong": {"units": 12}}}})
    ran = translating("train", "evaluate", models=["luong"]) | translating("compare")
    assert repro(clone) == ran | {"check", "report"}


def test_the_beam(clone):
    edit(clone, {"seq2seq": {"decoding": {"beam": 3}}})
    # A baseline does not search: its figures come out the same, but its signature tells of the beam.
    assert repro(clone) == translating("evaluate", "compare") | {"check", "report"}


def test_the_vocabularies_of_pairs(clone):
    edit(clone, {"datasets": {"cmudict": {"tokenizer": {"target": {"maximum_length": 20}}}}})
    ran = translating("tokenize", "audit", "train", "evaluate", "compare")
    assert repro(clone) == ran | {"check", "report"}


def test_a_seed_added(clone):
    edit(clone, {"seeds": [1, 2]})
    ran = stages("check", "train", "evaluate", "compare", "report") | forecasting("train", "evaluate", "compare")
    # Baselines have no chance in them: they are fitted with the first seed again and come out the same.
    same = stages("evaluate", models=["majority"]) | forecasting("evaluate", models=["naive"])
    assert repro(clone) == ran - same


def test_ones_own_series_are_forecast(made):
    found = json.loads((made / "reports/summary.json").read_text())["datasets"]["my_series"]
    assert set(found["models"]) == set(FORECASTERS) and found["best_baseline"] == "naive"
    figures = found["models"]["gru"]["metrics"]
    assert figures["mase"]["low"] <= figures["mase"]["mean"] <= figures["mase"]["high"]
    path = made / "data/own/coming.csv"
    rows = (made / OWN_SERIES["source"]["path"]).read_text().splitlines()
    hours = np.arange("2024-01-21", "2024-01-21T12", dtype="datetime64[h]")
    path.write_text("\n".join([*rows, *(f"{hour}:00,,False" for hour in hours)]) + "\n")
    command = [sys.executable, "-m", "stages.forecast", "my_series", "gru", "--from", str(path), "--format", "csv"]
    told = subprocess.run(command, cwd=made, capture_output=True, text=True, check=True).stdout.splitlines()
    assert told[0] == "series,timestamp,low_95,low_80,median,high_80,high_95" and len(told) == 13
    assert told[1].startswith("demand,2024-01-21 00:00:00,")


def test_a_local_file_edited(clone):
    with (clone / OWN["source"]["path"]).open("a") as file:
        file.write('"a lovely new film",good\n"a dull new film",bad\n')
    every = stages("fetch", "validate", "split", "tokenize", "audit", "train", "evaluate", "compare")
    assert repro(clone) == {name for name in every if "my_reviews" in name} | {"report"}


def test_bad_parameters_stop_the_run_before_anything_is_deleted(clone):
    before = snapshot(clone)
    edit(clone, {"classification": {"training": {"epochs": -1}}, "seedz": [1]})
    run = dvc(clone, "repro", check=False)
    assert run.returncode != 0
    assert "classification.training.epochs" in run.stderr
    assert "did you mean 'seeds'" in run.stderr
    assert "Traceback" not in run.stdout + run.stderr
    assert {name: content for name, content in snapshot(clone).items() if name != "params.yaml"} == {
        name: content for name, content in before.items() if name != "params.yaml"
    }


def test_twice_from_scratch_gives_the_same_bytes(made, tmp_path):
    again = new_clone(tmp_path)
    repro(again)
    first, second = snapshot(made), snapshot(again)
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name] and not may_differ(name)] == []


def may_differ(name: str) -> bool:
    """Tell what shows timings, or their hashes."""
    return "timings" in name or name == "reports/index.html" or name.endswith("dvc.lock")


def snapshot(clone: Path) -> dict[str, bytes]:
    """Return the content of everything that a run makes, and of params.yaml."""
    folders = ("data/raw", "data/prepared", "data/predictions", "models", "reports")
    files = [path for folder in folders for path in (clone / folder).rglob("*") if path.is_file()]
    files += [clone / "params.yaml", *clone.glob("dvc.lock"), *clone.glob("stages/**/dvc.lock")]
    return {str(path.relative_to(clone)): path.read_bytes() for path in files if path.name != ".gitignore"}


def train(clone: Path, **options) -> subprocess.Popen:
    command = [sys.executable, "-m", "stages.train", "my_reviews", "cnn"]
    return subprocess.Popen(command, cwd=clone, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)


def wait_for(condition, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


def test_a_killed_training_goes_on_and_ends_with_the_same_bytes(clone):
    edit(clone, {"classification": {"training": {"epochs": 8, "patience": 8}}})
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
    edit(clone, {"classification": {"training": {"epochs": 500, "patience": 500}}})
    parent = (
        "import subprocess, sys, time; child = subprocess.Popen("
        "[sys.executable, '-m', 'stages.train', 'my_reviews', 'cnn']); print(child.pid, flush=True); time.sleep(600)"
    )
    starter = subprocess.Popen([sys.executable, "-c", parent], cwd=clone, stdout=subprocess.PIPE, text=True)
    child = int(starter.stdout.readline())
    wait_for(lambda: list(clone.glob(".recur/checkpoints/*/1/history.json")))
    replicas = [int(pid) for pid in Path(f"/proc/{child}/task/{child}/children").read_text().split()]
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    for process in [child, *replicas]:
        wait_for(lambda process=process: not Path(f"/proc/{process}").exists(), 20)
