"""What every classifier must do; models are found by their files."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stages.config.dataset import Dataset
from stages.nn.inputs import VECTORS
from stages.runtime.errors import UserError
from stages.tasks.classification.config import Training
from stages.tasks.classification.modeling.contract import Classifier
from stages.tasks.classification.modeling.network import (
    InputShapes,
    NeuralClassifier,
    build_network,
    set_initial_vectors,
)
from stages.tasks.classification.modeling.statistics import validation_scores
from stages.tasks.classification.modeling.texts import PreparedTexts
from stages.tasks.classification.modeling.training import fit_network
from stages.tasks.discovery import find_task
from stages.training.replica import Fit, Job
from stages.training.saved import model_module
from tests.tasks.classification.small import (
    ALL_MODELS,
    BASELINES,
    LABELS,
    MAXIMUM,
    NETWORKS,
    make_dataset,
    sentences,
    tiny_model,
)

pytestmark = pytest.mark.xdist_group("keras")

TRAINING = Training(min_steps=1, epochs=5, patience=2, batch_size=16, buckets=2)
OPTIONS: list[dict[str, Any]] = [
    {"layers": 2},
    {"recurrent_dropout": 0.1},
    {"pooling": "last"},
    {"pooling": "mean"},
    {"frozen": True},
    {"widths": (2,)},
    {"pool": 3},
]
VARIANTS = [
    (name, option) for name in NETWORKS for option in OPTIONS if option.keys() <= {*tiny_model(name).model_dump()}
]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> Dataset:
    return make_dataset(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def data(dataset) -> PreparedTexts:
    return PreparedTexts.open(dataset.prepared / "tokens")


def make_job(name: str, dataset: Dataset, folder: Path, seed: int = 1, **overrides: Any) -> Job:
    parameters = tiny_model(name, **overrides)
    return Job(dataset, name, parameters, TRAINING, seed, folder / "model", folder / "checkpoint")


def fit_model(name: str, dataset: Dataset, data: PreparedTexts, folder: Path, seed: int = 1) -> Fit:
    job = make_job(name, dataset, folder, seed)
    return fit_network(job, data) if name in NETWORKS else find_task("classification").fit_baseline(job, data)


def untrained(name: str, data: PreparedTexts, seed: int | None = 1, **overrides: Any) -> NeuralClassifier:
    shapes = InputShapes.of(data, TRAINING)
    return build_network(name, tiny_model(name, **overrides), data.preprocessor, shapes, seed)


def load(name: str, folder: Path, data: PreparedTexts) -> Classifier:
    """Return a classifier from the folder that it was saved to."""
    if name in BASELINES:
        return model_module("classification", name).Model.load(folder)
    shapes = InputShapes.read(folder)
    network = build_network(name, tiny_model(name), data.preprocessor, shapes)
    network.load_weights(folder)
    return network


@pytest.fixture(scope="module", params=ALL_MODELS)
def fitted(request, dataset, data, tmp_path_factory) -> tuple[str, Fit]:
    return request.param, fit_model(request.param, dataset, data, tmp_path_factory.mktemp("checkpoints"))


def test_learns_what_a_word_tells_in_the_texts_that_count(fitted):
    name, fit = fitted
    texts, labels = sentences(200, seed=7)
    probs = fit.model.predict(texts)
    assert probs.shape == (200, 3)
    np.testing.assert_allclose(probs.sum(axis=1), 1, atol=1e-6)
    constant = name in BASELINES and (probs == probs[0]).all()  # the floor, which looks at no text
    assert (probs.argmax(axis=1) == labels).mean() > (0.2 if constant else 0.7)


def test_what_is_said_of_a_fit(fitted, data):
    name, fit = fitted
    validation = data.examples("validation")
    assert fit.validation == pytest.approx(
        validation_scores(validation.labels, fit.model.predict(validation.inputs)), abs=1e-6
    )
    assert fit.examples == max(len(fit.epochs), 1) * len(data.part("train").labels)
    assert bool(fit.epochs) == (name in NETWORKS)
    if fit.epochs:
        assert fit.validation["accuracy"] == max(row["accuracy"] for row in fit.epochs)


def test_a_saved_model_predicts_the_same(fitted, data, tmp_path):
    name, fit = fitted
    texts, _ = sentences(50, seed=8)
    fit.model.save(tmp_path)
    loaded = load(name, tmp_path, data)
    np.testing.assert_array_equal(loaded.predict(texts), fit.model.predict(texts))
    assert loaded.num_params() == fit.model.num_params() > 0
    assert not [path for path in tmp_path.rglob("*") if path.suffix in {".pkl", ".pickle", ".joblib"}]


def test_an_empty_text_and_unknown_words_are_answered(fitted):
    _, fit = fitted
    assert np.isfinite(fit.model.predict(["", "zzz qqq", "goodly"])).all()


@pytest.mark.parametrize("fitted", NETWORKS, indirect=True)
def test_an_empty_text_gets_the_prior(fitted):
    _, fit = fitted
    np.testing.assert_allclose(fit.model.predict(["", " "]), [fit.model.shapes.prior] * 2)


@pytest.mark.parametrize("fitted", NETWORKS, indirect=True)
def test_padding_never_changes_a_prediction(fitted):
    _, fit = fitted
    assert_padding_changes_nothing(fit.model)


@pytest.mark.parametrize(("name", "option"), VARIANTS)
def test_padding_never_changes_a_prediction_of_a_variant(name, option, data):
    assert_padding_changes_nothing(untrained(name, data, **option))


def assert_padding_changes_nothing(network: NeuralClassifier) -> None:
    """Check that a text is answered alike alone, among others, and in the longest bucket."""
    texts, _ = sentences(40, seed=9)
    alone = np.concatenate([network.predict([text]) for text in texts])
    together = network.predict(texts)
    longest = replace(network.shapes, lengths=[MAXIMUM])
    padded = NeuralClassifier(network.model, network.preprocessor, longest).predict(texts)
    np.testing.assert_allclose(alone, together, atol=1e-5)
    np.testing.assert_allclose(padded, together, atol=1e-5)


@pytest.mark.parametrize("fitted", NETWORKS, indirect=True)
def test_a_longer_text_is_cut_at_its_end(fitted):
    _, fit = fitted
    beginning = " ".join(["word1"] * MAXIMUM)
    probs = fit.model.predict([beginning, f"{beginning} goodly goodly"])
    np.testing.assert_array_equal(probs[0], probs[1])


@pytest.mark.parametrize("fitted", NETWORKS, indirect=True)
def test_attention_weights_sum_to_one_over_a_texts_tokens(fitted):
    _, fit = fitted
    if not fit.model.attends:
        pytest.skip("has no attention")
    texts = ["word1 goodly word2", "", " ".join(["word1"] * (MAXIMUM + 5)), "goodly"]
    ids = fit.model.cut([np.asarray(encoding.ids) for encoding in fit.model.preprocessor.tokenizer.encode_batch(texts)])
    weights = fit.model.attention_weights(ids)
    assert [len(of_text) for of_text in weights] == [3, 0, MAXIMUM, 1]
    assert len({of_text.shape[1] for of_text in weights}) == 1
    for of_text in weights[0], weights[2], weights[3]:
        np.testing.assert_allclose(of_text.sum(axis=0), 1, atol=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_tokens_start_from_the_prepared_vectors(name, data):
    network, start = untrained(name, data), untrained(name, data)
    set_initial_vectors(network.model, tiny_model(name), data)
    table, random = (np.array(each.model.get_layer(VECTORS).embeddings) for each in (network, start))
    vectors = data.initial_vectors(16)
    covered = vectors.any(axis=1)
    np.testing.assert_array_equal(table[covered][:, :12], vectors[covered])
    np.testing.assert_array_equal(table[covered][:, 12:], random[covered][:, 12:])
    np.testing.assert_array_equal(table[~covered], random[~covered])
    set_initial_vectors(start.model, tiny_model(name, vectors="random"), data)
    np.testing.assert_array_equal(np.array(start.model.get_layer(VECTORS).embeddings), random)


def test_vectors_of_a_file_need_the_models_width(dataset, data, tmp_path):
    name = NETWORKS[0]
    with pytest.raises(UserError, match="the vectors of the file are 12 wide, the model's 16: set embedding: 12"):
        fit_network(make_job(name, dataset, tmp_path), replace(data, vectors_from="file"))


def test_labels_are_those_of_train(data):
    assert data.labels == LABELS


@pytest.mark.parametrize("name", ["tfidf_logreg", "nbsvm"])
def test_validation_chooses_what_n_grams_are_of(name, tmp_path):
    """Of words that never come again, their letters still tell the label."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 300)
    texts = ["".join(rng.choice(list("acgt"), 12)) + ("aggag" if label else "tcctc") for label in labels]
    dataset = make_dataset(tmp_path, {"all": pd.DataFrame({"text": texts, "label": labels})}, entry={})
    parameters = tiny_model(name, ngrams_of=("word", "character"), character_ngrams=5)
    model = model_module("classification", name).Model.fit(parameters, PreparedTexts.open(dataset.prepared / "tokens"))
    assert model.options["analyzer"] == "char"
    assert (model.predict(["ccccaggag", "aaaatcctc"]).argmax(axis=1) == [1, 0]).all()
    model.save(tmp_path)
    again = model_module("classification", name).Model.load(tmp_path)
    np.testing.assert_array_equal(again.predict(texts[:9]), model.predict(texts[:9]))


def test_texts_without_a_frequent_n_gram_are_refused_in_words(tmp_path):
    table = pd.DataFrame({"text": [f"word{n}" for n in range(200)], "label": ["a", "b"] * 100})
    dataset = make_dataset(tmp_path, {"all": table}, entry={})
    data = PreparedTexts.open(dataset.prepared / "tokens")
    with pytest.raises(UserError, match="no n-gram that stands in enough of them: lower minimum_texts, or add"):
        model_module("classification", "tfidf_logreg").Model.fit(tiny_model("tfidf_logreg", minimum_texts=2), data)
