"""The stages from training to the report, on a small dataset; models are found by their files."""

import pandas as pd
import pytest

from stages.audit import audit
from stages.compare import compare
from stages.config.dataset import Dataset
from stages.config.resolved import ReportFile, read_resolved
from stages.evaluate import evaluate
from stages.report import gather, index, page_templates
from stages.runtime.files import read_json, write_json
from stages.tasks.forecasting.modeling.statistics import STATISTICS
from stages.tasks.forecasting.task import TASK
from stages.train import train
from tests.tasks.forecasting.small import ALL_MODELS, make_dataset

pytestmark = pytest.mark.xdist_group("keras")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> Dataset:
    """A dataset on which all models were trained and evaluated, and compared."""
    dataset = make_dataset(tmp_path_factory.mktemp("project"))
    audit(dataset)
    for model in ALL_MODELS:
        train(dataset, model)
        evaluate(dataset, model)
    compare(dataset)
    return dataset


@pytest.mark.parametrize("model", ALL_MODELS)
def test_predictions_are_of_the_same_blocks_and_give_the_metric(dataset, model):
    predictions = pd.read_parquet(dataset.predictions(model))
    first = pd.read_parquet(dataset.predictions(ALL_MODELS[0]))
    columns = list(TASK.item_columns)
    assert predictions[columns].equals(first[columns]) and predictions["id"].is_unique
    result = read_json(dataset.report("evaluation", model))
    assert TASK.per_seed(predictions).shape == (1, len(predictions), len(STATISTICS))
    of_seeds = TASK.primary.from_sums(TASK.per_seed(predictions).sum(axis=1))
    assert of_seeds.mean() == pytest.approx(result["metrics"]["mean"]["mase"], abs=1e-6)
    assert result["signature"]["items"] == len(predictions) and result["signature"]["windows"] == 2 * 41


@pytest.mark.parametrize("model", ALL_MODELS)
def test_an_evaluation_tells_of_steps_series_and_widths(dataset, model):
    result = read_json(dataset.report("evaluation", model))
    assert [row["step"] for row in result["by_step"]] == list(range(1, 9)) and set(result["by_series"]) == {"a", "b"}
    mean = result["metrics"]["mean"]
    assert sum(row["mase"] for row in result["by_step"]) / 8 == pytest.approx(mean["mase"], abs=1e-5)
    assert {"width_80", "width_95"} <= mean.keys() and mean["coverage_80"] <= mean["coverage_95"]
    assert set(read_json(dataset.report("metrics", model))) == {"mase", "pinball", "coverage_80"}
    forecasts = pd.read_csv(dataset.plot("forecasts", model))
    assert forecasts["window"].str.rpartition(": ")[0].unique().tolist() == ["drawn 1", "drawn 2", "drawn 3", "worst"]
    assert (forecasts.groupby("window").size() == 16 + 8).all()
    assert pd.read_csv(dataset.plot("residuals", model))["share"].sum() == pytest.approx(1)


def test_all_models_are_chosen_by_the_same_windows_of_validation(dataset):
    """A baseline's file of parameters holds training.validation_windows, and no more of `training`."""
    files = {model: read_json(dataset.paths.model_params("forecasting", model)) for model in ("naive", "gru")}
    assert files["naive"]["training"] == {"validation_windows": 40} and files["gru"]["training"]["patience"] == 3


def test_the_page_shows_forecasts_and_parts(dataset):
    write_json(dataset.report("validation"), {"success": True, "expectations": []})
    file = read_resolved(dataset.paths.resolved / "report.json", ReportFile)
    contexts, left_out = gather(dataset.paths, file)
    charts = TASK.charts(dataset, contexts["mine"])
    best = contexts["mine"]["compare"]["best"]
    assert charts["by_step"].startswith("<svg") and charts["residuals"].startswith("<svg")
    assert len(charts["forecasts"][best]) == 4
    page = index(dataset.paths, page_templates(contexts, left_out, file.confidence), contexts)
    assert "Parts: 2 series, a value every h; scaler: standard, fitted on train" in page
    assert "MASE of each of 2 series" in page and "Drawn 1: " in page
