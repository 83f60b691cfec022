"""The stages from training to the report, on a small dataset; models are found by their files."""

import json

import numpy as np
import pandas as pd
import pytest

from stages.audit import audit
from stages.compare import compare
from stages.config.dataset import Dataset
from stages.evaluate import evaluate
from stages.report import report
from stages.runtime.files import write_json
from stages.split import split
from stages.tasks.classification.task import TASK
from stages.train import train
from tests.tasks.classification.small import ALL_MODELS, LABELS, NETWORKS, labelled, make_dataset, official_parts

pytestmark = pytest.mark.xdist_group("keras")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> Dataset:
    """A dataset on which all models were trained, evaluated and compared."""
    files = {"mine": labelled(200, 0).drop(columns="weight")}
    entry = {"tokenizer": {"maximum_length": 24}, "split": {"validation": 0.2, "test": 0.2, "tolerance": 0.5}}
    dataset = make_dataset(tmp_path_factory.mktemp("project"), files, entry=entry, seeds=[1, 2])
    write_json(dataset.report("audit"), {"dataset": "mine", "passed": True, "rows": {}, "findings": {"labels": []}})
    validation = {"success": True, "files": [{"name": "mine.csv"}], "rows_read": 200, "rows_dropped": {"blank line": 1}}
    write_json(dataset.report("validation"), validation | {"labels": dict.fromkeys(LABELS, 60), "expectations": []})
    for model in ALL_MODELS:
        train(dataset, model)
        evaluate(dataset, model)
    compare(dataset)
    return dataset


def evaluation(dataset: Dataset, model: str) -> dict:
    return json.loads(dataset.report("evaluation", model).read_text())


@pytest.mark.parametrize("model", ALL_MODELS)
def test_predictions_are_of_the_same_texts_and_give_the_metrics(dataset, model):
    predictions = pd.read_parquet(dataset.predictions(model))
    test = pd.read_parquet(dataset.part("test"))
    seeds = [1, 2] if model in NETWORKS else [1]
    assert predictions["id"].tolist() == test["id"].tolist() * len(seeds)
    probs = predictions[[f"probability.{label}" for label in LABELS]].to_numpy()
    np.testing.assert_allclose(probs.sum(axis=1), 1, atol=1e-6)
    assert predictions["predicted"].tolist() == np.array(LABELS)[probs.argmax(axis=1)].tolist()
    statistics = TASK.per_seed(predictions)
    assert statistics.shape[:2] == (len(seeds), len(test))
    mean = evaluation(dataset, model)["metrics"]["mean"]
    for metric in TASK.metrics:
        assert metric.from_sums(statistics.sum(axis=1)).mean() == pytest.approx(mean[metric.name], abs=1e-6)
    of_seeds = TASK.primary.from_sums(TASK.per_seed(predictions).sum(axis=1))
    assert of_seeds.mean() == pytest.approx(mean["accuracy"], abs=1e-6)
    headline = json.loads(dataset.report("metrics", model).read_text())
    assert headline == {name: mean[name] for name in ("accuracy", "macro_f1", "log_loss")}


@pytest.mark.parametrize("model", ALL_MODELS)
def test_details(dataset, model):
    result = evaluation(dataset, model)
    signature = result["signature"]
    assert (signature["part"], signature["items"]) == ("test", len(pd.read_parquet(dataset.part("test"))))
    assert signature["split"] == json.loads(dataset.report("split").read_text())["parts"]["test"]["hash"]
    assert sum(row["support"] for row in result["by_class"].values()) == signature["items"]
    assert list(result["by_class"]) == LABELS
    assert 1 <= len(result["by_length"]) <= 4
    assert all(row["from"] <= row["to"] for key in ("by_length", "by_unknown") for row in result[key])
    examples = json.loads(dataset.report("examples", model).read_text())
    assert all(example["label"] != example["predicted"] for example in examples["mistakes"])
    confidences = [example["confidence"] for example in examples["mistakes"]]
    assert confidences == sorted(confidences, reverse=True)
    assert len(pd.read_csv(dataset.plot("confusion", model))) == signature["items"]


def test_a_model_that_attends_shows_where(dataset):
    examples = [json.loads(dataset.report("examples", model).read_text())["attended"] for model in ALL_MODELS]
    shown = [attended for attended in examples if attended]
    assert shown
    for attended in shown:
        assert list(attended) == ["most confident and right", "most confident and wrong", "random"]
        for example in attended["random"]:
            assert sum(token["weight"] for token in example["tokens"]) == pytest.approx(1, abs=1e-4)


def test_predictions_of_some_seeds(dataset):
    saved = TASK.load(dataset.model(NETWORKS[0]))
    texts = ["word1 goodly", "", "badly"]
    both = dict(saved.predict(texts))
    (seed, probs), *others = saved.predict(texts, [2])
    assert (list(both), seed, others) == ([1, 2], 2, [])
    np.testing.assert_array_equal(probs, both[2])
    np.testing.assert_array_equal(dict(saved.predict(texts, rows=saved.encode(texts)))[1], both[1])


def test_the_report(dataset):
    report(dataset.paths)
    page = (dataset.paths.reports / "index.html").read_text()
    for words in (
        "Long texts and short ones",
        "Unknown words",
        "Precision and recall",
        "the same label for every text",
    ):
        assert words in page
    for metric in TASK.metrics:
        assert metric.title in page
    examples = (dataset.paths.reports / "examples.html").read_text()
    assert "Most confident and right" in examples and "<mark" in examples and "goodly" in examples


@pytest.mark.parametrize("model", ALL_MODELS)
def test_a_label_that_train_lacks_counts_as_wrong(dataset, tmp_path, model):
    other = Dataset(type(dataset.paths)(tmp_path), dataset.task, dataset.name)
    other.part("test").parent.mkdir(parents=True)
    test = pd.DataFrame({"id": ["1", "2"], "text": ["goodly", "x"], "label": ["good", "late"]})
    test.to_parquet(other.part("test"))
    result = TASK.evaluate(TASK.load(dataset.model(model)), other, None)
    assert list(result.details["by_class"]) == [*LABELS, "late"]
    assert result.details["unseen_labels"] == {"late": 1}
    assert all(scores["accuracy"] <= 0.5 and scores["log_loss"] > 17 for scores in result.scores.values())
    assert result.predictions["probability.late"].eq(0).all()
    (remark,) = result.remarks
    assert remark.startswith("1 of 2 test items have a label that train lacks ('late'): every answer to them is wrong")
    statistics = TASK.per_seed(result.predictions)
    assert TASK.primary.from_sums(statistics.sum(axis=1)).mean() == pytest.approx(
        np.mean([scores["accuracy"] for scores in result.scores.values()])
    )


def test_official_parts_with_other_labels_are_measured_as_they_are(tmp_path, capsys):
    files = {f"my_{name}": part.copy() for name, part in official_parts().items()}
    for name, label in (("my_validation", "late"), ("my_test", "later"), ("my_train", "early")):
        files[name].iloc[0, files[name].columns.get_loc("label")] = label
    dataset = make_dataset(tmp_path, files)
    audit(dataset)
    train(dataset, "tfidf_logreg")
    evaluate(dataset, "tfidf_logreg")
    said = capsys.readouterr().err
    for words in (
        "note: validation has 1 label(s) that train lacks ('late' has 1 row(s))",
        "note: test has 1 label(s) that train lacks ('later' has 1 row(s))",
        "note: test lacks 1 of train's labels: 'early'",
        " test items have a label that train lacks ('later')",
    ):
        assert words in said
    report = json.loads(dataset.report("split").read_text())
    assert len(report["remarks"]) == 4 and report["official"] == ["test", "train", "validation"]
    result = evaluation(dataset, "tfidf_logreg")
    assert result["unseen_labels"] == {"later": 1} and result["by_class"]["later"]["support"] == 1
    assert result["metrics"]["mean"]["accuracy"] < 1


def test_official_parts_are_files_of_their_names(tmp_path):
    dataset = make_dataset(tmp_path)
    split(dataset)
    result = json.loads(dataset.report("split").read_text())
    assert result["official"] == ["test", "train", "validation"]
    assert set(pd.read_parquet(dataset.part("train"))) == {"id", "text", "label", "weight"}
