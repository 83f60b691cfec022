"""Vectors that a neural model's tokens start from: learned from train's own texts, or read from a file."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tokenizers import Tokenizer

from stages.runtime.errors import UserError
from stages.runtime.progress import progress
from stages.tasks.classification.modeling.data import Sequences

if TYPE_CHECKING:
    from scipy.sparse import csr_array

WINDOW = 5  # tokens to either side; a neighbour at distance d counts 1 / d
SMOOTHING = 0.75  # exponent of the contexts' frequencies
SPREAD = 0.1  # standard deviation of the values, for the models' learning rates
CHUNK = 1_000_000  # tokens at a time


def learn(texts: Sequences, vocabulary: int, width: int) -> np.ndarray:
    """Return vectors (vocabulary, width) float32 of which tokens stand near which in the texts.

    Positive pointwise mutual information of neighbours, its contexts smoothed, reduced by a singular value
    decomposition with the square roots of the values (Levy, Goldberg & Dagan 2015, sections 2.1 and 3). Tokens
    without a neighbour keep zeros. Memory grows with the pairs of tokens that occur, not with the texts.
    """
    from scipy.sparse import csr_array
    from sklearn.utils.extmath import randomized_svd
    from threadpoolctl import threadpool_limits

    after = sum(_neighbours(texts, vocabulary), csr_array((vocabulary, vocabulary)))
    counts = (after + after.T).tocoo()
    rows, columns = counts.coords
    frequency = counts.sum(axis=1)
    context = frequency**SMOOTHING / max((frequency**SMOOTHING).sum(), 1)
    with np.errstate(divide="ignore"):
        information = np.log(counts.data / (frequency[rows] * context[columns]))
    kept = information > 0
    positive = csr_array((information[kept], (rows[kept], columns[kept])), shape=counts.shape)
    with threadpool_limits(1):  # the same bytes on any number of cores
        left, values, _ = randomized_svd(positive, min(width, vocabulary - 1), random_state=0)
    vectors = np.zeros((vocabulary, width), np.float32)
    vectors[:, : len(values)] = left * np.sqrt(values)
    vectors[np.bincount(rows[kept], minlength=vocabulary) == 0] = 0  # the decomposition leaves traces of rounding
    return vectors * (SPREAD / max(vectors.std(), 1e-12))


def _neighbours(texts: Sequences, vocabulary: int) -> Iterator["csr_array"]:
    """Yield sparse counts (vocabulary, vocabulary) of tokens with the ones after them, a chunk of texts at a time."""
    from scipy.sparse import coo_array

    starts = np.searchsorted(texts.offsets, np.arange(0, max(texts.offsets[-1], 1), CHUNK))
    for first, last in zip(starts, [*starts[1:], len(texts.offsets) - 1], strict=True):
        ids = np.asarray(texts.values[texts.offsets[first] : texts.offsets[last]])
        text = np.repeat(np.arange(last - first), np.diff(texts.offsets[first : last + 1]))
        for distance in range(1, WINDOW + 1):
            together = text[distance:] == text[:-distance]
            pair = ids[:-distance][together], ids[distance:][together]
            weights = np.full(len(pair[0]), 1 / distance)
            yield coo_array((weights, pair), shape=(vocabulary, vocabulary)).tocsr()


def read(folder: Path, tokenizer: Tokenizer) -> np.ndarray:
    """Return vectors (vocabulary, width) float32 from the text file in `folder`; zeros where it has none.

    Formats: GloVe (a token and its values a line) and word2vec's text format (with a first line of two numbers),
    compressed or not. A token that stands twice keeps its first vector.

    Raises:
        UserError: a line has another number of values than the first, a value is no number, or no token is known.
    """
    path = next(iter(sorted(folder.iterdir())), None)
    if path is None:
        raise UserError(f"{folder} holds no file of vectors: give source.vectors, or set tokenizer.vectors to train")
    ids, vectors = tokenizer.get_vocab(), dict[str, np.ndarray]()
    for number, line in enumerate(progress(_lines(path), desc=path.name, unit="line"), start=1):
        token, _, values = line.rstrip("\n").partition(" ")
        if number == 1 and len(values.split()) == 1:  # word2vec's header
            continue
        if token not in ids or token in vectors:
            continue
        try:
            vector = np.array(values.split(), np.float32)
        except ValueError:
            raise UserError(f"{path}, line {number}: the values after '{token}' are not all numbers") from None
        width = len(next(iter(vectors.values()), vector))
        if len(vector) != width or not width:
            raise UserError(f"{path}, line {number}: {len(vector)} values after '{token}', but {width} before")
        vectors[token] = vector
    if not vectors:
        raise UserError(
            f"{path} has no vector for any token of the vocabulary: is it GloVe's or word2vec's text format?"
        )
    rows = np.array([ids[token] for token in vectors])
    table = np.zeros((len(ids), len(next(iter(vectors.values())))), np.float32)
    table[rows] = list(vectors.values())
    return table


def _lines(path: Path) -> Iterator[str]:
    import fsspec

    with fsspec.open(str(path), "rb", compression="infer") as file:
        yield from io.TextIOWrapper(file, encoding="utf-8", errors="replace")


def coverage(vectors: np.ndarray, texts: Sequences) -> dict[str, float]:
    """Return which share of the vocabulary and of the texts' tokens has a vector.

    Args:
        vectors: (vocabulary, width), zeros where a token has none.
        texts: train.
    """
    covered = vectors.any(axis=1)
    starts = range(0, len(texts.values), CHUNK)  # all at once would be copied as 64-bit numbers
    frequency = sum(
        (np.bincount(texts.values[start : start + CHUNK], minlength=len(vectors)) for start in starts),
        np.zeros(len(vectors), np.int64),
    )
    return {
        "width": vectors.shape[1],
        "vocabulary_covered": float(covered.mean()),
        "tokens_covered": float(frequency[covered].sum() / max(frequency.sum(), 1)),
    }
