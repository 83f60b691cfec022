"""Text parts → a vocabulary fitted on train alone, and ids with offsets.

Texts are read and written in batches, so that memory does not grow with the corpus. The test part is not
tokenized here: `evaluate` does that with the vocabulary that the model carries.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import tokenizers
from tokenizers import Regex, models, normalizers, pre_tokenizers, trainers

from stages.classification import vectors
from stages.classification.data import UNKNOWN, TokenizedTexts, encode
from stages.classification.params import Tokenizer
from stages.console import Problem, progress
from stages.files import write_json, write_text
from stages.params import load

BATCH = 4096  # texts
PAD = "[PAD]"  # id 0; that of [UNK] is 1
WORD = r"\w+(?:['’]\w+)*|[^\w\s]+"


def tokenize(dataset: str, prepared: Path, output: Path) -> tuple[dict, dict[str, np.ndarray]]:
    """Fit a vocabulary on train and write train and validation as ids into `output`.

    Returns:
        What is reported, and how many texts of a part have 0, 1, 2, … tokens.
    """
    choices = load().dataset(dataset).tokenizer
    tokenizer = fit(texts_of(prepared / "train.parquet"), choices)
    labels = labels_of(prepared / "train.parquet")
    report, lengths = {"unit": choices.unit, "vocabulary": tokenizer.get_vocab_size()}, {}
    output.mkdir()
    write_text(output / "tokenizer.json", tokenizer.to_str(pretty=True))
    about = {"labels": labels, "maximum_length": choices.maximum_length, "vectors_from": choices.vectors}
    write_json(output / "meta.json", about)
    for part in ("train", "validation"):
        lengths[part], unknown = encode_part(tokenizer, prepared / f"{part}.parquet", output, labels, choices)
        report[part] = summarise(lengths[part], unknown, choices.maximum_length)
    report["vectors"] = write_vectors(tokenizer, output, Path("data/vectors", dataset), choices)
    return report, lengths


def write_vectors(tokenizer: tokenizers.Tokenizer, folder: Path, given: Path, choices: Tokenizer) -> dict | None:
    """Write the vectors that tokens start from, if any, into `folder`; return how much of train they cover."""
    if choices.vectors == "none":
        return None
    train = TokenizedTexts.open(folder, "train")
    if choices.vectors == "file":
        table = vectors.read(given, tokenizer)
    else:
        table = vectors.learn(train, tokenizer.get_vocab_size(), choices.vectors_width)
    np.save(folder / "vectors.npy", table)
    return {"from": choices.vectors} | vectors.coverage(table, train)


def batches_of(path: Path) -> Iterator[pa.RecordBatch]:
    """Yield a part's texts, labels and, if it has any, weights in batches."""
    # Without pre-buffering: that reads all row groups ahead, and so holds the whole file in memory.
    with pq.ParquetFile(path, pre_buffer=False) as file:
        columns = [name for name in ("text", "label", "weight") if name in file.schema_arrow.names]
        yield from file.iter_batches(BATCH, columns=columns)


def texts_of(path: Path) -> Iterator[list[str]]:
    """Yield a part's texts in batches."""
    return (batch["text"].to_pylist() for batch in batches_of(path))


def labels_of(path: Path) -> list[str]:
    """Return a part's labels, each once, sorted."""
    return sorted(set().union(*(batch["label"].unique().to_pylist() for batch in batches_of(path))))


def fit(batches: Iterator[list[str]], choices: Tokenizer) -> tokenizers.Tokenizer:
    """Return a tokenizer whose vocabulary is fitted on the texts; the same texts give the same vocabulary.

    Raises:
        Problem: the texts hold no unit that is frequent enough, or more characters than byte-pair encoding may have.
    """
    options = {
        "vocab_size": choices.vocabulary,
        "min_frequency": choices.minimum_frequency,
        "special_tokens": [PAD, UNKNOWN],
        "show_progress": False,
    }
    if choices.unit == "bpe":
        tokenizer, trainer = tokenizers.Tokenizer(models.BPE(unk_token=UNKNOWN)), trainers.BpeTrainer(**options)
    else:
        model = models.WordLevel({UNKNOWN: 0}, unk_token=UNKNOWN)
        tokenizer, trainer = tokenizers.Tokenizer(model), trainers.WordLevelTrainer(**options)
    steps = [normalizers.NFC(), normalizers.Lowercase()] if choices.lowercase else [normalizers.NFC()]
    tokenizer.normalizer = normalizers.Sequence(steps)
    pattern = r"[\s\S]" if choices.unit == "character" else WORD
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(pattern), behavior="removed", invert=True)
    tokenizer.train_from_iterator(progress(batches, desc="fit", unit="batch"), trainer)
    if tokenizer.get_vocab_size() <= 2:
        raise Problem(
            f"the vocabulary is empty: no {choices.unit} of train occurs {choices.minimum_frequency} times; "
            "lower tokenizer.minimum_frequency"
        )
    if tokenizer.get_vocab_size() > choices.vocabulary:  # byte-pair encoding keeps every character
        raise Problem(
            f"tokenizer.vocabulary is {choices.vocabulary}, but the characters of train and the two markers alone "
            f"are {tokenizer.get_vocab_size()}: raise it, or use the unit word"
        )
    return _without_markers(tokenizer)


def _without_markers(tokenizer: tokenizers.Tokenizer) -> tokenizers.Tokenizer:
    """Keep the ids of [PAD] and [UNK], but read these words as any others where a text holds them."""
    content = json.loads(tokenizer.to_str())
    content["added_tokens"] = []
    return tokenizers.Tokenizer.from_str(json.dumps(content))


def encode_part(
    tokenizer: tokenizers.Tokenizer, path: Path, folder: Path, labels: list[str], choices: Tokenizer
) -> tuple[np.ndarray, int]:
    """Write a part's ids, offsets, labels and weights into `folder`; a text longer than the maximum loses its end.

    Returns:
        How many texts have 0, 1, 2, … tokens before cutting, (longest + 1,), and how many of all tokens are unknown.
    """
    unknown_id, unknown, lengths, known = tokenizer.token_to_id(UNKNOWN), 0, np.zeros(1, np.int64), pa.array(labels)
    files = (GrowingArray(folder / f"{path.stem}.{name}.npy") for name in ("ids", "offsets", "labels", "weights"))
    with next(files) as ids, next(files) as offsets, next(files) as indices, next(files) as weights:
        offsets.append(np.zeros(1, np.int64))
        for batch in progress(batches_of(path), desc=path.stem, unit="batch"):
            weighted = "weight" in batch.schema.names
            rows = encode(tokenizer, batch["text"].to_pylist())
            unknown += int(np.count_nonzero(np.concatenate(rows) == unknown_id))
            lengths = _add(lengths, np.bincount([len(row) for row in rows]))
            cut = [row[: choices.maximum_length] for row in rows]
            offsets.append(ids.length + np.cumsum([len(row) for row in cut], dtype=np.int64))
            ids.append(np.concatenate(cut))
            indices.append(pc.index_in(batch["label"], known).fill_null(-1).to_numpy())  # -1: audit fails the run
            weights.append((batch["weight"].to_numpy() if weighted else np.ones(len(rows))).astype(np.float32))
    return lengths, unknown


def _add(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    size = max(len(one), len(other))
    return np.pad(one, (0, size - len(one))) + np.pad(other, (0, size - len(other)))


class GrowingArray:
    """A one-dimensional .npy file that is appended to, so that its content never has to fit in memory."""

    def __init__(self, path: Path) -> None:
        self.path, self.length, self.descr = path, 0, None

    def __enter__(self) -> "GrowingArray":
        self.file = self.path.open("wb")
        return self

    def append(self, values: np.ndarray) -> None:
        """Add values; all must have the dtype of the first."""
        if self.descr is None:
            self.descr = np.lib.format.dtype_to_descr(values.dtype)
            self._write_header()
        self.file.write(values.tobytes())
        self.length += len(values)

    def _write_header(self) -> None:
        # NumPy pads the header so that the first axis can grow in place (numpy.lib.format, GROWTH_AXIS_MAX_DIGITS).
        header = {"descr": self.descr, "fortran_order": False, "shape": (self.length,)}
        np.lib.format.write_array_header_1_0(self.file, header)

    def __exit__(self, *_error) -> None:
        self.file.seek(0)
        self._write_header()
        self.file.close()


def summarise(lengths: np.ndarray, unknown: int, maximum: int) -> dict:
    """Return counts of texts and tokens, the share of unknown tokens and the quantiles of the lengths.

    Args:
        lengths: how many texts have 0, 1, 2, … tokens.
        unknown: how many tokens are not in the vocabulary.
        maximum: the length at which texts are cut.
    """
    tokens, texts = int(lengths @ np.arange(len(lengths))), int(lengths.sum())
    over = np.maximum(np.arange(len(lengths)) - maximum, 0)
    below = np.cumsum(lengths)
    percentages = (0, 25, 50, 75, 95, 100)
    ranks = [max(1, round(percentage / 100 * texts)) for percentage in percentages]
    return {
        "texts": texts,
        "tokens": tokens,
        "unknown_rate": unknown / max(tokens, 1),
        "coverage": 1 - unknown / max(tokens, 1),
        "texts_without_tokens": int(lengths[0]),
        "texts_cut": int(lengths[over > 0].sum()),
        "tokens_cut": int(lengths @ over),
        "length_quantiles": {
            str(percentage): int(np.searchsorted(below, rank))
            for percentage, rank in zip(percentages, ranks, strict=True)
        },
    }
