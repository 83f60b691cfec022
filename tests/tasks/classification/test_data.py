import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.runtime.errors import UserError
from stages.tasks.classification.modeling.data import (
    EpochBatches,
    LabelledSequences,
    Sequences,
    TrainingBatches,
    bucket_lengths,
)
from stages.tasks.classification.modeling.texts import PreparedTexts

LENGTHS = st.lists(st.integers(0, 30), min_size=1, max_size=40)


def texts_of(lengths, maximum=30):
    """Return texts whose tokens say where they stand, and whose labels are their numbers."""
    starts = np.cumsum([0, *lengths])
    rows = [
        np.arange(2 + start, 2 + start + length, dtype=np.int32)
        for start, length in zip(starts[:-1], lengths, strict=True)
    ]
    gathered = Sequences.from_rows(rows, maximum)
    numbers = np.arange(len(lengths))
    return LabelledSequences(
        gathered.values, gathered.offsets, numbers.astype(np.int32), (numbers + 0.5).astype(np.float32)
    )


def as_lists(epoch):
    return [[array.tolist() for array in batch] for batch in epoch]


def test_from_rows_cuts_the_end():
    texts = Sequences.from_rows([np.array([5, 6, 7], np.int32), np.zeros(0, np.int32), np.array([8])], 2)
    assert texts.values.tolist() == [5, 6, 8]
    assert texts.offsets.tolist() == [0, 2, 2, 3]
    assert texts.lengths.tolist() == [2, 0, 1]
    assert Sequences.from_rows([], 2).lengths.tolist() == []


def test_padded():
    texts = texts_of([3, 0, 1])
    padded = texts.padded(np.array([2, 0, 1]), 4)
    assert padded.dtype == np.int32
    assert padded.tolist() == [[5, 0, 0, 0], [2, 3, 4, 0], [0, 0, 0, 0]]
    assert texts.padded(np.array([0]), 2).tolist() == [[2, 3]]
    assert texts.padded(np.zeros(0, int), 4).shape == (0, 4)


def test_padded_where_no_text_has_a_token():
    assert texts_of([0, 0]).padded(np.array([1, 0]), 3).tolist() == [[0, 0, 0], [0, 0, 0]]


def test_bucket_lengths():
    lengths = np.arange(1, 101)
    assert bucket_lengths(lengths, 4, 100) == [32, 56, 80, 100]
    assert bucket_lengths(lengths, 1, 200) == [104, 200]
    assert bucket_lengths(np.zeros(5, int), 4, 64) == [8, 64]
    assert bucket_lengths(np.array([3]), 16, 5) == [5]


@given(LENGTHS, st.integers(1, 16), st.integers(1, 40))
def test_every_text_has_a_bucket(lengths, buckets, maximum):
    cut = np.minimum(lengths, maximum)
    bounds = bucket_lengths(cut, buckets, maximum)
    assert bounds == sorted(set(bounds))
    assert bounds[-1] == maximum
    assert len(bounds) <= buckets + 1
    assert all(length % 8 == 0 for length in bounds[:-1])


def batches(lengths, size):
    texts = texts_of(lengths)
    return TrainingBatches(texts, bucket_lengths(texts.lengths, 3, 30), size)


@given(LENGTHS, st.integers(1, 7), st.integers(0, 5))
def test_epoch_holds_every_row_once(lengths, size, number):
    source = batches(lengths, size)
    of_pass = EpochBatches(source, source.of_pass(1, number))
    seen = []
    for ids, labels, weights in of_pass:
        real = weights > 0
        assert ids.shape == (size, ids.shape[1]) and ids.shape[1] in source.lengths
        assert [ids.dtype, labels.dtype, weights.dtype] == [np.int32, np.int32, np.float32]
        assert (weights[real] == labels[real] + 0.5).all()  # each text's own
        assert not ids[~real].any() and not labels[~real].any()
        assert (np.count_nonzero(ids[real], axis=1) == source.sequences.lengths[labels[real]]).all()  # none is cut
        assert (
            ids[real] == source.sequences.padded(labels[real], ids.shape[1])
        ).all()  # the labels go with their texts
        seen += labels[real].tolist()
    assert sorted(seen) == list(range(len(lengths)))
    assert len(list(of_pass)) == len(of_pass)


@given(LENGTHS, st.integers(1, 7))
def test_in_order_holds_every_row_once(lengths, size):
    source = batches(lengths, size)
    seen = []
    for rows, ids in source.in_order():
        assert ids.shape[0] == size and ids.shape[1] in source.lengths
        assert (ids[: len(rows)] == source.sequences.padded(rows, ids.shape[1])).all()
        assert not ids[len(rows) :].any()
        seen += rows.tolist()
    assert sorted(seen) == list(range(len(lengths)))


def epoch(lengths, seed: int, number: int) -> EpochBatches:
    source = batches(lengths, 4)
    return EpochBatches(source, source.of_pass(seed, number))


def test_seed_and_epoch_alone_decide_the_batches():
    lengths = np.random.default_rng(0).integers(0, 30, size=60)
    first = as_lists(epoch(lengths, 1, 2))
    assert as_lists(epoch(lengths, 1, 2)) == first
    np.random.default_rng(0).random(100)
    np.random.seed(5)
    assert as_lists(epoch(lengths, 1, 2)) == first
    assert as_lists(epoch(lengths, 1, 3)) != first
    assert as_lists(epoch(lengths, 2, 2)) != first


def test_texts_of_like_length_share_a_batch():
    lengths = [2, 20] * 16
    for ids, _, weights in epoch(lengths, 1, 1):
        used = np.count_nonzero(ids[weights > 0], axis=1)
        assert ids.shape[1] - used.min() < 8


def test_open(tmp_path):
    folder, parts = tmp_path / "tokens", tmp_path / "parts"
    folder.mkdir()
    parts.mkdir()
    (folder / "meta.json").write_text(json.dumps({"labels": ["a", "b"], "maximum_length": 3, "vectors_from": "none"}))
    for name, values in {"values": [2, 3, 4], "offsets": [0, 2, 3], "labels": [1, 0], "weights": [1, 3]}.items():
        np.save(folder / f"train.{name}.npy", np.array(values, np.int64 if name == "offsets" else np.int32))
    pd.DataFrame({"text": ["x y", "z"], "label": ["b", "a"]}).to_parquet(parts / "train.parquet")
    prepared = PreparedTexts.open(folder)
    assert (prepared.labels, prepared.maximum_length) == (["a", "b"], 3)
    assert prepared.initial_vectors(3) is None
    part = prepared.part("train")
    assert isinstance(part.values, np.memmap)
    assert part.padded(np.array([1, 0]), 3).tolist() == [[4, 0, 0], [2, 3, 0]]
    assert part.weights.tolist() == [0.5, 1.5]
    texts = prepared.examples("train")
    assert (texts.inputs, texts.labels.tolist(), texts.weights.tolist()) == (["x y", "z"], [1, 0], [0.5, 1.5])
    with pytest.raises(UserError, match=r"meta\.json is missing: run `dvc repro` first"):
        PreparedTexts.open(tmp_path / "nowhere")
