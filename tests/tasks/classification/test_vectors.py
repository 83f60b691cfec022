import gzip

import numpy as np
import pytest

from stages.runtime.errors import UserError
from stages.tasks.classification import vectors
from stages.tasks.classification.config import ClassificationDataset, TokenizerConfig
from stages.tasks.classification.modeling.data import Sequences
from stages.tasks.classification.modeling.texts import encode
from stages.tasks.classification.tokenizer import fit_tokenizer

TEXTS = ["the cat purrs", "the cat sleeps", "a dog barks", "a dog sleeps", "the kitten purrs", "a puppy barks"] * 5


@pytest.fixture
def tokenizer():
    return fit_tokenizer([TEXTS], TokenizerConfig())


def tokenized(tokenizer, texts=TEXTS) -> Sequences:
    return Sequences.from_rows(encode(tokenizer, texts), 100)


def cosine(table, tokenizer, one, other) -> float:
    one, other = (table[tokenizer.token_to_id(word)] for word in (one, other))
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


def test_tokens_with_the_same_neighbours_are_near(tokenizer):
    table = vectors.learn(tokenized(tokenizer), tokenizer.get_vocab_size(), 4)
    assert table.shape == (tokenizer.get_vocab_size(), 4)
    assert table.dtype == np.float32
    assert cosine(table, tokenizer, "cat", "kitten") > 0.9 > cosine(table, tokenizer, "cat", "puppy")
    assert not table[tokenizer.token_to_id("[PAD]")].any()


def test_learned_vectors_are_the_same_in_any_number_of_chunks(tokenizer, monkeypatch):
    whole = vectors.learn(tokenized(tokenizer), tokenizer.get_vocab_size(), 3)
    monkeypatch.setattr(vectors, "CHUNK", 7)
    np.testing.assert_allclose(vectors.learn(tokenized(tokenizer), tokenizer.get_vocab_size(), 3), whole, atol=1e-5)


@pytest.mark.parametrize("texts", [["cat"], ["cat", ""], ["", ""]])
def test_texts_without_neighbours_have_no_vectors(tokenizer, texts):
    assert not vectors.learn(tokenized(tokenizer, texts), tokenizer.get_vocab_size(), 3).any()


def test_a_width_beyond_the_vocabulary_is_filled_with_zeros(tokenizer):
    assert vectors.learn(tokenized(tokenizer), tokenizer.get_vocab_size(), 50).shape[1] == 50


@pytest.mark.parametrize("header", ["", "3 2\n"])
@pytest.mark.parametrize("name", ["v.txt", "v.txt.gz"])
def test_both_formats_are_read(tmp_path, tokenizer, header, name):
    content = f"{header}cat 1 2\nunheard 5 6\ndog -1 0.5\ncat 9 9\n".encode()
    (tmp_path / name).write_bytes(gzip.compress(content, mtime=0) if name.endswith("gz") else content)
    table = vectors.read(tmp_path, tokenizer)
    assert table[tokenizer.token_to_id("cat")].tolist() == [1, 2]  # the first of two
    assert table[tokenizer.token_to_id("dog")].tolist() == [-1, 0.5]
    assert table.any(axis=1).sum() == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("cat 1 2\ndog 1\n", "line 2: 1 values after 'dog', but 2 before"),
        ("cat 1 x\n", "line 1: the values after 'cat' are not all numbers"),
        ("unheard 1 2\n", "no vector for any token of the vocabulary"),
        ("", "no vector for any token"),
    ],
)
def test_bad_files_are_named_with_the_line(tmp_path, tokenizer, content, message):
    (tmp_path / "v.txt").write_text(content)
    with pytest.raises(UserError, match=message):
        vectors.read(tmp_path, tokenizer)


def test_no_file(tmp_path, tokenizer):
    with pytest.raises(UserError, match="holds no file of vectors"):
        vectors.read(tmp_path, tokenizer)


def test_coverage_counts_vocabulary_and_tokens(tokenizer):
    table = np.zeros((tokenizer.get_vocab_size(), 2), np.float32)
    table[tokenizer.token_to_id("the")] = 1
    coverage = vectors.coverage(table, tokenized(tokenizer, ["the cat", "the dog"]))
    assert coverage == {"width": 2, "vocabulary_covered": pytest.approx(1 / len(table)), "tokens_covered": 0.5}


def test_file_vectors_need_a_source():
    entry = {"source": {"path": "x.csv"}}
    with pytest.raises(ValueError, match=r"source\.vectors names none"):
        ClassificationDataset.model_validate(entry | {"tokenizer": {"vectors": "file"}})
    given = entry | {"tokenizer": {"vectors": "file"}, "source": {"path": "x.csv", "vectors": {"path": "glove.txt"}}}
    assert ClassificationDataset.model_validate(given).source.vectors.path == "glove.txt"
