"""tools/ci.sh on a small project of the same shape as Recur's, in shallow clones with a DVC remote on this disk."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CI = Path(__file__).parents[1] / "tools/ci.sh"

DATASETS = {"a": {"rows": 3}, "b": {"rows": 4}}
MODELS = {"small": 1, "large": 2}
PARAMS = {"text": {"datasets": DATASETS, "models": MODELS}, "bootstrap": 10}

DVC_YAML = """
stages:
  check:
    cmd: python -m stages.check
    deps: [stages/check.py]
    params: [{params.yaml: }]
    outs: [{data/params: {cache: false, persist: true}}]
  report:
    cmd: cat reports/compare/* > reports/leaderboard.md
    deps: [reports/compare]
    outs: [{reports/leaderboard.md: {cache: false}}]
"""
TASK_YAML = """
vars: [../../params.yaml]
stages:
  fetch:
    matrix: {dataset: "${text.datasets}"}
    wdir: ../..
    cmd: python work.py fetch ${item.dataset}
    deps: ["data/params/datasets/${item.dataset}.json"]
    outs: ["data/raw/${item.dataset}"]
  train:
    matrix: {dataset: "${text.datasets}", model: "${text.models}"}
    wdir: ../..
    cmd: python work.py train ${item.dataset} ${item.model}
    deps: ["data/params/models/${item.model}.json", "data/raw/${item.dataset}"]
    outs: ["models/${item.dataset}/${item.model}"]
  evaluate:
    matrix: {dataset: "${text.datasets}", model: "${text.models}"}
    wdir: ../..
    cmd: python work.py evaluate ${item.dataset} ${item.model}
    deps: ["models/${item.dataset}/${item.model}"]
    outs: ["data/predictions/${item.dataset}/${item.model}"]
    metrics: [{"reports/metrics/${item.dataset}/${item.model}.json": {cache: false}}]
  compare:
    matrix: {dataset: "${text.datasets}"}
    wdir: ../..
    cmd: python work.py compare ${item.dataset}
    deps: [data/params/bootstrap.json, "data/predictions/${item.dataset}"]
    outs: [{"reports/compare/${item.dataset}": {cache: false}}]
"""

# Every file's content says what it is and what it was made from, so that what was downloaded can be told.
WORK = """
import json, sys
from pathlib import Path

stage, dataset, model = (sys.argv[1:] + [""])[:3]

def params(name):
    return json.loads(Path("data/params", name + ".json").read_text())

def write(name, text):
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text)

if stage == "fetch":
    write(f"data/raw/{dataset}", f"raw {dataset}: " + "x" * params(f"datasets/{dataset}")["rows"])
elif stage == "train":
    factor = params(f"models/{model}")
    if factor < 0:
        sys.exit("error: a negative size")
    size = Path(f"data/raw/{dataset}").read_text().count("x") * factor
    write(f"models/{dataset}/{model}", f"model {dataset} {model}: {size}")
elif stage == "evaluate":
    size = int(Path(f"models/{dataset}/{model}").read_text().split()[-1])
    write(f"data/predictions/{dataset}/{model}", f"predictions {dataset} {model}: {size}")
    write(f"reports/metrics/{dataset}/{model}.json", json.dumps({"score": size}))
elif stage == "compare":
    predictions = [path.read_text() for path in sorted(Path("data/predictions", dataset).iterdir())]
    write(f"reports/compare/{dataset}", f"bootstrap {params('bootstrap')}: {predictions}\\n")
"""

# It writes what stages depend on, and touches only what changed.
CHECK = """
import json, sys
from pathlib import Path

params = json.loads(Path("params.yaml").read_text())
if "bootstrap" not in params:
    print("error: bootstrap is missing", file=sys.stderr)
    sys.exit(2)
files = {"bootstrap": params["bootstrap"]}
for kind in ("datasets", "models"):
    files |= {f"{kind}/{name}": value for name, value in params["text"][kind].items()}
for name, value in files.items():
    path = Path("data/params", name + ".json")
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != json.dumps(value):
        path.write_text(json.dumps(value))
"""


def of_task(*names: str) -> set[str]:
    return {f"stages/text/dvc.yaml:{name}" for name in names}


PREDICTIONS = {f"data/predictions/{dataset}/{model}" for dataset in "ab" for model in ("small", "large")}
COMPARED = {"check", "report"} | of_task("compare@a", "compare@b")
LARGE_AGAIN = of_task("train@a-large", "train@b-large", "evaluate@a-large", "evaluate@b-large") | COMPARED
# Those whose outputs are not in Git; what follows them finds its inputs as they were.
MADE_AGAIN = of_task(
    *(f"fetch@{dataset}" for dataset in "ab"),
    *(f"{stage}@{dataset}-{model}" for stage in ("train", "evaluate") for dataset in "ab" for model in MODELS),
)


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    """The environment of a machine that holds no other configuration of Git and DVC."""
    home = tmp_path_factory.mktemp("home")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT", "DVC", "BASE"))}
    who = {f"GIT_{role}_{part}": "test@example.org" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    folders = {f"DVC_{name}": str(home / name) for name in ("GLOBAL_CONFIG_DIR", "SYSTEM_CONFIG_DIR", "SITE_CACHE_DIR")}
    return {
        **kept,
        **who,
        **folders,
        "HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "DVC_NO_ANALYTICS": "1",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }


@pytest.fixture(scope="module")
def origin(tmp_path_factory, machine):
    """A project whose results are committed, and whose data are in a DVC remote."""
    root = tmp_path_factory.mktemp("origin")
    project = root / "project"
    files = {"dvc.yaml": DVC_YAML, "stages/text/dvc.yaml": TASK_YAML, "work.py": WORK}
    files |= {"stages/__init__.py": "", "stages/check.py": CHECK}
    ignored = {".gitignore": "/data/raw/\n/data/predictions/\n/models/\n__pycache__/\n"}
    config = f"[core]\n    analytics = false\n    remote = store\n['remote \"store\"']\n    url = {root / 'store'}\n"
    for name, content in {**files, **ignored, "params.yaml": json.dumps(PARAMS)}.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(content)
    (project / "tools").mkdir()
    shutil.copy(CI, project / "tools")
    call(project, machine, "git", "init", "--quiet", "--initial-branch=main")
    call(project, machine, "dvc", "init", "--quiet")
    (project / ".dvc/config").write_text(config)
    call(project, machine, sys.executable, "-m", "stages.check")
    call(project, machine, "dvc", "repro", "--quiet")
    call(project, machine, "dvc", "push", "--quiet")
    commit(project, machine)
    return project


@pytest.fixture
def clone(tmp_path, origin, machine):
    """A shallow clone, as continuous integration makes it: no data, no cache."""
    call(tmp_path, machine, "git", "clone", "--quiet", "--depth", "1", origin.as_uri(), "clone")
    return tmp_path / "clone"


def call(folder, machine, *command):
    done = subprocess.run(command, cwd=folder, env=machine, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


def commit(project, machine):
    call(project, machine, "git", "add", "--all")
    call(project, machine, "git", "commit", "--quiet", "--message", "a change")


def change(project, models=MODELS, **params):
    text = {"datasets": DATASETS, "models": models}
    (project / "params.yaml").write_text(json.dumps(PARAMS | {"text": text} | params))


def run_ci(project, machine, *arguments, **environment):
    command = ["sh", "tools/ci.sh", *arguments]
    environment = machine | environment
    return subprocess.run(
        command, cwd=project, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def ran(done):
    return set(re.findall(r"^Running stage '(.+)':$", done.stdout, re.MULTILINE))


def downloaded(project, origin):
    """Which of the origin's outputs stand in a project's DVC cache."""
    outputs = [path for folder in ("data", "models") for path in (origin / folder).rglob("*") if path.is_file()]
    names = {path.read_text(): path.relative_to(origin).as_posix() for path in outputs}
    cached = (project / ".dvc/cache/files").rglob("*")
    return {names[path.read_text()] for path in cached if path.is_file() and path.read_text() in names}


@pytest.mark.parametrize(
    ("params", "stages", "data", "row"),
    [
        pytest.param(
            {"models": {"small": 1, "large": 5}},
            LARGE_AGAIN,
            PREDICTIONS | {"data/raw/a", "data/raw/b"},
            r"reports/metrics/a/large\.json +\| score +\| 6 +\| 15 +\| 9 ",
            id="a model",
        ),
        pytest.param({"bootstrap": 20}, COMPARED, PREDICTIONS, "No metric changed", id="the comparison"),
    ],
)
def test_a_changed_parameter_runs_and_downloads_only_what_it_needs(
    clone, origin, machine, tmp_path, params, stages, data, row
):
    change(clone, **params)
    commit(clone, machine)
    summary = tmp_path / "summary.md"
    summary.write_text("what earlier steps said\n")

    done = run_ci(clone, machine, BASE="HEAD^", GITHUB_STEP_SUMMARY=str(summary))

    assert done.returncode == 0, done.stdout + done.stderr
    assert ran(done) == stages
    assert downloaded(clone, origin) == data
    text = summary.read_text()
    assert text.startswith("what earlier steps said\n")
    assert "**dvc.lock is stale**" in text
    assert f"{len(stages)} stages ran: " in text
    assert "## Metrics against HEAD^" in text
    assert re.search(row, text), text
    assert (clone / "reports/leaderboard.md").read_text().strip() in text
    assert re.search(r"## Not as committed\n\n     dvc\.lock +\| [^#]*     stages/text/dvc\.lock +\| ", text), text
    assert "## Leaderboard" not in done.stdout, "the summary belongs to its file"


def test_nothing_changed_runs_and_downloads_nothing(clone, origin, machine):
    done = run_ci(clone, machine, "nowhere")

    assert done.returncode == 0, done.stdout + done.stderr
    assert ran(done) == set()
    assert downloaded(clone, origin) == set()
    for sentence in ("dvc.lock describes", "No stage had to run.", "no commit `nowhere`", "No metric changed."):
        assert sentence in done.stdout
    assert "## Metrics against HEAD\n" in done.stdout
    assert "Not as committed" not in done.stdout


def test_without_a_remote_what_git_lacks_is_made_once(clone, machine):
    (clone / ".dvc/config").write_text("[core]\n    analytics = false\n")

    first = run_ci(clone, machine)
    assert (first.returncode, ran(first)) == (0, MADE_AGAIN), first.stdout + first.stderr
    for folder in ("data", "models"):
        shutil.rmtree(clone / folder)
    second = run_ci(clone, machine)

    assert "no default DVC remote" in first.stdout
    assert "dvc.lock describes" in first.stdout, "missing data alone does not make dvc.lock stale"
    assert (second.returncode, ran(second)) == (0, set()), "what the local cache holds is not made again"


def test_a_failing_stage_fails_the_run_and_is_told(clone, machine):
    change(clone, models={"small": 1, "large": -1})

    done = run_ci(clone, machine)

    assert done.returncode == 255
    assert "**The pipeline failed** with exit code 255" in done.stdout
    assert "    error: a negative size" in done.stdout
    assert "failed to reproduce 'stages/text/dvc.yaml:train@" in done.stdout


def test_bad_parameters_stop_before_any_stage(clone, machine):
    (clone / "params.yaml").write_text(json.dumps({"text": PARAMS["text"]}))

    done = run_ci(clone, machine)

    assert done.returncode == 2
    assert ran(done) == set()
    assert "    error: bootstrap is missing" in done.stdout
