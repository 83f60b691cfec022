"""The stages from training to the report's context, on a small dataset; models are found by their files."""

import json

import pandas as pd
import pytest

from stages.config.dataset import Dataset
from stages.evaluate import evaluate
from stages.generate import generate
from stages.tasks.discovery import find_task
from stages.train import train
from tests.tasks.generation.small import ALL_MODELS, make_dataset

pytestmark = pytest.mark.xdist_group("keras")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> Dataset:
    """A dataset on which all models were trained, evaluated and sampled."""
    dataset = make_dataset(tmp_path_factory.mktemp("project"))
    for model in ALL_MODELS:
        train(dataset, model)
        evaluate(dataset, model)
        generate(dataset, model)
    return dataset


def evaluation(dataset: Dataset, model: str) -> dict:
    return json.loads(dataset.report("evaluation", model).read_text())


@pytest.mark.parametrize("model", ALL_MODELS)
def test_predictions_are_of_the_same_blocks_and_give_the_metric(dataset, model):
    task, predictions = find_task("generation"), pd.read_parquet(dataset.predictions(model))
    first = pd.read_parquet(dataset.predictions(ALL_MODELS[0]))
    columns = list(task.item_columns)
    assert predictions[columns].equals(first[columns])
    assert task.per_seed(predictions).shape == (1, len(predictions), 3)
    mean = evaluation(dataset, model)["metrics"]["mean"]["bits_per_character"]
    of_seeds = task.primary.from_sums(task.per_seed(predictions).sum(axis=1))
    assert of_seeds.mean() == pytest.approx(mean, abs=1e-6)
    assert set(json.loads(dataset.report("metrics", model).read_text())) == {"bits_per_character", "word_perplexity"}


@pytest.mark.parametrize("model", ALL_MODELS)
def test_an_upper_bound_is_marked_and_has_no_places_in_a_window(dataset, model):
    result = evaluation(dataset, model)
    assert bool(result["by_position"]) != result["signature"]["upper_bound"]
    assert result["signature"]["context"]


@pytest.mark.parametrize("model", ALL_MODELS)
def test_samples(dataset, model):
    report = json.loads(dataset.report("generate", model).read_text())
    examples = json.loads(dataset.report("examples", model).read_text())
    assert [row["temperature"] for row in report["rows"]] == [0, 1] and report["length"] == 60
    assert {len(text) for text in examples["samples"].values()} == {60}


def test_the_reports_context_and_its_chart(dataset):
    task = find_task("generation")
    models = {name: evaluation(dataset, name) | {"timings": {}} for name in ALL_MODELS}
    task.report_context(dataset, models)
    assert all({"generated", "examples"} <= model.keys() and model["timings"]["generate"] for model in models.values())
    assert task.charts(dataset, {"models": models})["by_position"].startswith("<svg")
    bounds = {name: model | {"by_position": []} for name, model in models.items()}
    assert task.charts(dataset, {"models": bounds}) == {"by_position": None}
