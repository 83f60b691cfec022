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
from stages.tasks.seq2seq.evaluation import names, worst_rows
from stages.tasks.seq2seq.modeling.statistics import COLUMNS
from stages.tasks.seq2seq.task import TASK
from stages.train import train
from tests.tasks.seq2seq.small import ALL_MODELS, BASELINES, make_dataset

pytestmark = pytest.mark.xdist_group("keras")
HEADLINE = {"token_error_rate", "sequence_error_rate", "bleu", "chrf"}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> Dataset:
    """A dataset on which all models were trained, evaluated and compared."""
    dataset = make_dataset(tmp_path_factory.mktemp("project"))
    audit(dataset)
    for model in ALL_MODELS:
        train(dataset, model)
        evaluate(dataset, model)
    compare(dataset)
    return dataset


@pytest.mark.parametrize("model", ALL_MODELS)
def test_predictions_are_of_the_same_sources_and_give_the_metrics(dataset, model):
    predictions, test = pd.read_parquet(dataset.predictions(model)), pd.read_parquet(dataset.part("test"))
    assert predictions["id"].tolist() == test["id"].tolist()
    assert predictions["source_tokens"].tolist() == test["source"].map(len).tolist()
    assert TASK.per_seed(predictions).shape == (1, len(test), 1 + len(COLUMNS))
    result = read_json(dataset.report("evaluation", model))
    mean = result["metrics"]["mean"]
    of_seeds = TASK.primary.from_sums(TASK.per_seed(predictions).sum(axis=1))
    assert of_seeds.mean() == pytest.approx(mean["token_error_rate"], abs=1e-6)
    exact = [output in targets for output, targets in zip(predictions["output"], test["targets"], strict=True)]
    assert mean["exact_match"] == pytest.approx(sum(exact) / len(exact), abs=1e-6)
    assert mean["sequence_error_rate"] == pytest.approx(1 - mean["exact_match"], abs=1e-6)
    assert set(read_json(dataset.report("metrics", model))) == HEADLINE
    assert result["signature"]["items"] == sum(band["sources"] for band in result["by_length"]) == len(test)
    assert result["signature"]["beam"] == 2 and result["signature"]["tokens"] == "character to word"


@pytest.mark.parametrize("model", ALL_MODELS)
def test_greedy_outputs_are_those_of_a_beam_of_one(dataset, model):
    test, predictions = pd.read_parquet(dataset.part("test")), pd.read_parquet(dataset.predictions(model))
    [(seed, translator)] = TASK.load(dataset.model(model)).replicas()
    outputs = [best[0] for best in translator.translate(test["source"].tolist(), 1)]
    assert seed == 1 and [one.text for one in outputs] == predictions["greedy.output"].tolist()
    cut = read_json(dataset.report("evaluation", model))["cut"]
    assert cut == {
        "sources": 0,
        "beam": int((~predictions["ended"]).sum()),
        "greedy": sum(not o.ended for o in outputs),
    }


@pytest.mark.parametrize("model", ALL_MODELS)
def test_examples_are_the_same_sources_and_show_where_a_model_attends(dataset, model):
    examples = read_json(dataset.report("examples", model))
    first = read_json(dataset.report("examples", ALL_MODELS[0]))
    assert [row["id"] for row in examples["written"]] == [row["id"] for row in first["written"]]
    [(_, translator)] = TASK.load(dataset.model(model)).replicas()
    assert (examples["alignments"] is not None) == translator.attends
    for row, alignment in zip(examples["written"], examples["alignments"] or (), strict=False):
        assert alignment["source"] == [*row["source"], "⏎"]
        *written, end = alignment["output"]
        assert f" {row['output']}".startswith("".join(written)) and end == "⏎"  # of the longest the last is cut
        assert {len(weights) for weights in alignment["weights"]} == {len(alignment["source"])}


def test_all_models_are_chosen_by_the_same_sources_of_validation(dataset):
    """A baseline's file of parameters holds training.validation_sources, and no more of `training`."""
    for model in ALL_MODELS:
        training = read_json(dataset.paths.model_params("seq2seq", model))["training"]
        assert training["validation_sources"] == 1000 and (len(training) == 1) == (model in BASELINES)


def test_the_page_shows_lengths_searches_and_vocabularies(dataset):
    write_json(
        dataset.report("validation"), {"success": True, "expectations": [], "rows_read": 300, "rows_dropped": {}}
    )
    file = read_resolved(dataset.paths.resolved / "report.json", ReportFile)
    contexts, left_out = gather(dataset.paths, file)
    charts = TASK.charts(dataset, contexts["mine"])
    assert set(charts["by_length"]) == {"token_error_rate", "bleu"} and charts["lengths"].startswith("<svg")
    templates = page_templates(contexts, left_out, file.confidence)
    page = index(dataset.paths, templates, contexts)
    assert "Token error rate by the source’s length" in page and "beam of 2, means over seeds" in page
    assert "Train’s pairs not learned" in page
    assert 'aria-label="Alignment of luong"' in templates.get_template("examples.html.j2").render()


def test_the_worst_outputs_have_the_most_edits_for_their_length():
    predictions = pd.DataFrame({"edits": [2, 0, 3, 9], "units": [4, 3, 3, 3], "source_tokens": [5, 5, 5, 40]})
    assert worst_rows(predictions, longest=20).tolist() == [2, 0]


def test_names_to_be_copied_are_those_that_both_sides_have():
    sources, references = ["Y dijo Abner a Saúl"], [["And Abner said to Saul, David"]]
    predictions = pd.DataFrame({"seed": [1, 2], "output": ["And Abner said", "And he said"]})
    assert names(sources, references, predictions) == {"names": 2, "copied": 1}
    assert names(["a b"], [["A B"]], predictions) is None
