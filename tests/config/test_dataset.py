"""A dataset is found by its name among the resolved parameters, and knows where everything of it lies."""

from pathlib import Path

import pytest

from stages.config.dataset import Dataset
from stages.config.loader import params_type
from stages.config.paths import Paths
from stages.config.resolved import write_resolved
from stages.runtime.errors import ConfigError
from tests.toy_task import TASK, Section

PLACES = {
    "raw": "data/raw/mine",
    "vectors": "data/vectors/mine",
    "expectations": "data/expectations/mine.yaml",
    "prepared": "data/prepared/mine",
    "table": "data/prepared/mine/table.parquet",
}


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    sources = {name: {"source": {"path": f"{name}.txt"}} for name in ("mine", "yours")}
    params = params_type({"toy": Section}).model_validate({"toy": {"datasets": sources, "models": {"mean": {}}}})
    write_resolved(params, Paths(tmp_path))
    return Paths(tmp_path)


def test_a_dataset_is_found_with_its_task_and_its_parameters(paths):
    dataset = Dataset.find(paths, "mine")
    assert (dataset.task, dataset.name) == ("toy", "mine")
    split = TASK.section.model_fields["datasets"].annotation.__args__[1].model_fields["split"].annotation
    assert dataset.params("split", split).test == 0.2
    assert dataset.key("split.test") == "toy.datasets.mine.split.test"


def test_a_dataset_that_is_not_there(paths):
    with pytest.raises(ConfigError) as caught:
        Dataset.find(paths, "mien")
    assert str(caught.value) == f"{paths.params} has no dataset 'mien': did you mean 'mine'? valid: mine, yours"


def test_before_check_has_run(tmp_path):
    with pytest.raises(ConfigError, match=r"run `python -m stages\.check` first, which reads it"):
        Dataset.find(Paths(tmp_path), "mine")


def test_where_everything_lies(paths):
    dataset = Dataset.find(paths, "mine")
    assert {name: getattr(dataset, name).relative_to(paths.root).as_posix() for name in PLACES} == PLACES
    places = {
        dataset.part("test"): "data/prepared/mine/parts/test.parquet",
        dataset.predictions("gru"): "data/predictions/mine/gru.parquet",
        dataset.model("gru"): "models/mine/gru",
        dataset.report("split"): "reports/split/mine.json",
        dataset.report("timings/train", "gru"): "reports/timings/train/mine/gru.json",
        dataset.plot("lengths"): "reports/plots/lengths/mine.csv",
        dataset.plot("curves", "gru"): "reports/plots/curves/mine/gru.csv",
    }
    assert {path.relative_to(paths.root).as_posix() for path in places} == set(places.values())


def test_paths_are_below_the_root_and_by_default_relative():
    assert Paths().params == Path("params.yaml")
    for name in ("params", "resolved", "expectations", "watched", "models", "reports", "checkpoints"):
        assert getattr(Paths(Path("/project")), name).relative_to("/project") == getattr(Paths(), name)
