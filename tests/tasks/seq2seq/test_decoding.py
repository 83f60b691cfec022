"""Greedy and beam search, and alignments, of a network that has learned enough to write what it is asked for."""

from itertools import product

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pandas as pd
import pytest

from stages.config.dataset import Dataset
from stages.models.seq2seq import luong as luong_file
from stages.nn.network import build_model
from stages.tasks.seq2seq.config import Training
from stages.tasks.seq2seq.modeling.data import BEGIN, END
from stages.tasks.seq2seq.modeling.decoding import search
from stages.tasks.seq2seq.modeling.inputs import Shape, TokenSource
from stages.tasks.seq2seq.modeling.network import NeuralTranslator
from stages.tasks.seq2seq.modeling.training import fit_network
from stages.tasks.seq2seq.modeling.writer import EncoderDecoder
from stages.tasks.seq2seq.task import TASK
from tests.tasks.seq2seq.small import make_dataset, make_job

pytestmark = pytest.mark.xdist_group("keras")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> Dataset:
    return make_dataset(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def luong(dataset, tmp_path_factory) -> NeuralTranslator:
    training = Training(min_steps=1, batch_tokens=256, buckets=2, ema_decay=0.5, patience=99, validation_sources=10)
    size = {"units": 32, "embedding": 16, "tied": True, "lexical_attention": True, "epochs": 25}
    job = make_job("luong", dataset, tmp_path_factory.mktemp("luong"), training, **size)
    model = fit_network(job, TASK.open_prepared(dataset.prepared / "tokens")).model
    assert isinstance(model, NeuralTranslator)
    return model


def test_what_it_learned_it_writes(luong, dataset):
    pairs = pd.read_parquet(dataset.part("train"))
    for beam in (1, 5):
        outputs = [best[0] for best in luong.translate(pairs["source"].tolist(), beam)]
        assert np.mean([one.text in targets for one, targets in zip(outputs, pairs["targets"], strict=True)]) > 0.8
        assert all(one.ended for one in outputs)


def test_n_best_are_different_and_the_best_come_first(luong):
    (outputs,) = luong.translate(["abcda"], beam=4, best=4)
    assert len({one.text for one in outputs}) == len(outputs) == 4
    assert [one.score for one in outputs] == sorted((one.score for one in outputs), reverse=True)
    assert outputs[0].text == luong.translate(["abcda"], beam=4)[0][0].text


def test_a_beam_is_at_least_as_wide_as_the_outputs_asked_for(luong):
    assert len(luong.translate(["abcda"], beam=1, best=3)[0]) == 3


def test_a_score_is_the_log_probability_of_the_output_by_its_length(luong):
    (outputs,) = luong.translate(["abcda"], beam=3, best=3, length_penalty=0.7)
    encoder, decoder = luong.writer.encoder, luong.writer.decoder
    source = luong.preprocessor.encode_sources(["abcda"])[0][None]
    ended = [one for one in outputs if one.ended]
    assert ended
    for one in ended:
        target = luong.preprocessor.encode_targets([one.text])[0]
        before = np.array([BEGIN, *target[:-1]], np.int32)[None]
        logits = np.asarray(decoder([jnp.array(before), *encoder(source)])[0], float)[0]
        logs = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        score = logs[np.arange(len(target)), target].sum() / len(target) ** 0.7
        assert one.score == pytest.approx(score, abs=1e-4)


def test_a_wide_beam_finds_no_worse_an_output(luong, dataset):
    sources = pd.read_parquet(dataset.part("train"))["source"].tolist()[:60]
    greedy, wide = ([outputs[0].score for outputs in luong.translate(sources, beam, 1, 0.0)] for beam in (1, 8))
    assert np.mean(np.array(wide) >= np.array(greedy) - 1e-5) > 0.95


def test_an_alignment_has_a_weight_for_each_token_and_rows_sum_to_one(luong):
    alignment = luong.align("abeda", "A B D A")
    assert alignment.source == [*"abeda", "⏎"] and alignment.output == [" A", " B", " D", " A", "⏎"]
    assert alignment.weights.shape == (5, 6)
    assert alignment.weights.sum(axis=1) == pytest.approx(np.ones(5), abs=1e-5)
    (ids,), (target,) = luong.preprocessor.encode_sources(["abeda"]), luong.preprocessor.encode_targets(["A B D A"])
    encoder, decoder = luong.writer.encoder, luong.writer.decoder
    unpadded = decoder([jnp.array([[BEGIN, *target[:-1]]]), *encoder(jnp.array(ids[None]))])[-1]
    assert alignment.weights == pytest.approx(np.asarray(unpadded)[0], abs=1e-5)


def test_an_alignment_reads_as_much_as_the_vocabulary_does_and_an_empty_output(luong):
    longest = luong.preprocessor.maximum
    alignment = luong.align("a" * 2 * longest["source"], " ".join("A" * 2 * longest["target"]))
    assert alignment.weights.shape == (len(alignment.output), len(alignment.source))
    assert alignment.weights.shape == (longest["target"], longest["source"])
    assert luong.align("abe", "").weights.shape == (1, 4)


LETTERS, LIMIT = range(END + 1, END + 4), 5


@pytest.fixture(scope="module")
def random_model() -> EncoderDecoder:
    """Return a small network that has learned nothing; all its outputs can be listed."""
    shape, parameters = (
        Shape(TokenSource(30, False), END + 1 + len(LETTERS)),
        luong_file.Parameters(units=8, embedding=8),
    )
    writer = build_model(lambda: luong_file.build(parameters, shape), 0)
    rng = np.random.default_rng(0)
    for variable in writer.model.trainable_variables:
        variable.assign(rng.normal(0, 0.8, variable.shape))  # far from even
    return writer


def best_scores(joined: keras.Model, sources: np.ndarray, length_penalty: float) -> np.ndarray:
    """Return the score of each source's best output, found by trying them all."""
    outputs = [[*letters, END] for length in range(LIMIT) for letters in product(LETTERS, repeat=length)]
    lengths = np.array([len(output) for output in outputs])
    ids = np.array([output + [0] * (LIMIT - len(output)) for output in outputs])
    before = np.concatenate([np.full((len(ids), 1), BEGIN), ids[:, :-1]], axis=1)
    written = np.arange(LIMIT) < lengths[:, None]
    best = []
    for source in sources:
        logits, _ = joined.stateless_call(*weights_of(joined), [np.repeat(source[None], len(ids), axis=0), before])
        logs = np.take_along_axis(np.asarray(jax.nn.log_softmax(logits)), ids[..., None], axis=2)[..., 0]
        best.append(((logs * written).sum(axis=1) / lengths**length_penalty).max())
    return np.array(best)


def weights_of(model: keras.Model) -> tuple[list, list]:
    return [each.value for each in model.trainable_variables], [each.value for each in model.non_trainable_variables]


@pytest.mark.parametrize(
    ("width", "length_penalty", "share"),
    [(81, 0.0, 1), (5, 0.0, 0.9), (5, 1.0, 0.8)],  # with ends and beginnings in one beam .93 and .30
)
def test_what_has_ended_is_not_displaced_by_what_goes_on(random_model, width, length_penalty, share):
    joined = random_model.model
    sources = np.random.default_rng(1).integers(4, 30, (40, 6)).astype("int32")
    result = search(random_model, width, LIMIT, length_penalty)(weights_of(joined)[0], sources)
    scores = np.where(np.asarray(result.ended)[:, 0], np.asarray(result.scores)[:, 0], -np.inf)
    best = best_scores(joined, sources, length_penalty)
    assert (scores <= best + 1e-4).all()
    assert np.mean(scores >= best - 1e-4) >= share
