"""What every model of pairs must do; models are found by their files."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

from stages.config.dataset import Dataset
from stages.runtime.errors import UserError
from stages.tasks.seq2seq.config import Training
from stages.tasks.seq2seq.modeling.contract import Translator
from stages.tasks.seq2seq.modeling.data import BEGIN, PreparedTexts
from stages.tasks.seq2seq.modeling.network import build_network
from stages.tasks.seq2seq.modeling.training import fit_network
from stages.tasks.seq2seq.modeling.writer import smoothed_cross_entropy
from stages.tasks.seq2seq.task import TASK
from stages.training.saved import model_module
from tests.tasks.seq2seq.small import (
    ALL_MODELS,
    BASELINES,
    NETWORKS,
    WORDS,
    make_dataset,
    make_job,
    tiny_model,
)

pytestmark = pytest.mark.xdist_group("keras")

VARIANTS: list[dict[str, Any]] = [  # each model takes what it knows of them
    {},
    {"cell": "lstm", "layers": 2, "tied": True, "lexical_attention": True},
    {"cell": "lstm", "lexical_attention": True, "score": "dot", "input_feeding": True, "dropout": 0.1},
    {"layers": 2, "input_feeding": True, "tied": True},
]
ALL_VARIANTS = pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: "-".join(variant) or "default")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> Dataset:
    return make_dataset(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def data(dataset) -> PreparedTexts:
    return TASK.open_prepared(dataset.prepared / "tokens")


def make_model(name: str, data: PreparedTexts, seed: int | None = 1, **overrides: Any) -> Translator:
    """Return a model: a network as it starts, a baseline fitted."""
    parameters = tiny_model(name, **overrides)
    if name in NETWORKS:
        return build_network(name, parameters, data.vocabularies, seed)
    return model_module("seq2seq", name).Model.fit(parameters, data)


@ALL_VARIANTS
@pytest.mark.parametrize("name", NETWORKS)
def test_token_by_token_gives_what_all_at_once_gives(name, variant, data):
    writer = make_model(name, data, **variant).writer
    encoder, decoder, num_states = writer.encoder, writer.decoder, writer.num_states
    source = np.array([[5, 6, 7, 3, 0, 0]], np.int32)
    before = np.array([[BEGIN, 4, 5, 6]], np.int32)
    encoded = encoder(source)
    memory, states = encoded[: len(encoded) - num_states], encoded[len(encoded) - num_states :]
    at_once = decoder([jnp.array(before), *encoded])
    assert len(at_once) == 1 + num_states + writer.attends
    for place in range(before.shape[1]):
        outputs = decoder([jnp.array(before[:, place : place + 1]), *memory, *states])
        states = outputs[1 : 1 + num_states]
        assert np.asarray(outputs[0])[:, 0] == pytest.approx(np.asarray(at_once[0])[:, place], abs=1e-5)


@ALL_VARIANTS
@pytest.mark.parametrize("name", NETWORKS)
def test_padding_on_either_side_changes_nothing(name, variant, data):
    writer = make_model(name, data, **variant).writer
    encoder, decoder = writer.encoder, writer.decoder
    short = [np.array([[5, 6, 3]], np.int32), np.array([[BEGIN, 4]], np.int32)]
    long = [np.pad(ids, [(0, 1), (0, 4)]) for ids in short]
    long[0][1] = [6, 7, 8, 5, 6, 7, 3]  # another source beside it
    long[1][1, 0] = BEGIN
    logits, padded = (np.asarray(decoder([jnp.array(before), *encoder(ids)])[0]) for ids, before in (short, long))
    assert padded[:1, :2] == pytest.approx(logits, abs=1e-5)


@pytest.mark.parametrize("beam", [1, 3])
@pytest.mark.parametrize("name", ALL_MODELS)
def test_an_output_depends_on_its_source_alone(name, beam, data):
    model, sources = make_model(name, data), WORDS[:40]
    together = model.translate(sources, beam)
    alone = [model.translate([text], beam)[0] for text in sources[:3]]
    apart = [*alone, *model.translate(sources[::-1], beam)[::-1][3:]]
    for (one,), (other,) in zip(together, apart, strict=True):
        assert (one.text, one.ended) == (other.text, other.ended)
        assert one.score == pytest.approx(other.score, abs=1e-5)  # a processor rounds by the place in a batch


@pytest.mark.parametrize("name", ALL_MODELS)
def test_saved_and_loaded_it_writes_the_same(name, data, tmp_path):
    model, sources = make_model(name, data), WORDS[:20]
    model.save(tmp_path)
    if name in BASELINES:
        loaded = model_module("seq2seq", name).Model.load(tmp_path, data.vocabularies)
    else:
        loaded = make_model(name, data, seed=None)
        assert loaded.translate(sources, 3) != model.translate(sources, 3)
        loaded.load_weights(tmp_path)
    assert loaded.translate(sources, 3) == model.translate(sources, 3)
    assert loaded.num_params() == model.num_params()


@pytest.mark.parametrize("name", ALL_MODELS)
def test_unseen_and_long_sources_get_an_output(name, data):
    model, most = make_model(name, data), data.vocabularies.maximum["target"]
    for (output,) in model.translate(["xyz!", "abc" * 50, ""], 2):
        tokens = output.text.split()
        assert name in BASELINES or (len(tokens) <= most and (output.ended or len(tokens) == most))
        assert "[" not in output.text and np.isfinite(output.score)
    assert model.translate([], 2) == []


@pytest.mark.parametrize("name", ALL_MODELS)
def test_a_model_that_attends_has_alignments(name, data):
    model = make_model(name, data)
    if model.attends:
        assert model.align("abc", "A B").weights.shape == (3, 4)
    else:
        with pytest.raises((NotImplementedError, TypeError)):
            model.align("abc", "A B")


@pytest.mark.parametrize("name", NETWORKS)
def test_training_lowers_the_cost(name, dataset, data, tmp_path):
    training = Training(min_steps=1, batch_tokens=256, buckets=2, ema_decay=0.5, patience=99, epochs_per_pass=2)
    fit = fit_network(make_job(name, dataset, tmp_path, training, epochs=6), data)
    losses = [row["train_loss"] for row in fit.epochs]
    assert len(losses) == 6 and losses[-1] < losses[0] - 0.2
    assert fit.validation["token_error_rate"] == min(row["token_error_rate"] for row in fit.epochs)
    assert fit.examples == 3 * TASK.num_examples(data)


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_is_measured_on_as_many_sources_as_networks_are(name, dataset, data, tmp_path):
    part = pd.read_parquet(dataset.part("validation"))[:5]
    fit = TASK.fit_baseline(make_job(name, dataset, tmp_path, Training(validation_sources=5)), data)
    outputs = [best[0].text for best in fit.model.translate(part["source"].tolist(), 1)]
    right = [output == target for output, (target,) in zip(outputs, part["targets"], strict=True)]
    assert (fit.validation["token_error_rate"] == 0) == all(right)
    assert list(fit.validation)[1:] == ["sequence_error_rate"]
    assert fit.epochs == [] and fit.examples == TASK.num_examples(data)


def test_aligned_letters_write_their_sounds(dataset, data):
    pairs = pd.read_parquet(dataset.part("train"))
    outputs = make_model("aligned_decision_tree", data).translate(pairs["source"].tolist(), 1)
    assert [best[0].text for best in outputs] == [target for (target,) in pairs["targets"]]
    assert make_model("ibm1", data).translate(["abd"], 1)[0][0].text == "A B D"


def test_targets_that_cannot_be_aligned(tmp_path):
    lines = "".join(f"{word}\t{'X Y ' * len(word)} Z\n" for word in WORDS)
    tokenizer = {"source": {"unit": "character"}}
    dataset = make_dataset(tmp_path, {"own.tsv": "source\ttarget\n" + lines}, entry={"tokenizer": tokenizer})
    with pytest.raises(UserError, match="aligned_decision_tree finds no target of at most twice its source's tokens"):
        make_model("aligned_decision_tree", TASK.open_prepared(dataset.prepared / "tokens"))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_loss_is_the_smoothed_cross_entropy_of_real_tokens(smoothing):
    rng = np.random.default_rng(0)
    logits, targets = rng.normal(size=(2, 3, 5)).astype(np.float32), np.array([[4, 3, 0], [2, 4, 3]])
    logs = logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)
    spread = smoothing / 5 + (1 - smoothing) * np.eye(5)[targets]
    costs = -(spread * logs).sum(axis=-1) * (targets != 0)
    losses = smoothed_cross_entropy(smoothing)(jnp.array(targets), jnp.array(logits))
    assert np.asarray(losses).mean() == pytest.approx(costs.sum() / 5, abs=1e-5)  # of a token
    assert np.asarray(losses) == pytest.approx(costs.sum(axis=1) / 2.5, abs=1e-5)
