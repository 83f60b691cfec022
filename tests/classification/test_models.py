"""The check that every classifier must pass. A new model costs one line in MODELS."""

from pathlib import Path

import numpy as np
import pytest

from stages.classification.data import Prepared
from stages.classification.models import NeuralParameters, Texts
from stages.classification.params import Models, Tokenizer, Training
from stages.classification.saved import Saved
from stages.classification.tokenizing import encode_part, fit, write_vectors
from stages.files import write_json, write_text

pytestmark = pytest.mark.xdist_group("keras")

SMALL = {"embedding": 16, "learning_rate": 0.02, "embedding_dropout": 0.1, "dropout": 0.1}
MODELS = {
    "majority": {},
    "tfidf_logreg": {},
    "nbsvm": {},
    "rnn": SMALL | {"units": 12},
    "lstm": SMALL | {"units": 12, "layers": 2},
    "gru": SMALL | {"units": 12, "recurrent_dropout": 0.1},
    "bilstm": SMALL | {"units": 8, "pooling": "last"},
    "attention": SMALL | {"units": 8, "heads": 2, "width": 8},
    "cnn": SMALL | {"filters": 8, "widths": (2, 3), "frozen": True},
    "cnn_lstm": SMALL | {"filters": 8, "units": 8},
}
NEURAL = [name for name in MODELS if issubclass(Saved.model_file(name).Parameters, NeuralParameters)]
TRAINING = Training(epochs=5, patience=2, batch_size=16, buckets=2)
LABELS = ["bad", "fine", "good"]
MAXIMUM = 24


def sentences(count: int, seed: int) -> tuple[list[str], np.ndarray]:
    """Return texts of 1 to 30 words, of which one tells the label."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, len(LABELS), count)
    texts = []
    for label in labels:
        words = random.choice([f"word{i}" for i in range(30)], random.integers(0, 30)).tolist()
        words.insert(int(random.integers(0, min(len(words), 20) + 1)), f"{LABELS[label]}ly")
        texts.append(" ".join(words))
    return texts, labels


def part_of(count: int, seed: int) -> Texts:
    """Return texts of which as many again have a wrong label, and count next to nothing in training."""
    texts, labels = sentences(count, seed)
    more, others = sentences(count, seed + 100)
    wrong = (others + 1) % len(LABELS)
    return Texts(texts + more, np.concatenate([labels, wrong]), np.repeat([2.0, 0.002], count))


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Prepared:
    import pandas as pd

    folder = tmp_path_factory.mktemp("prepared")
    choices = Tokenizer(maximum_length=MAXIMUM, vectors_width=12)  # narrower than the models': the rest is chance
    for seed, (part, count) in enumerate({"train": 300, "validation": 60}.items()):
        texts, labels, weights = part_of(count, seed)
        names = np.array(LABELS)[labels]
        table = pd.DataFrame({"id": range(2 * count), "text": texts, "label": names, "weight": weights})
        (table if part == "train" else table[:count]).to_parquet(folder / f"{part}.parquet")
    tokenizer = fit(iter([sentences(300, 0)[0]]), choices)
    tokens = folder / "tokens"
    tokens.mkdir()
    write_text(tokens / "tokenizer.json", tokenizer.to_str())
    write_json(tokens / "meta.json", {"labels": LABELS, "maximum_length": MAXIMUM, "vectors_from": "train"})
    for part in ("train", "validation"):
        encode_part(tokenizer, folder / f"{part}.parquet", tokens, LABELS, choices)
    write_vectors(tokenizer, tokens, folder / "no file", choices)
    return Prepared.open(tokens)


def train(name: str, data: Prepared, checkpoint: Path, seed: int = 1, stop: int = TRAINING.epochs):
    """Return a classifier of the small size above, trained until all epochs are done or it is stopped."""
    module = Saved.model_file(name)
    parameters = module.Parameters(**MODELS[name])
    if name in NEURAL:
        from stages.classification import neural
        from stages.training import Plan

        plan = Plan(stop, TRAINING.patience, "accuracy", TRAINING.averaging, checkpoint, name, 0, False)
        classifier = neural.build(module, parameters, data, TRAINING, seed)
        neural.fit(classifier, parameters, data, TRAINING, seed, plan)
        return classifier
    return module.Model.fit(parameters, part_of(300, 0), Texts(*sentences(60, 1), np.ones(60)), len(LABELS))


def load(name: str, folder: Path, data: Prepared):
    """Return a classifier from the folder that it was saved to."""
    module = Saved.model_file(name)
    if name in NEURAL:
        from stages.classification.neural import NeuralClassifier

        return NeuralClassifier.load(folder, module, module.Parameters(**MODELS[name]), data.tokenizer())
    return module.Model.load(folder)


@pytest.fixture(scope="module", params=MODELS)
def trained(request, data, tmp_path_factory):
    return request.param, train(request.param, data, tmp_path_factory.mktemp("checkpoints") / "1")


def test_every_model_file_is_checked():
    assert set(MODELS) == set(Models.model_fields)


def test_learns_what_a_word_tells_in_the_texts_that_count(trained):
    name, classifier = trained
    texts, labels = sentences(200, seed=7)
    found = classifier.predict(texts)
    assert found.shape == (200, 3)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    assert (found.argmax(axis=1) == labels).mean() > (0.2 if name == "majority" else 0.7)


def test_a_saved_model_predicts_the_same(trained, data, tmp_path):
    name, classifier = trained
    texts, _ = sentences(50, seed=8)
    classifier.save(tmp_path)
    np.testing.assert_array_equal(load(name, tmp_path, data).predict(texts), classifier.predict(texts))
    assert classifier.size() > 0
    assert not [path for path in tmp_path.rglob("*") if path.suffix in {".pkl", ".pickle", ".joblib"}]


def test_an_empty_text_and_unknown_words_are_answered(trained):
    _, classifier = trained
    found = classifier.predict(["", "zzz qqq", "goodly"])
    assert np.isfinite(found).all()


@pytest.mark.parametrize("trained", NEURAL, indirect=True)
def test_an_empty_text_gets_the_prior(trained):
    _, classifier = trained
    np.testing.assert_allclose(classifier.predict(["", " "]), [classifier.shapes["prior"]] * 2)


@pytest.mark.parametrize("trained", NEURAL, indirect=True)
def test_padding_never_changes_a_prediction(trained):
    _, classifier = trained
    texts, _ = sentences(40, seed=9)
    alone = np.concatenate([classifier.predict([text]) for text in texts])
    together = classifier.predict(texts)
    shapes = classifier.shapes
    try:
        classifier.shapes = shapes | {"lengths": [MAXIMUM]}  # all in the longest bucket
        padded = classifier.predict(texts)
    finally:
        classifier.shapes = shapes
    np.testing.assert_allclose(alone, together, atol=1e-5)
    np.testing.assert_allclose(padded, together, atol=1e-5)


@pytest.mark.parametrize("trained", NEURAL, indirect=True)
def test_a_longer_text_is_cut_at_its_end(trained):
    _, classifier = trained
    beginning = " ".join(["word1"] * MAXIMUM)
    found = classifier.predict([beginning, f"{beginning} goodly goodly"])
    np.testing.assert_array_equal(found[0], found[1])


@pytest.mark.parametrize("trained", NEURAL, indirect=True)
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(trained, data, tmp_path):
    name, classifier = trained
    again, other = (train(name, data, tmp_path / f"checkpoint-{seed}", seed) for seed in (1, 2))
    assert saved_bytes(again, tmp_path / "again") == saved_bytes(classifier, tmp_path / "first")
    assert saved_bytes(other, tmp_path / "other") != saved_bytes(classifier, tmp_path / "first")


@pytest.mark.parametrize("trained", NEURAL, indirect=True)
def test_a_stopped_training_goes_on_and_ends_with_the_same_bytes(trained, data, tmp_path):
    name, classifier = trained
    train(name, data, tmp_path / "checkpoint", stop=2)  # as if killed after its second epoch
    resumed = train(name, data, tmp_path / "checkpoint")
    assert saved_bytes(resumed, tmp_path / "resumed") == saved_bytes(classifier, tmp_path / "first")


def saved_bytes(classifier, folder: Path) -> dict[str, bytes]:
    """Return the files that a classifier saves."""
    folder.mkdir(exist_ok=True)
    classifier.save(folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}
