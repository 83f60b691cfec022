"""What every language model must do; models are found by their files."""

from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from stages.config.dataset import Dataset
from stages.runtime.errors import UserError
from stages.tasks.generation.config import Training
from stages.tasks.generation.modeling.contract import AutoregressiveModel, LanguageModel, Shape
from stages.tasks.generation.modeling.data import Prepared
from stages.tasks.generation.modeling.network import StatefulNetwork, build_network
from stages.tasks.generation.modeling.training import fit_network
from stages.training.replica import Job
from stages.training.saved import model_module
from tests.tasks.generation.small import ALL_MODELS, BASELINES, NETWORKS, make_dataset, tiny_model

pytestmark = pytest.mark.xdist_group("keras")

RECURRENT = [name for name in NETWORKS if "tied" in model_module("generation", name).Parameters.model_fields]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> Dataset:
    return make_dataset(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def data(dataset) -> Prepared:
    return Prepared.open(dataset.prepared / "window")


def make_model(name: str, data: Prepared, seed: int | None = 1, **overrides) -> LanguageModel:
    """Return a model: a network as it starts, a baseline fitted."""
    parameters = tiny_model(name, **overrides)
    if name in NETWORKS:
        return build_network(name, parameters, data.shape, seed)
    return model_module("generation", name).Model.fit(parameters, data)


def autoregressive(name: str, data: Prepared, **overrides) -> AutoregressiveModel:
    """Return a model that reads token by token; skip the test for any other."""
    model = make_model(name, data, **overrides)
    if not isinstance(model, AutoregressiveModel):
        pytest.skip("reads chunks")
    return model


def assert_scored_alike(model: AutoregressiveModel, ids: np.ndarray) -> None:
    """Check that a text costs as much at once as token by token."""
    logits, state = model.prefill(ids[:0])
    bits = []
    for token in ids:
        log_probs = logits[0] - np.logaddexp.reduce(logits[0])
        bits.append(-log_probs[token] / np.log(2))
        logits, state = model.step(state, np.array([token]))
    assert model.token_nll_bits(ids) == pytest.approx(bits, abs=1e-4)
    assert logits == pytest.approx(model.prefill(ids)[0], abs=1e-4)


@pytest.mark.parametrize("name", ALL_MODELS)
def test_scored_at_once_or_token_by_token(name, data):
    assert_scored_alike(autoregressive(name, data), np.asarray(data.ids("validation")[:40]))


@pytest.mark.parametrize("name", RECURRENT)
def test_layers_and_tied_vectors(name, data):
    model = autoregressive(name, data, layers=2, tied=True, embedding=8)
    assert_scored_alike(model, np.asarray(data.ids("validation")[:10]))


@pytest.mark.parametrize("name", ALL_MODELS)
def test_what_comes_after_changes_nothing(name, data):
    model, ids = autoregressive(name, data), np.array(data.ids("train")[:300])
    before = model.token_nll_bits(ids)[:200]
    ids[200:] = ids[200:][::-1]
    assert model.token_nll_bits(ids)[:200] == pytest.approx(before, abs=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_text_in_segments_with_the_states_carried_is_the_text_at_once(name, data):
    model = make_model(name, data)
    if not isinstance(model, StatefulNetwork):
        pytest.skip("carries no state")
    ids, core = jnp.asarray(data.ids("train")[:64])[None].astype("int32"), model.model
    at_once = np.asarray(core([ids, *model.initial_state(1)])[0])
    first, *states = core([ids[:, :40], *model.initial_state(1)])
    second = core([ids[:, 40:], *states])[0]
    assert np.concatenate([first, second], axis=1) == pytest.approx(at_once, abs=1e-5)


@pytest.mark.parametrize("name", ALL_MODELS)
def test_every_token_is_scored_once_and_probabilities_are_no_more_than_one(name, data):
    model = make_model(name, data)
    for count in (1, 15, 300):
        bits = model.token_nll_bits(np.asarray(data.ids("train")[:count]))
        assert bits.shape == (count,) and (bits > -1e-6).all() and np.isfinite(bits).all()


@pytest.mark.parametrize("name", ALL_MODELS)
def test_windows_before_which_nothing_is_known(name, data):
    model, ids = make_model(name, data), np.asarray(data.ids("train")[:64])
    bits = model.cold_start_nll(ids.reshape(2, 32))
    assert bits[0] == pytest.approx(model.token_nll_bits(ids[:32]), abs=1e-4)
    assert bits[1] == pytest.approx(model.token_nll_bits(ids[32:]), abs=1e-4)


@pytest.mark.parametrize("name", ALL_MODELS)
def test_saved_and_loaded_it_scores_the_same(name, data, tmp_path):
    model, ids = make_model(name, data), np.asarray(data.ids("validation")[:100])
    bits = model.token_nll_bits(ids)
    model.save(tmp_path)
    if name in BASELINES:
        loaded = model_module("generation", name).Model.load(tmp_path)
    else:
        loaded = make_model(name, data, seed=None)
        loaded.load_weights(tmp_path)
    assert (loaded.token_nll_bits(ids) == bits).all() and loaded.num_params() == model.num_params()


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("stateful", [True, False])
def test_training_lowers_the_cost(name, stateful, dataset, data, tmp_path):
    job = make_job(name, dataset, tmp_path, stateful)
    fit = fit_network(job, data)
    ids = np.asarray(data.ids("validation"))
    start = build_network(name, job.parameters, data.shape, job.seed).token_nll_bits(ids).mean()
    assert fit.model.token_nll_bits(ids).mean() < start - 0.2
    assert fit.validation["bits_per_character"] == min(row["bits_per_character"] for row in fit.epochs)
    assert fit.examples == len(fit.epochs) * 10 * 8 * 32


def make_job(name: str, dataset: Dataset, folder: Path, stateful: bool = True) -> Job:
    training = Training(min_steps=1, batch_size=8, stateful=stateful, steps_per_epoch=10, ema_decay=0.5)
    return Job(dataset, name, tiny_model(name), training, 1, folder / "model", folder / "checkpoint")


def test_tied_vectors_need_the_states_width():
    with pytest.raises(UserError, match="tied: true needs embedding = units, but they are 4 and 8"):
        model_module("generation", "gru").build(tiny_model("gru", tied=True), Shape(vocabulary=10, newline=1))


def test_windows_that_chunks_do_not_fill():
    network = build_network("deconv", tiny_model("deconv", chunk_length=24), Shape(vocabulary=10, newline=1))
    with pytest.raises(UserError, match=r"window.length is 32, no multiple of the model's chunk_length, 24"):
        network.training_model(32, 4, Training(), 1)
