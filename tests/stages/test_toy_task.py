"""What a change costs: a task is one small folder, a metric one definition, a model one file and one entry."""

import json
import shutil
from pathlib import Path

import pytest

from tests.project import PROJECT, addresses, call, edit, hashes, replace, repro
from tools.quick import make_clone

TOY = PROJECT / "tests/toy"
PARAMS = """\
seeds: [1, 2]
toy:
  datasets:
    ramps: {source: {path: data/own/ramps.txt}}
  models:
    mean: {}
    gru: {units: 3}
"""
OF_DATASET = ("fetch", "validate", "split", "window", "audit", "compare")
OF_MODEL = ("train", "evaluate")
NEW_METRIC = """\
    Metric(
        name="mse",
        title="MSE",
        unit="points of MSE",
        from_sums=lambda sums: sums[..., 2] / sums[..., 0],
        explanation="Mean squared error, in the square of the unit.",
        higher_is_better=False,
        headline=True,
    ),
)


class Prepared("""

pytestmark = pytest.mark.xdist_group("toy")


def write_ramps(path: Path) -> None:
    """Write sequences that rise by steps of one size each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [" ".join(str(start + step * n) for n in range(6)) for start in range(-10, 10) for step in range(1, 7)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def sources(clone: Path) -> dict[str, str]:
    """Return the hashes of all files that people write."""
    files = hashes(clone, "stages", "tools", "tests", "docs", ".dvc/plots", "data/expectations")
    top = {path.name: path.read_text(encoding="utf-8") for path in clone.iterdir() if path.is_file()}
    return {name: value for name, value in (files | top).items() if not name.endswith("dvc.lock")}


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the toy task, in which the pipeline has run; params.yaml has no other section."""
    clone = tmp_path_factory.mktemp("toy") / "clone"
    make_clone(PROJECT, clone)
    shutil.copytree(TOY, clone, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    (clone / "params.yaml").write_text(PARAMS, encoding="utf-8")
    write_ramps(clone / "data/own/ramps.txt")
    before = sources(clone)
    assert repro(clone) == addresses("toy", "ramps", OF_DATASET + OF_MODEL, ("gru", "mean")) | {"check", "report"}
    added = {"data/expectations/ramps.yaml"}
    assert {name: value for name, value in sources(clone).items() if name not in added} == before
    return clone


@pytest.fixture
def clone(made: Path, tmp_path: Path) -> Path:
    """A copy of it, for one change."""
    shutil.copytree(made, tmp_path / "copy", symlinks=True)
    return tmp_path / "copy"


def summary(clone: Path) -> dict:
    return json.loads((clone / "reports/summary.json").read_text(encoding="utf-8"))["datasets"]["ramps"]


def test_a_task_is_at_most_nine_files_and_none_replaces_one_of_the_project(made):
    files = [path.relative_to(TOY) for path in TOY.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert len(files) <= 9
    assert not [path for path in files if (PROJECT / path).exists()]


def test_the_task_is_in_the_report(made):
    ramps = summary(made)
    assert ramps["best_baseline"] == "mean" and ramps["verdict"]
    assert set(ramps["models"]) == {"gru", "mean"}
    mae = ramps["models"]["gru"]["metrics"]["mae"]
    assert mae["low"] <= mae["mean"] <= mae["high"] and mae["seeds"] == 2
    assert ramps["models"]["mean"]["metrics"]["mae"]["seeds"] == 1
    page = (made / "reports/index.html").read_text(encoding="utf-8")
    assert 'id="dataset-ramps"' in page and "whose mean absolute deviation on test is" in page
    assert "Mean absolute error: by how much" in page
    leaderboard = (made / "reports/leaderboard.md").read_text(encoding="utf-8")
    assert "## ramps" in leaderboard and "| MAE ↓ | RMSE ↓ |" in leaderboard


def test_only_the_headline_metrics_are_dvcs(made):
    shown = json.loads(call(made, "dvc", "metrics", "show", "--json").stdout)[""]["data"]
    assert {name: sorted(file["data"]) for name, file in shown.items()} == {
        f"reports/metrics/ramps/{model}.json": ["mae"] for model in ("gru", "mean")
    }
    whole = json.loads((made / "reports/evaluation/ramps/gru.json").read_text(encoding="utf-8"))
    assert set(whole["metrics"]["mean"]) == {"mae", "rmse"} and set(whole["metrics"]["seeds"]) == {"1", "2"}


def test_learning_curves_are_in_the_order_of_the_seeds(made):
    header, *rows = (made / "reports/plots/curves/ramps/gru.csv").read_text(encoding="utf-8").splitlines()
    assert header == "seed,epoch,train_loss,validation_mae,validation_rmse"
    assert [row.split(",")[:2] for row in rows] == [[seed, str(epoch)] for seed in "12" for epoch in (1, 2, 3)]


def test_nothing_changed(made):
    assert repro(made) == set()


def test_a_new_metric_is_one_definition(clone):
    replace(clone / "stages/tasks/toy/task.py", ")\n\n\nclass Prepared(", NEW_METRIC)
    repro(clone)
    assert all("mse" in model["metrics"] for model in summary(clone)["models"].values())
    leaderboard = (clone / "reports/leaderboard.md").read_text(encoding="utf-8")
    page = (clone / "reports/index.html").read_text(encoding="utf-8")
    assert "| MSE ↓ |" in leaderboard
    assert ">MSE\u00a0↓</th>" in page and "Mean squared error, in the square of the unit." in page
    assert "mse" in json.loads((clone / "reports/metrics/ramps/gru.json").read_text(encoding="utf-8"))
    reference = call(clone, "python", "-c", "from tools.reference import summary; print(summary())").stdout
    assert "| mse | MSE | lower | Mean squared error, in the square of the unit. |" in reference


def test_a_new_model_is_one_file_and_one_entry(clone):
    models = clone / "stages/models/toy"
    shutil.copyfile(models / "mean.py", models / "last.py")
    replace(models / "last.py", "return windows.mean(1) + self.offset", "return windows[:, -1] + self.offset")
    edit(clone, {"toy": {"models": {"last": {}}}})
    ran = addresses("toy", "ramps", (*OF_MODEL, "compare"), ("last",))
    assert repro(clone) == ran | {"check", "report"}
    assert set(summary(clone)["models"]) == {"gru", "last", "mean"}


def test_a_models_file_reruns_that_model_alone(clone):
    with (clone / "stages/models/toy/mean.py").open("a", encoding="utf-8") as file:
        file.write("\n# changed\n")
    ran = addresses("toy", "ramps", (*OF_MODEL, "compare"), ("mean",)) | {"check", "report"}
    assert addresses("toy", "ramps", OF_MODEL, ("mean",)) <= repro(clone) <= ran


def test_a_default_in_the_code_reruns_what_it_changes(clone):
    replace(clone / "stages/tasks/toy/config.py", "length: int = Field(default=4,", "length: int = Field(default=3,")
    ran = addresses("toy", "ramps", ("window", "audit", "compare", *OF_MODEL), ("gru", "mean"))
    assert repro(clone) == ran | {"check", "report"}
    assert json.loads((clone / "reports/prepare/ramps.json").read_text(encoding="utf-8"))["length"] == 3


def test_a_default_of_a_model_reruns_that_model(clone):
    replace(clone / "stages/config/schema.py", "default=0.002, gt=0", "default=0.003, gt=0")
    ran = addresses("toy", "ramps", (*OF_MODEL, "compare"), ("gru",))
    assert repro(clone) == ran | {"check", "report"}


def test_a_default_of_the_evaluation_reruns_the_comparison(clone):
    replace(clone / "stages/config/schema.py", "default=0.95, gt=0.5, lt=1,", "default=0.9, gt=0.5, lt=1,")
    assert repro(clone) == addresses("toy", "ramps", ("compare",)) | {"check", "report"}
    assert "90 % intervals" in (clone / "reports/leaderboard.md").read_text(encoding="utf-8")


def test_bad_data_stop_the_run_with_file_and_row(clone):
    with (clone / "data/own/ramps.txt").open("a", encoding="utf-8") as file:
        file.write("1 2 x\n")
    done = call(clone, "dvc", "repro", check=False)
    assert done.returncode != 0 and "Traceback" not in done.stderr
    assert "error: ramps.txt, row 121: could not convert string to float: 'x'" in done.stderr
