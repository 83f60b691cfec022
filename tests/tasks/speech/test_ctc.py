"""Labels for each step: the loss, the search and the alignment, held against all ways of labelling some steps."""

from itertools import product

import jax.numpy as jnp
import numpy as np
import pytest

from stages.models.seq2seq import ctc, hmm
from stages.nn.network import build_model
from stages.tasks.seq2seq.modeling.ctc import UNWRITTEN, occupancies
from stages.tasks.seq2seq.modeling.data import END
from stages.tasks.seq2seq.modeling.inputs import Shape
from stages.tasks.speech.modeling.frames import FrameSource

pytestmark = pytest.mark.xdist_group("keras")

STEPS, TOKENS = 5, (END + 1, END + 2)
VOCABULARY = END + 3


@pytest.fixture(scope="module")
def labeller():
    """A small network, and the logits (1, STEPS, V) that it gives a source."""
    parameters = ctc.Parameters(units=8, embedding=8)
    writer = build_model(lambda: ctc.build(parameters, Shape(FrameSource(2, 2), VOCABULARY)), 0)
    rng = np.random.default_rng(3)
    for variable in writer.model.trainable_variables:
        variable.assign(rng.normal(0, 0.9, variable.shape))
    source = rng.normal(size=(1, 2 * STEPS - 1, 2)).astype(np.float32)  # the last vector is of one frame
    return writer, source, np.asarray(writer.model(source)[0])


def log_softmax(logits):
    return logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)


def reading(labels):
    """Return what some steps' labels read as."""
    joined = [label for place, label in enumerate(labels) if place == 0 or label != labels[place - 1]]
    return tuple(label for label in joined if label)


def every_way(log_probs):
    """Return, by reading, the log-probabilities of all ways of labelling the steps, and the ways."""
    ways = {}
    for labels in product((0, *TOKENS), repeat=len(log_probs)):
        score = log_probs[np.arange(len(labels)), list(labels)].sum()
        ways.setdefault(reading(labels), []).append((score, labels))
    return ways


def test_the_loss_sums_over_all_ways_of_labelling_the_steps(labeller):
    writer, source, logits = labeller
    target = np.array([[TOKENS[0], TOKENS[0], TOKENS[1], END, 0]])
    outputs = writer.model(source)
    loss = float(writer.loss(0.1)(jnp.array(target), outputs)[0])
    ways = every_way(log_softmax(logits)[0])[tuple(target[0, :3])]
    assert loss == pytest.approx(-np.logaddexp.reduce([score for score, _ in ways]) / 3, rel=1e-4)
    assert float(writer.loss(0.1)(jnp.array([[TOKENS[0]] * 4 + [END]]), outputs)[0]) == 0  # five steps cannot read so


def test_a_wide_beam_finds_the_likeliest_readings(labeller):
    writer, source, logits = labeller
    allowed = logits[0].copy()
    allowed[:, UNWRITTEN] = -np.inf
    ways = every_way(log_softmax(allowed))
    scores = {read: np.logaddexp.reduce([score for score, _ in found]) for read, found in ways.items()}
    best = sorted(scores, key=scores.__getitem__)[::-1][:3]
    weights = [variable.value for variable in writer.model.trainable_variables]
    tokens, found, ended = writer.search(60, 9, 1.0, 3)(weights, source)
    assert [tuple(token for token in row if token) for row in np.asarray(tokens)[0].tolist()] == best
    assert np.asarray(found)[0] == pytest.approx([scores[read] for read in best], rel=1e-4) and np.asarray(ended).all()
    greedy, score, _ = writer.search(1, 9, 1.0, 1)(weights, source)
    likeliest = allowed.argmax(axis=1)
    assert tuple(token for token in np.asarray(greedy)[0, 0].tolist() if token) == reading(likeliest.tolist())
    assert float(np.asarray(score)[0, 0]) == pytest.approx(log_softmax(allowed).max(axis=1).sum(), rel=1e-4)


def test_padding_changes_nothing(labeller):
    writer, source, logits = labeller
    padded = np.pad(source, [(0, 0), (0, 7), (0, 0)], constant_values=np.nan)
    other, mask = writer.model(padded)
    assert np.asarray(mask)[0].tolist() == [True] * STEPS + [False] * 3
    assert np.asarray(other)[0, :STEPS] == pytest.approx(logits[0], abs=1e-5)
    target = jnp.array([[TOKENS[0], TOKENS[1], END]])
    losses = [float(writer.loss(0.0)(target, writer.model(one))[0]) for one in (source, padded)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_an_alignment_is_the_share_of_all_ways_that_label_a_step_so(labeller):
    _, _, logits = labeller
    log_probs, labels = log_softmax(logits)[0], np.array([TOKENS[0], TOKENS[0], TOKENS[1]])
    expected = np.zeros((3, STEPS))
    for score, way in every_way(log_probs)[tuple(labels)]:
        token = -1
        for step, label in enumerate(way):
            token += label != 0 and (step == 0 or label != way[step - 1])
            if label:
                expected[token, step] += np.exp(score)
    expected /= expected.sum(axis=1, keepdims=True)
    assert occupancies(log_probs, labels) == pytest.approx(expected, abs=1e-5)
    assert occupancies(log_probs, np.zeros(0, int)).shape == (0, STEPS)


def words(price: float = 1.0) -> hmm.Words:
    """Two words of two states each, told apart by the one number of a frame: 0 1 and 2 3."""
    means = np.array([0.0, 1, 2, 3]).reshape(4, 1, 1)
    return hmm.Words(
        np.array([7, 9]), means, np.full((4, 1, 1), 0.05), np.zeros((4, 1)), np.full(4, np.log(0.5)), np.array(price)
    )


def test_the_likeliest_string_of_words_is_found():
    frames = [np.array([0, 0, 1, 2, 3, 3, 0, 1.0])[:, None], np.array([2, 3.0])[:, None], np.array([2.0])[:, None]]
    found = [ids.tolist() for ids, _ in hmm.recognise(words(), frames, 1.0)]
    assert found == [[0, 1, 0], [1], []]  # one frame is too few for a word
    (alone, score), *_ = hmm.recognise(words(), frames[:1], 1.0)
    assert alone.tolist() == [0, 1, 0] and score == pytest.approx(hmm.recognise(words(), frames, 1.0)[0][1])


def test_a_frames_changes_are_its_slope():
    changes = hmm.with_changes(np.arange(8.0)[:, None])
    assert changes[2:-2, 1] == pytest.approx(1) and changes[:, 0].tolist() == list(range(8))
