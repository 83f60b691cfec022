"""What every language model must do: a new model is one line in MODELS."""

import jax.numpy as jnp
import numpy as np
import pytest

from stages.console import Problem
from stages.generation import neural
from stages.generation.data import Prepared, fit
from stages.generation.params import Models, Training, Window
from stages.generation.saved import Saved
from stages.schema import Neural
from stages.training import Plan

pytestmark = pytest.mark.xdist_group("keras")

MODELS = {
    "ngram": {"order": 4},
    "rnn": {"units": 8, "embedding": 4},
    "lstm": {"units": 8, "embedding": 8, "layers": 2, "tied": True},
    "gru": {"units": 8, "embedding": 4, "dropout": 0.2},
    "cnn": {"filters": 8, "embedding": 4, "blocks": 3},
    "deconv": {"filters": 4, "embedding": 4, "latent": 4, "piece": 16},
}
TEXT = "the cat sat on the mat.\nthe dog sat on the cat.\n" * 60
WRITERS = [name for name in MODELS if name != "deconv"]


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Prepared:
    """A tiny prepared dataset."""
    from stages.files import write_json
    from stages.generation.data import encode, window_starts

    folder = tmp_path_factory.mktemp("window")
    tokenizer = fit(TEXT, Window())
    tokenizer.save(str(folder / "tokenizer.json"))
    about = {"unit": "character", "length": 32, "newline": tokenizer.token_to_id("\n"), "characters": len(set(TEXT))}
    write_json(folder / "meta.json", about)
    for part in ("train", "validation"):
        ids, lengths = encode(tokenizer, TEXT)
        np.save(folder / f"{part}.ids.npy", ids)
        np.save(folder / f"{part}.lengths.npy", lengths)
        np.save(folder / f"{part}.starts.npy", window_starts(len(ids), 32))
    return Prepared.open(folder)


def made(name: str, data: Prepared, seed: int = 1):
    """Return a model: a network as it starts, a baseline fitted."""
    module = Saved.model_file(name)
    parameters, size = module.Parameters(**MODELS[name]), data.tokenizer().get_vocab_size()
    if isinstance(parameters, Neural):
        return neural.build(module, parameters, size, data.newline, seed)
    return module.Model.fit(parameters, np.asarray(data.ids("train")), size, data.newline)


def test_every_model_file_is_checked():
    assert set(MODELS) == set(Models.model_fields)


@pytest.mark.parametrize("name", WRITERS)
def test_scored_at_once_or_token_by_token(name, data):
    model, ids = made(name, data), np.asarray(data.ids("validation")[:40])
    logits, states = model.start(ids[:0])
    costs = []
    for token in ids:
        shares = logits[0] - np.logaddexp.reduce(logits[0])
        costs.append(-shares[token] / np.log(2))
        logits, states = model.advance(states, np.array([token]))
    assert model.bits(ids) == pytest.approx(costs, abs=1e-4)


@pytest.mark.parametrize("name", WRITERS)
def test_what_comes_after_changes_nothing(name, data):
    model, ids = made(name, data), np.array(data.ids("validation")[:300])
    before = model.bits(ids)[:200]
    ids[200:] = ids[200:][::-1]
    assert model.bits(ids)[:200] == pytest.approx(before, abs=1e-5)


@pytest.mark.parametrize("name", ["rnn", "lstm", "gru", "cnn"])
def test_a_text_in_pieces_with_the_state_carried_is_the_text_at_once(name, data):
    core = made(name, data).model
    ids = np.asarray(data.ids("train")[:64])[None].astype(np.int32)
    model = neural.NeuralModel(core, data.newline)
    whole = np.asarray(core([jnp.asarray(ids), *model.nothing(1)])[0])
    first, *states = core([jnp.asarray(ids[:, :40]), *model.nothing(1)])
    second = core([jnp.asarray(ids[:, 40:]), *states])[0]
    assert np.concatenate([first, second], axis=1) == pytest.approx(whole, abs=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_every_token_is_scored_once_and_probabilities_are_no_more_than_one(name, data):
    model = made(name, data)
    for count in (1, 15, 300):
        costs = model.bits(np.asarray(data.ids("validation")[:count]))
        assert costs.shape == (count,) and (costs > -1e-6).all() and np.isfinite(costs).all()


@pytest.mark.parametrize("name", MODELS)
def test_saved_and_loaded_it_scores_the_same(name, data, tmp_path):
    model, ids = made(name, data), np.asarray(data.ids("validation")[:100])
    model.save(tmp_path)
    if name == "ngram":
        again = Saved.model_file(name).Model.load(tmp_path)
    else:
        again = made(name, data, seed=None)
        again.load_replica(tmp_path)
    assert (again.bits(ids) == model.bits(ids)).all()


@pytest.mark.parametrize("name", [name for name in MODELS if name != "ngram"])
@pytest.mark.parametrize("stateful", [True, False])
def test_training_lowers_the_cost_and_goes_on_after_a_kill_with_the_same_weights(name, stateful, data, tmp_path):
    module, choices = Saved.model_file(name), Training(batch_size=8, stateful=stateful, epoch_steps=10)
    parameters = module.Parameters(**MODELS[name], epochs=3, learning_rate=0.01)
    ids = np.asarray(data.ids("validation")[:256])

    def trained(checkpoint: str, *epochs: int):
        for last in epochs:
            model = made(name, data)
            start = model.bits(ids).mean()
            plan = Plan(last, 9, "bits", 0.5, tmp_path / checkpoint, "test")
            validate = lambda weights, model=model: {"bits": float(model.bits(ids, weights).mean())}  # noqa: E731
            neural.fit(model, parameters, data, choices, 1, plan, validate)
        return model.bits(ids), start

    once, start = trained("once", 3)
    assert once.mean() < start - 0.2
    if stateful:
        assert (trained("twice", 1, 3)[0] == once).all()


def test_tied_vectors_need_the_states_width(data):
    module = Saved.model_file("gru")
    with pytest.raises(Problem, match="tied: true needs embedding = units, but they are 4 and 8"):
        module.build(module.Parameters(units=8, embedding=4, tied=True), 10)


def test_windows_that_pieces_do_not_fill(data):
    module = Saved.model_file("deconv")
    parameters = module.Parameters(piece=24, filters=4, latent=4)
    model = neural.build(module, parameters, 10, 1)
    with pytest.raises(Problem, match=r"window.length is 32, no multiple of the model's piece, 24"):
        model.trainee(data, 4, Training(), 1)
