"""Text parts → a vocabulary fitted on train alone, and ids with offsets.

Texts are read and written in batches, so that memory does not grow with the corpus. The test part is not
tokenized here: `evaluate` does that with the vocabulary that the model carries.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import tokenizers
from tokenizers import Regex, models, normalizers, pre_tokenizers, trainers

from stages.classification.params import Tokenizer
from stages.console import Problem, progress, run
from stages.files import whole, write_json, write_text
from stages.params import load

BATCH = 4096  # texts
PADDING, UNKNOWN = "[PAD]", "[UNK]"  # ids 0 and 1
WORD = r"\w+(?:['’]\w+)*|[^\w\s]+"


def tokenize(dataset: str) -> None:
    """Fit a dataset's vocabulary on train and write train and validation as ids."""
    choices = load().dataset(dataset).tokenizer
    folder = Path("data/prepared", dataset)
    tokenizer = fit(texts_of(folder / "train.parquet"), choices)
    labels = labels_of(folder / "train.parquet")
    report, lengths = {"dataset": dataset, "unit": choices.unit, "vocabulary": tokenizer.get_vocab_size()}, {}
    with whole(folder / "tokens") as tokens:
        tokens.mkdir()
        write_text(tokens / "tokenizer.json", tokenizer.to_str(pretty=True))
        write_json(tokens / "meta.json", {"labels": labels, "maximum_length": choices.maximum_length})
        for part in ("train", "validation"):
            lengths[part], unknown = encode_part(tokenizer, folder / f"{part}.parquet", tokens, labels, choices)
            report[part] = summarise(lengths[part], unknown, choices.maximum_length)
    write_json(Path("reports/tokens") / f"{dataset}.json", report)
    write_text(Path("reports/plots/lengths") / f"{dataset}.csv", histogram(lengths))
    unknown_rate = report["validation"]["unknown_rate"]
    print(f"{dataset}: {report['vocabulary']} tokens ({choices.unit}), {unknown_rate:.2%} of validation unknown")


def texts_of(path: Path) -> Iterator[list[str]]:
    """Yield the texts of a part in batches."""
    for batch in pq.ParquetFile(path).iter_batches(BATCH, columns=["text"]):
        yield batch.column("text").to_pylist()


def labels_of(path: Path) -> list[str]:
    """Return the labels of a part, each once, sorted."""
    return sorted(pq.read_table(path, columns=["label"]).column("label").unique().to_pylist())


def fit(batches: Iterator[list[str]], choices: Tokenizer) -> tokenizers.Tokenizer:
    """Return a tokenizer whose vocabulary is fitted on the texts; the same texts give the same vocabulary.

    Raises:
        Problem: the texts hold no unit that is frequent enough.
    """
    options = {
        "vocab_size": choices.vocabulary,
        "min_frequency": choices.minimum_frequency,
        "special_tokens": [PADDING, UNKNOWN],
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
    return tokenizer


def encode(tokenizer: tokenizers.Tokenizer, texts: list[str]) -> list[np.ndarray]:
    """Return each text's ids (int32), uncut."""
    return [np.asarray(encoding.ids, np.int32) for encoding in tokenizer.encode_batch_fast(texts)]


def encode_part(
    tokenizer: tokenizers.Tokenizer, path: Path, folder: Path, labels: list[str], choices: Tokenizer
) -> tuple[np.ndarray, int]:
    """Write a part's ids, offsets and labels into `folder`; a text longer than the maximum loses its end.

    Returns:
        The texts' lengths in tokens before cutting, (texts,), and how many of all tokens are unknown.
    """
    unknown_id, unknown, lengths = tokenizer.token_to_id(UNKNOWN), 0, []
    ids_file, offsets_file = (GrowingArray(folder / f"{path.stem}.{name}.npy") for name in ("ids", "offsets"))
    with ids_file as ids, offsets_file as offsets:
        offsets.append(np.zeros(1, np.int64))
        for texts in progress(texts_of(path), desc=path.stem, unit="batch"):
            rows = encode(tokenizer, texts)
            lengths.append(np.array([len(row) for row in rows]))
            unknown += int(np.count_nonzero(np.concatenate(rows) == unknown_id))
            cut = [row[: choices.maximum_length] for row in rows]
            offsets.append(ids.length + np.cumsum([len(row) for row in cut], dtype=np.int64))
            ids.append(np.concatenate(cut))
    column = pq.read_table(path, columns=["label"]).column("label").to_numpy()
    np.save(folder / f"{path.stem}.labels.npy", np.searchsorted(labels, column).astype(np.int32))
    return np.concatenate(lengths), unknown


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
    """Return counts of texts and tokens, the share of unknown tokens and the quantiles of the lengths."""
    tokens = int(lengths.sum())
    quantiles = np.quantile(lengths, [0, 0.25, 0.5, 0.75, 0.95, 1])
    return {
        "texts": len(lengths),
        "tokens": tokens,
        "unknown_rate": unknown / max(tokens, 1),
        "coverage": 1 - unknown / max(tokens, 1),
        "texts_without_tokens": int((lengths == 0).sum()),
        "texts_cut": int((lengths > maximum).sum()),
        "tokens_cut": int(np.maximum(lengths - maximum, 0).sum()),
        "length_quantiles": dict(zip(("0", "25", "50", "75", "95", "100"), quantiles.tolist(), strict=True)),
    }


def histogram(lengths: dict[str, np.ndarray], bins: int = 40) -> str:
    """Return CSV rows of how many of a part's texts have up to so many tokens."""
    edges = np.unique(np.linspace(0, max(part.max() for part in lengths.values()) + 1, bins + 1).astype(int))
    rows = ["part,tokens,texts"]
    for name, part in lengths.items():
        counts, _ = np.histogram(part, edges)
        rows += [f"{name},{edge},{count}" for edge, count in zip(edges[1:], counts, strict=True)]
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    run(tokenize)
