"""Questions and sentences as networks read them: which tokens are whose."""

import keras
import numpy as np
import pytest

from stages.tasks.sentences import Questions, averages, over_tokens, weighted_sums

pytestmark = pytest.mark.xdist_group("keras")
BREAK = 2
# A question of two tokens, sentences of two and of one, and padding; then a question alone.
IDS = np.array([[5, 6, BREAK, 7, 8, BREAK, 9, 0], [5, 0, 0, 0, 0, 0, 0, 0]], np.int32)


def apply(what):
    """Return what a function of (input, lines) gives for IDS; the input's vectors are the ids themselves."""
    ids = keras.Input((None,), dtype="int32")
    lines = Questions(10, BREAK).lines(ids, slots=3)
    vectors = keras.ops.expand_dims(keras.ops.cast(ids, "float32"), -1)
    outputs = keras.Model(ids, list(what(vectors, lines)))(IDS)
    return [np.asarray(output) for output in outputs]


def test_tokens_belong_to_the_question_or_to_a_sentence_counted_from_the_last():
    question, members, mask = apply(lambda _, lines: lines)
    assert question.tolist() == [[1, 1, 0, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0, 0]]
    assert members[0].argmax(axis=1)[[3, 4, 6]].tolist() == [1, 1, 0] and members[0].sum() == 3
    assert mask.tolist() == [[True, True, False], [False, False, False]]


def test_averages_are_over_a_lines_own_tokens():
    question, sentences = apply(averages)
    assert question.ravel().tolist() == [5.5, 5] and sentences[0].ravel().tolist() == [9, 7.5, 0]


def test_sums_start_unweighted():
    question, sentences = apply(weighted_sums)
    assert question.ravel().tolist() == [11, 5] and sentences[0].ravel().tolist() == [9, 15, 0]


def test_a_sentences_weight_is_shared_by_its_tokens():
    spread, _ = apply(
        lambda _, lines: [over_tokens(keras.ops.cast(lines.mask, "float32")[..., None], lines), lines.question]
    )
    assert spread[0].ravel().tolist() == [0, 0, 0, 0.5, 0.5, 0, 1, 0] and not spread[1].any()
