"""Text parts → a vocabulary fitted on train alone, and ids with offsets.

Texts are read and written in batches, so that memory does not grow with the corpus. The test part is not
tokenized here: `evaluate` does that with the vocabulary that the model carries.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers

from stages.config.dataset import Dataset
from stages.data.arrays import GrowingArray
from stages.data.scripts import isolate_characters, script_remarks, unknown_remarks
from stages.data.vocabulary import fit_vocabulary
from stages.runtime.errors import UserError
from stages.runtime.files import write_json, write_text
from stages.runtime.progress import progress
from stages.tasks.base import Preparation
from stages.tasks.classification import vectors
from stages.tasks.classification.config import TokenizerConfig
from stages.tasks.classification.modeling.data import PREPARED_PARTS, LabelledSequences
from stages.tasks.classification.modeling.texts import UNKNOWN, encode

BATCH = 4096  # texts
PAD = "[PAD]"  # id 0; that of [UNK] is 1
WORD = r"\w+(?:['’]\w+)*|[^\w\s]+"
PERCENTAGES = (0, 25, 50, 75, 95, 100)  # of the texts, by length


def prepare(dataset: Dataset, output: Path, further: str = "") -> Preparation:
    """Fit a vocabulary on train, and write train and validation as ids into the new folder `output`.

    Args:
        dataset: its parts are there.
        output: the folder.
        further: a pattern of what is a token beside words and signs.
    """
    config, train = dataset.params("tokenizer", TokenizerConfig), dataset.part("train")
    tokenizer = fit_tokenizer(read_texts(train), config, further)
    labels = read_labels(train)
    report: dict[str, Any] = {"unit": config.unit, "vocabulary": tokenizer.get_vocab_size()}
    lengths: dict[str, np.ndarray] = {}
    output.mkdir()
    write_text(output / "tokenizer.json", tokenizer.to_str(pretty=True))
    meta = {"labels": labels, "maximum_length": config.maximum_length, "vectors_from": config.vectors}
    write_json(output / "meta.json", meta)
    for part in PREPARED_PARTS:
        path = dataset.part(part)
        lengths[part], unknown = encode_part(tokenizer, path, output, labels, config.maximum_length)
        report[part] = summarise(lengths[part], unknown, config.maximum_length)
    report["vectors"] = write_vectors(tokenizer, output, dataset.vectors, config)
    tokens, texts = (sum(report[part][count] for part in PREPARED_PARTS) for count in ("tokens", "texts"))
    key = dataset.key("tokenizer.unit")
    remarks = script_remarks(read_texts(train), config.unit, key)
    remarks += unknown_remarks({"validation": report["validation"]["unknown_rate"]}, config.unit, key)
    return Preparation(report, f"{tokens} tokens in {texts} texts", lengths, remarks)


def write_vectors(tokenizer: Tokenizer, output: Path, source: Path, config: TokenizerConfig) -> dict[str, Any] | None:
    """Write the vectors that tokens start from, if any; return how much of train they cover.

    Args:
        tokenizer: the vocabulary.
        output: the folder of tokens, where train is already.
        source: the folder of a file of vectors.
        config: where vectors come from.
    """
    if config.vectors == "none":
        return None
    train = LabelledSequences.open(output, "train")
    if config.vectors == "file":
        table = vectors.read(source, tokenizer)
    else:
        table = vectors.learn(train, tokenizer.get_vocab_size(), config.vectors_width)
    np.save(output / "vectors.npy", table)
    report: dict[str, Any] = {"from": config.vectors}
    return report | vectors.coverage(table, train)


def read_batches(path: Path) -> Iterator[pa.RecordBatch]:
    """Yield a part's texts, labels and, if it has any, weights in batches."""
    # Without pre-buffering: that reads all row groups ahead, and so holds the whole file in memory.
    with pq.ParquetFile(path, pre_buffer=False) as file:
        columns = [name for name in ("text", "label", "weight") if name in file.schema_arrow.names]
        yield from file.iter_batches(BATCH, columns=columns)


def read_texts(path: Path) -> Iterator[list[str]]:
    """Yield a part's texts in batches."""
    return (batch["text"].to_pylist() for batch in read_batches(path))


def read_labels(path: Path) -> list[str]:
    """Return a part's labels, each once, sorted."""
    labels: set[str] = set()
    return sorted(labels.union(*(batch["label"].unique().to_pylist() for batch in read_batches(path))))


def fit_tokenizer(batches: Iterable[list[str]], config: TokenizerConfig, further: str = "") -> Tokenizer:
    """Return a tokenizer whose vocabulary is fitted on the texts; the same texts give the same vocabulary.

    Raises:
        UserError: the texts hold no unit that is frequent enough, or more characters than byte-pair encoding may have.
    """
    steps = [normalizers.NFC(), normalizers.Lowercase()] if config.lowercase else [normalizers.NFC()]
    pattern = r"[\s\S]" if config.unit == "character" else "|".join(filter(None, [further, WORD]))
    split: pre_tokenizers.PreTokenizer = pre_tokenizers.Split(Regex(pattern), behavior="removed", invert=True)
    if config.unit == "word":
        split = pre_tokenizers.Sequence([isolate_characters(), split])
    tokenizer = fit_vocabulary(
        progress(batches, desc="fit", unit="batch"),
        config,
        [PAD, UNKNOWN],
        split,
        normalizers.Sequence(steps),
    )
    if tokenizer.get_vocab_size() <= 2:
        raise UserError(
            f"the vocabulary is empty: no {config.unit} of train occurs {config.minimum_frequency} times; "
            "lower tokenizer.minimum_frequency"
        )
    if tokenizer.get_vocab_size() > config.vocabulary:  # byte-pair encoding keeps every character
        raise UserError(
            f"tokenizer.vocabulary is {config.vocabulary}, but the characters of train and the two markers alone "
            f"are {tokenizer.get_vocab_size()}: raise it, or use the unit word"
        )
    return tokenizer


def encode_part(
    tokenizer: Tokenizer, path: Path, output: Path, labels: Sequence[str], maximum: int
) -> tuple[np.ndarray, int]:
    """Write a part's ids, offsets, labels and weights; a text longer than the maximum loses its end.

    Args:
        tokenizer: the vocabulary.
        path: the part's file.
        output: the folder of tokens.
        labels: of train, sorted.
        maximum: the length at which texts are cut, in tokens.

    Returns:
        How many texts have 0, 1, 2, … tokens before cutting, (longest + 1,), and how many of all tokens are unknown.
    """
    unknown_id, unknown, lengths = tokenizer.token_to_id(UNKNOWN), 0, np.zeros(1, np.int64)
    label_set = pa.array(labels)
    files = (GrowingArray(output / f"{path.stem}.{name}.npy") for name in ("values", "offsets", "labels", "weights"))
    with next(files) as ids, next(files) as offsets, next(files) as indices, next(files) as weights:
        offsets.append(np.zeros(1, np.int64))
        for batch in progress(read_batches(path), desc=path.stem, unit="batch"):
            weighted = "weight" in batch.schema.names
            rows = encode(tokenizer, batch["text"].to_pylist())
            unknown += int(np.count_nonzero(np.concatenate(rows) == unknown_id))
            lengths = _add(lengths, np.bincount([len(row) for row in rows]))
            cut = [row[:maximum] for row in rows]
            offsets.append(ids.length + np.cumsum([len(row) for row in cut], dtype=np.int64))
            ids.append(np.concatenate(cut))
            # −1: a label of an official validation part that train lacks.
            indices.append(pc.index_in(batch["label"], label_set).fill_null(-1).to_numpy())
            weights.append((batch["weight"].to_numpy() if weighted else np.ones(len(rows))).astype(np.float32))
    return lengths, unknown


def _add(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    size = max(len(one), len(other))
    return np.pad(one, (0, size - len(one))) + np.pad(other, (0, size - len(other)))


def summarise(lengths: np.ndarray, unknown: int, maximum: int) -> dict[str, Any]:
    """Return counts of texts and tokens, the share of unknown tokens and the quantiles of the lengths.

    Args:
        lengths: how many texts have 0, 1, 2, … tokens.
        unknown: how many tokens are not in the vocabulary.
        maximum: the length at which texts are cut.
    """
    tokens, texts = int(lengths @ np.arange(len(lengths))), int(lengths.sum())
    over = np.maximum(np.arange(len(lengths)) - maximum, 0)
    below = np.cumsum(lengths)
    ranks = [max(1, round(percentage / 100 * texts)) for percentage in PERCENTAGES]
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
            for percentage, rank in zip(PERCENTAGES, ranks, strict=True)
        },
    }
