"""What every model of pairs must do: a new model is one line in MODELS."""

import jax.numpy as jnp
import numpy as np
import pytest

from stages.schema import Neural
from stages.seq2seq import neural
from stages.seq2seq.data import BEGIN, Prepared
from stages.seq2seq.params import Models, Training
from stages.seq2seq.saved import Saved
from stages.training import Plan

pytestmark = pytest.mark.xdist_group("keras")

MODELS = {
    "copy": {},
    "ibm1": {},
    "letter_window": {"window": 1},
    "encoder_decoder": {"units": 16, "embedding": 8},
    "bahdanau": {"units": 16, "embedding": 8, "width": 8, "cell": "lstm", "lexical": True},
    "luong": {"units": 16, "embedding": 8, "layers": 2, "tied": True, "lexical": True, "dropout": 0.1},
}
NETWORKS = {name: [own] for name, own in MODELS.items() if name not in ("copy", "ibm1", "letter_window")}
NETWORKS["encoder_decoder"].append({"units": 16, "embedding": 8, "layers": 2, "cell": "lstm", "tied": True})
NETWORKS["bahdanau"].append({"units": 16, "embedding": 8, "layers": 2, "tied": True})
NETWORKS["luong"].append({"units": 16, "embedding": 8, "score": "dot", "input_feeding": True, "cell": "lstm"})
FORMS = [(name, own) for name, forms in NETWORKS.items() for own in forms]
ALL_FORMS = pytest.mark.parametrize(("name", "own"), FORMS)


def made(name: str, data: Prepared, own: dict | None = None, seed: int = 1):
    """Return a model: a network as it starts, a baseline fitted."""
    module = Saved.model_file(name)
    parameters = module.Parameters(**(own or MODELS[name]))
    if isinstance(parameters, Neural):
        return neural.build(module, parameters, data.vocabularies, seed)
    return module.Model.fit(parameters, data)


def trained(name: str, data: Prepared, checkpoint, *epochs: int, own: dict | None = None):
    """Return a network after some epochs, each of them ended and taken up again, and its losses."""
    own = {**(own or MODELS[name]), "epochs": epochs[-1], "learning_rate": 0.01}
    for last in epochs:
        model = made(name, data, own)
        parameters, choices = Saved.model_file(name).Parameters(**own), Training(batch_tokens=256, buckets=2)
        plan = Plan(last, 9, "error", 0.5, checkpoint, "test")
        gains = iter(range(last))  # the last epoch is the best
        history = neural.fit(model, parameters, data, choices, 1, plan, lambda _, g=gains: {"error": -float(next(g))})
    return model, [row["train_loss"] for row in history.epochs]


@pytest.fixture(scope="module")
def luong(data, tmp_path_factory):
    """A network that has learned enough to write what it is asked for."""
    own = {"units": 32, "embedding": 16, "tied": True, "lexical": True}
    return trained("luong", data, tmp_path_factory.mktemp("luong") / "checkpoint", 25, own=own)[0]


def test_every_model_file_is_checked():
    assert set(MODELS) == set(Models.model_fields)


@ALL_FORMS
def test_token_by_token_gives_what_all_at_once_gives(name, own, data):
    pair = made(name, data, own).pair
    source = np.array([[5, 6, 7, 3, 0, 0]], np.int32)
    before = np.array([[BEGIN, 4, 5, 6]], np.int32)
    told = pair.encoder(source)
    memory, states = told[: len(told) - pair.states], told[len(told) - pair.states :]
    whole = np.asarray(pair.decoder([jnp.array(before), *told])[0])
    for place in range(before.shape[1]):
        outputs = pair.decoder([jnp.array(before[:, place : place + 1]), *memory, *states])
        states = outputs[1 : 1 + pair.states]
        assert np.asarray(outputs[0])[:, 0] == pytest.approx(whole[:, place], abs=1e-5)


@ALL_FORMS
def test_padding_on_either_side_changes_nothing(name, own, data):
    pair = made(name, data, own).pair
    short = [np.array([[5, 6, 3]], np.int32), np.array([[BEGIN, 4]], np.int32)]
    long = [np.pad(ids, [(0, 1), (0, 4)]) for ids in short]
    long[0][1] = [6, 7, 8, 5, 6, 7, 3]  # another source beside it
    long[1][1, 0] = BEGIN
    logits, padded = (
        np.asarray(pair.decoder([jnp.array(before), *pair.encoder(ids)])[0]) for ids, before in (short, long)
    )
    assert padded[:1, :2] == pytest.approx(logits, abs=1e-5)


@pytest.mark.parametrize("beam", [1, 3])
@pytest.mark.parametrize("name", MODELS)
def test_an_output_depends_on_its_source_alone(name, beam, data, pairs):
    model, sources = made(name, data), pairs["source"].tolist()[:40]
    together = model.translate(sources, beam)
    alone = [model.translate([text], beam)[0] for text in sources[:3]]
    apart = [*model.translate(sources[::-1], beam)[::-1][3:], *alone]
    for (one,), (other,) in zip([*together[3:], *together[:3]], apart, strict=True):
        assert (one.text, one.ended) == (other.text, other.ended)
        assert one.score == pytest.approx(other.score, abs=1e-5)  # a processor rounds by the place in a batch


@pytest.mark.parametrize("name", MODELS)
def test_saved_and_loaded_it_writes_the_same(name, data, pairs, tmp_path):
    model, sources = made(name, data), pairs["source"].tolist()[:20]
    model.save(tmp_path)
    if name in NETWORKS:
        again = made(name, data, seed=None)
        assert again.translate(sources, 3) != model.translate(sources, 3)
        again.load_replica(tmp_path)
    else:
        again = Saved.model_file(name).Model.load(tmp_path, data.vocabularies)
    assert again.translate(sources, 3) == model.translate(sources, 3)


@pytest.mark.parametrize("name", MODELS)
def test_unseen_and_long_sources_get_an_output_with_an_end(name, data):
    model, most = made(name, data), data.vocabularies.maximum["target"]
    (unseen,), (long,) = (model.translate([text], 2)[0] for text in ("xyz!", "abc" * 50))
    for written in (unseen, long) if name in NETWORKS else ():
        assert len(written.text.split()) <= most and (written.ended or len(written.text.split()) == most)
        assert "[" not in written.text


@pytest.mark.parametrize("name", NETWORKS)
def test_training_lowers_the_cost_and_goes_on_after_a_kill_with_the_same_weights(name, data, tmp_path):
    once, losses = trained(name, data, tmp_path / "once", 3)
    assert losses[-1] < losses[0] - 0.2
    twice, _ = trained(name, data, tmp_path / "twice", 1, 3)
    for one, other in zip(once.weights(), twice.weights(), strict=True):
        assert (np.asarray(one) == np.asarray(other)).all()


def test_what_it_learned_it_writes(luong, pairs):
    sources, targets = pairs["source"].tolist(), pairs["target"].tolist()
    for beam in (1, 5):
        written = [outputs[0] for outputs in luong.translate(sources, beam)]
        assert np.mean([one.text == target for one, target in zip(written, targets, strict=True)]) > 0.8
        assert all(one.ended for one in written)


def test_n_best_are_different_and_the_best_come_first(luong):
    (outputs,) = luong.translate(["abcda"], beam=4, best=4)
    assert len({one.text for one in outputs}) == len(outputs) == 4
    assert [one.score for one in outputs] == sorted((one.score for one in outputs), reverse=True)
    assert outputs[0].text == luong.translate(["abcda"], beam=4)[0][0].text


def test_a_score_is_the_log_probability_of_the_output_by_its_length(luong):
    (outputs,) = luong.translate(["abcda"], beam=3, best=3, length_penalty=0.7)
    pair, vocabularies = luong.pair, luong.vocabularies
    source = vocabularies.encode("source", ["abcda"])[0][None]
    for one in filter(lambda one: one.ended, outputs):
        target = vocabularies.encode("target", [one.text])[0]
        before = np.array([BEGIN, *target[:-1]], np.int32)[None]
        logits = np.asarray(pair.decoder([jnp.array(before), *pair.encoder(source)])[0], float)[0]
        logs = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        score = logs[np.arange(len(target)), target].sum() / len(target) ** 0.7
        assert one.score == pytest.approx(score, abs=1e-4)


def test_a_wide_beam_finds_no_worse_an_output(luong, pairs):
    sources = pairs["source"].tolist()[:60]
    greedy, wide = ([outputs[0].score for outputs in luong.translate(sources, beam, 1, 0.0)] for beam in (1, 8))
    assert np.mean(np.array(wide) >= np.array(greedy) - 1e-5) > 0.95


def test_attention_has_a_weight_for_each_token_and_sums_to_one(luong):
    read, wrote, weights = luong.attention("abeda", "A B D A")
    assert read == [*"abeda", "⏎"] and wrote == [" A", " B", " D", " A", "⏎"]
    assert weights.shape == (5, 6) and weights.sum(axis=1) == pytest.approx(np.ones(5), abs=1e-5)
    ids, target = (
        luong.vocabularies.encode(side, [text])[0] for side, text in (("source", "abeda"), ("target", "A B D A"))
    )
    before = jnp.array([[BEGIN, *target[:-1]]])
    unpadded = luong.pair.decoder([before, *luong.pair.encoder(jnp.array(ids[None]))])[-1]
    assert weights == pytest.approx(np.asarray(unpadded)[0], abs=1e-5)


def test_attention_reads_as_much_as_the_vocabulary_does_and_an_empty_output(luong):
    longest = luong.vocabularies.maximum
    read, wrote, weights = luong.attention("a" * 2 * longest["source"], " ".join("A" * 2 * longest["target"]))
    assert weights.shape == (len(wrote), len(read)) == (longest["target"], longest["source"])
    assert luong.attention("abe", "")[2].shape == (1, 4)


def test_aligned_letters_write_their_sounds(data, pairs):
    model = made("letter_window", data)
    written = [outputs[0].text for outputs in model.translate(pairs["source"].tolist(), 1)]
    assert written == pairs["target"].tolist()
    table = made("ibm1", data)
    assert table.translate(["abd"], 1)[0][0].text == "A B D"
