import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tokenizers import Tokenizer

from stages.runtime.errors import UserError
from stages.tasks.classification import tokenizer as module
from stages.tasks.classification.config import TokenizerConfig
from stages.tasks.classification.modeling.texts import encode
from stages.tasks.classification.tokenizer import encode_part, fit_tokenizer, summarise
from stages.tokenize import tokenize
from tests.tasks.classification.small import write_params, write_parts

ROOT = Path(__file__).parents[3]
TRAIN = ["The cat sat.", "the dog sat!", "It's the CAT", "a dog, a cat", "café naïve"]
UNITS = ("word", "bpe", "character")


def fitted(texts=TRAIN, **config):
    return fit_tokenizer([texts], TokenizerConfig(**config))


def test_a_part_is_read_batch_by_batch(tmp_path):
    path, count = tmp_path / "part.parquet", 10 * module.BATCH
    rows = pa.table({"text": [f"{number:0100}" for number in range(count)], "label": ["x"] * count})
    pq.write_table(rows, path, row_group_size=module.BATCH, compression="none", use_dictionary=False)
    before = pa.total_allocated_bytes()
    read = [(batch.num_rows, pa.total_allocated_bytes() - before) for batch in module.read_batches(path)]
    assert sum(rows for rows, _ in read) == count
    assert max(held for _, held in read) < path.stat().st_size / 2


def words(tokenizer, text):
    return [tokenizer.id_to_token(number) for number in encode(tokenizer, [text])[0]]


@pytest.mark.parametrize("unit", UNITS)
def test_padding_is_0_and_unknown_is_1(unit):
    tokenizer = fitted(unit=unit)
    assert (tokenizer.token_to_id("[PAD]"), tokenizer.token_to_id("[UNK]")) == (0, 1)
    assert sorted(tokenizer.get_vocab().values()) == list(range(tokenizer.get_vocab_size()))
    reread = Tokenizer.from_str(tokenizer.to_str(pretty=True))
    assert [row.tolist() for row in encode(reread, TRAIN)] == [row.tolist() for row in encode(tokenizer, TRAIN)]


def test_words():
    tokenizer = fitted()
    assert words(tokenizer, "It's a CAT, café!") == ["it's", "a", "cat", ",", "café", "!"]
    assert words(tokenizer, "a\n\tdog  cat") == ["a", "dog", "cat"]
    assert words(tokenizer, "the horse") == ["the", "[UNK]"]
    assert words(tokenizer, "cafe\u0301") == ["café"]  # composed or not


def test_scripts_without_spaces():
    assert words(fitted(["我爱北京 GPT-4!"]), "我爱 京gpt") == ["我", "爱", "京", "gpt"]


def test_words_are_numbered_by_their_frequency():
    tokenizer = fitted(["b b b", "a a", "c c c c"])
    assert [tokenizer.id_to_token(number) for number in range(5)] == ["[PAD]", "[UNK]", "c", "b", "a"]


def test_characters():
    tokenizer = fitted(unit="character", lowercase=False)
    assert words(tokenizer, "Za t") == ["[UNK]", "a", " ", "t"]
    assert words(fitted(["a\nb"], unit="character"), "a\nb") == ["a", "\n", "b"]


def test_byte_pairs():
    tokenizer = fitted(["low low low lower lower lowest"], unit="bpe", vocabulary=13)
    assert tokenizer.get_vocab_size() == 13
    assert words(tokenizer, "low slow lower") == ["low", "s", "low", "lower"]
    assert words(tokenizer, "lox") == ["lo", "[UNK]"]


def test_lowercase_is_a_choice():
    assert words(fitted(lowercase=False), "The CAT cat") == ["The", "CAT", "cat"]
    assert words(fitted(lowercase=True), "The CAT cat") == ["the", "cat", "cat"]


@pytest.mark.parametrize("unit", ["word", "character"])
def test_minimum_frequency(unit):
    tokenizer = fitted(["x x y", "x y z"], unit=unit, minimum_frequency=2)
    kept = {"word": {"x", "y"}, "character": {"x", "y", " "}}[unit]
    assert set(tokenizer.get_vocab()) == kept | {"[PAD]", "[UNK]"}


@pytest.mark.parametrize("unit", ["word", "character"])
def test_vocabulary_size_keeps_the_most_frequent(unit):
    tokenizer = fitted(["c c c b b a", "c b a z"], unit=unit, vocabulary=4)
    assert tokenizer.get_vocab_size() == 4
    assert "c" in tokenizer.get_vocab() and "z" not in tokenizer.get_vocab()


@pytest.mark.parametrize("unit", UNITS)
def test_marker_in_a_text_is_read_as_its_words(unit):
    """A text that says [PAD] must not get the id that the models take for padding."""
    text = "press [PAD] or [UNK]"
    tokenizer = fitted([text, text], unit=unit)
    (ids,) = encode(tokenizer, [text])
    assert ids.min() > 1
    assert "".join(words(tokenizer, text)).replace(" ", "") == text.lower().replace(" ", "")


def test_empty_vocabulary():
    with pytest.raises(UserError) as caught:
        fitted(["one two", "three"], minimum_frequency=2)
    assert str(caught.value) == (
        "the vocabulary is empty: no word of train occurs 2 times; lower tokenizer.minimum_frequency"
    )


def test_more_characters_than_byte_pairs_may_have():
    with pytest.raises(UserError) as caught:
        fitted(["abcdefgh"], unit="bpe", vocabulary=6)
    assert str(caught.value) == (
        "tokenizer.vocabulary is 6, but the characters of train and the two markers alone are 10: "
        "raise it, or use the unit word"
    )


def test_encode_part(tmp_path):
    path = tmp_path / "train.parquet"
    frame = pd.DataFrame({"text": ["a b c d", "\u200b \n", "b x", " "], "label": ["n", "m", "n", "o"]})
    frame.to_parquet(path)
    tokenizer = fitted(["a b c d"])
    lengths, unknown = encode_part(tokenizer, path, tmp_path, ["m", "n", "o"], maximum=3)
    ids, offsets, labels = (
        np.load(tmp_path / f"train.{name}.npy", mmap_mode="r") for name in ("values", "offsets", "labels")
    )
    assert [ids.dtype, offsets.dtype, labels.dtype] == [np.int32, np.int64, np.int32]
    assert offsets.tolist() == [0, 3, 4, 6, 6]
    texts = [[tokenizer.id_to_token(number) for number in ids[a:b]] for a, b in pairwise(offsets)]
    assert texts == [["a", "b", "c"], ["[UNK]"], ["b", "[UNK]"], []]
    assert labels.tolist() == [1, 0, 1, 2]
    assert lengths.tolist() == [1, 1, 1, 0, 1]  # texts of 0, 1, 2, 3 and 4 tokens
    assert unknown == 2


def test_part_of_texts_without_tokens(tmp_path):
    path = tmp_path / "validation.parquet"
    pd.DataFrame({"text": [" ", "\n"], "label": ["m", "m"]}).to_parquet(path)
    lengths, unknown = encode_part(fitted(), path, tmp_path, ["m"], maximum=256)
    assert (lengths.tolist(), unknown) == ([2], 0)
    ids, offsets = (np.load(tmp_path / f"validation.{name}.npy") for name in ("values", "offsets"))
    assert (ids.shape, ids.dtype, offsets.tolist()) == ((0,), np.int32, [0, 0, 0])
    assert summarise(lengths, unknown, 5)["coverage"] == 1


def test_summarise():
    assert summarise(np.bincount([0, 2, 4, 10]), unknown=4, maximum=3) == {
        "texts": 4,
        "tokens": 16,
        "unknown_rate": 0.25,
        "coverage": 0.75,
        "texts_without_tokens": 1,
        "texts_cut": 2,
        "tokens_cut": 8,
        "length_quantiles": {"0": 0, "25": 0, "50": 2, "75": 4, "95": 10, "100": 10},
    }


@pytest.fixture
def project(tmp_path):
    """Return a function that writes parameters and two parts, runs the stage and returns all its files' bytes."""

    def call(tokenizer=None, train=tuple(TRAIN), validation=("the horse sat", "café")):
        dataset = write_params(tmp_path, {"tokenizer": tokenizer or {}})
        parts = {}
        for name, texts in (("train", train), ("validation", validation)):
            labels = (["ham", "spam"] * len(texts))[: len(texts)]
            parts[name] = pd.DataFrame({"id": range(len(texts)), "text": texts, "label": labels})
        write_parts(dataset, parts)
        tokenize(dataset)
        return bytes_of(tmp_path)

    return call


def bytes_of(root):
    written = [*(root / "data/prepared/mine/tokens").iterdir(), *(root / "reports").rglob("*.*")]
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in written}


def test_stage(project, capsys):
    written = project({"maximum_length": 2})
    assert sorted(path.rpartition("/")[2] for path in written) == sorted(
        ["tokenizer.json", "meta.json", "mine.json", "mine.csv", "vectors.npy"]
        + [
            f"{part}.{name}.npy"
            for part in ("train", "validation")
            for name in ("values", "offsets", "labels", "weights")
        ]
    )
    report = json.loads(written["reports/prepare/mine.json"])
    assert (report["dataset"], report["unit"], report["train"]["texts"]) == ("mine", "word", 5)
    assert report["validation"] | {"length_quantiles": None} == {
        "texts": 2,
        "tokens": 4,
        "unknown_rate": 0.25,  # "horse" stands in validation alone
        "coverage": 0.75,
        "texts_without_tokens": 0,
        "texts_cut": 1,
        "tokens_cut": 1,
        "length_quantiles": None,
    }
    tokenizer = Tokenizer.from_str(written["data/prepared/mine/tokens/tokenizer.json"].decode())
    assert "horse" not in tokenizer.get_vocab() and "dog" in tokenizer.get_vocab()
    assert report["vocabulary"] == tokenizer.get_vocab_size()
    meta = json.loads(written["data/prepared/mine/tokens/meta.json"])
    assert meta == {"labels": ["ham", "spam"], "maximum_length": 2, "vectors_from": "train"}
    assert "22 tokens in 7 texts" in capsys.readouterr().out


@pytest.mark.parametrize("unit", UNITS)
def test_size_of_the_batches_changes_nothing(project, monkeypatch, unit):
    config = {"unit": unit, "vocabulary": 40}
    at_once = project(config)
    for size in (1, 2):
        monkeypatch.setattr(module, "BATCH", size)
        assert project(config) == at_once


def test_another_process_writes_the_same_bytes(project, tmp_path):
    """The library's own tables are ordered at random in each process; what is written must not be."""
    letters = "abcdefghij"
    train = [f"{a}{b} {b}{a}{a} {a}{b}{c}" for a in letters for b in letters for c in "xyz"]  # many equal counts
    for unit in UNITS:
        here = project({"unit": unit, "vocabulary": 60}, train=train)
        command = [sys.executable, "-m", "stages.tokenize", "mine"]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        subprocess.run(command, check=True, cwd=tmp_path, env=environment, capture_output=True)
        assert bytes_of(tmp_path) == here


def test_label_that_train_lacks_is_marked_for_the_audit(tmp_path):
    path = tmp_path / "validation.parquet"
    pd.DataFrame({"text": ["a", "b"], "label": ["new", "m"]}).to_parquet(path)
    encode_part(fitted(), path, tmp_path, ["m"], maximum=256)
    assert np.load(tmp_path / "validation.labels.npy").tolist() == [-1, 0]


def test_texts_without_weights_count_alike(tmp_path):
    path = tmp_path / "train.parquet"
    for columns, expected in (({}, [1, 1]), ({"weight": [0.5, 3.0]}, [0.5, 3])):
        pd.DataFrame({"text": ["a", "b"], "label": ["m", "m"]} | columns).to_parquet(path)
        encode_part(fitted(), path, tmp_path, ["m"], maximum=256)
        written = np.load(tmp_path / "train.weights.npy")
        assert written.dtype == np.float32
        assert written.tolist() == expected


def test_failure_leaves_no_half_written_tokens(project, tmp_path):
    before = project()
    with pytest.raises(UserError):
        project({"minimum_frequency": 99})
    assert bytes_of(tmp_path) == before


def test_what_is_said_before_training(tmp_path, capsys):
    train = pd.DataFrame({"text": ["我爱北京"] * 4, "label": ["a", "b"] * 2})
    validation = pd.DataFrame({"text": ["天安门"], "label": ["a"]})
    dataset = write_params(tmp_path)
    write_parts(dataset, {"train": train, "validation": validation, "test": validation})
    tokenize(dataset)
    remarks = json.loads(dataset.report("prepare").read_text())["remarks"]
    assert remarks[0].startswith("100% of train's characters are of scripts that put no spaces between words")
    assert "classification.datasets.mine.tokenizer.unit: bpe" in remarks[0]
    assert remarks[1].startswith("100% of validation's tokens are not in train's vocabulary")
    assert capsys.readouterr().err.count("note: ") == 2
