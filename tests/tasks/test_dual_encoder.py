"""What a dual encoder learns from a batch, and how words are counted."""

import jax.numpy as jnp
import numpy as np
import pytest

from stages.tasks.dual_encoder import DualEncoder, WeightedWords

pytestmark = pytest.mark.xdist_group("keras")


def test_the_loss_is_that_of_choosing_among_the_batchs_different_targets():
    targets = jnp.array([[5, 3], [6, 3], [5, 3], [0, 0]])  # the first and the third are the same, the last fills up
    scores = jnp.array([[2.0, 1, 9, 9], [0, 1, 0, 9], [9, 1, 2, 9], [0, 0, 0, 0]])
    losses = np.asarray(DualEncoder.loss(targets, scores))
    assert losses[0] == pytest.approx(np.log1p(np.exp(-1.0)), rel=1e-5)
    assert losses[2] == pytest.approx(np.log1p(np.exp(-1.0)), rel=1e-5)
    assert losses[1] == pytest.approx(np.log(1 + 2 * np.exp(-1.0)), rel=1e-5)


def test_words_count_by_their_weights_and_markers_do_not():
    words = WeightedWords(7, markers=3)
    words.weight.assign([1, 1, 1, 1, 2, 1, 1])
    counts = np.asarray(words(jnp.array([[4, 5, 5, 3, 0, 0], [3, 0, 0, 0, 0, 0]])))
    np.testing.assert_allclose(counts[0], np.array([0, 0, 0, 0, 2, 2, 0]) / np.sqrt(8), atol=1e-5)
    assert not counts[1].any()
