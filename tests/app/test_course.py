"""How far a run is: the stages that are left, what they took before, and which of DVC's lines are shown."""

import pytest

from stages.app import course as module
from stages.app.course import Course, addresses
from stages.config.paths import Paths
from stages.runtime.files import read_json, write_json
from tests.tasks.classification.small import make_dataset

FETCH, TRAIN = "stages/classification/dvc.yaml:fetch@mine", "stages/classification/dvc.yaml:train@mine-cnn"


@pytest.fixture
def clock(monkeypatch):
    """Return a list whose last value is the time."""
    times = [0.0]
    monkeypatch.setattr(module, "monotonic", lambda: times[-1])
    return times


def test_a_datasets_stages_are_those_of_its_graph(tmp_path):
    stages = addresses(make_dataset(tmp_path))
    assert stages[0] == FETCH and stages[-1].endswith("compare@mine") and stages.count(TRAIN) == 1
    assert len(stages) == len(set(stages))


def test_a_run_is_counted_and_timed(tmp_path, clock):
    write_json(tmp_path / "reports/timings/train/mine/cnn.json", {"wall_seconds": 600})
    course = Course(Paths(tmp_path), ["check", FETCH, TRAIN, "report"])
    assert course.follow("Stage 'check' didn't change, skipping") is None
    assert course.follow(f"Running stage '{FETCH}':") == f"[2 of 4] {FETCH}, up to 10 min left"
    clock.append(50.0)
    assert course.follow(f"Running stage '{TRAIN}':") == f"[3 of 4] {TRAIN}, up to 10 min left"
    clock.append(350.0)
    course.end_stage()
    assert read_json(tmp_path / ".recur/seconds.json") == {FETCH: 50.0, TRAIN: 300.0}
    assert course.follow("Stage 'report' is cached - skipping run, checking out outputs") is None
    assert course.summary() == "4 stages: 2 ran, 2 were up to date"
    again = Course(Paths(tmp_path), ["check", FETCH, TRAIN, "report"])
    assert again.follow("Running stage 'check':") == "[1 of 4] check, up to 6 min left"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("mine-cnn: 3 run(s), accuracy 0.9 on validation", True),
        ("note: 1 dropped (repeated text)", True),
        ("", False),
        ("> python -m stages.train mine cnn", False),
        ("> sh mine.sh", True),
        ("Updating lock file 'dvc.lock'", False),
        ("To track the changes with git, run:", False),
        ("\tgit add dvc.lock reports/index.html", False),
        ("Use `dvc push` to send your updates to remote storage.", False),
    ],
)
def test_what_dvc_says_each_time_is_left_out(tmp_path, line, shown):
    assert Course(Paths(tmp_path), []).follow(line) == (line if shown else None)
