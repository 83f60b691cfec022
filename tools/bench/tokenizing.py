"""How fast texts are tokenized, and in how much memory."""

import resource
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter

from stages.tasks.classification.config import TokenizerConfig
from tools.bench.processes import in_new_process

SIZES = (100, 1000)  # megabytes of text
REVIEWS = Path("data/prepared/movie_reviews/parts/train.parquet")


def texts() -> list[str]:
    """Return the film reviews of train.

    Raises:
        SystemExit: the pipeline has not run yet.
    """
    import pyarrow.parquet as pq

    if not REVIEWS.exists():
        sys.exit(f"{REVIEWS} is missing: run `make repro` first")
    return pq.read_table(REVIEWS, columns=["text"])["text"].to_pylist()


def tokenize_memory() -> None:
    """Peak memory of tokenizing a corpus and its tenfold: it must not grow with the corpus."""
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:  # in another process, so that the peaks below are those of tokenizing
            in_new_process("tokenizing", "write_corpus", folder, str(size))
        results = [in_new_process("tokenizing", "tokenize_corpus", folder, str(size)) for size in SIZES]
    for size, row in zip(SIZES, results, strict=True):
        speed = row["tokens"] / row["seconds"]
        print(f"  {size:5d} MB: {row['memory'] / 1e6:6.0f} MB peak, {speed / 1e6:.2f} million tokens/s, fit and encode")
    growth = results[1]["memory"] / results[0]["memory"]
    print(f"  ratio of peaks for {SIZES[1] / SIZES[0]:.0f} times the text: {growth:.2f}")


def write_corpus(folder: str, megabytes: str) -> None:
    """Write the reviews over and over up to a size."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sample = texts()
    batch = pa.table({"text": sample, "label": ["x"] * len(sample)})
    with pq.ParquetWriter(Path(folder, f"{megabytes}.parquet"), batch.schema) as writer:
        for _ in range(int(megabytes) * 1_000_000 // sum(map(len, sample))):
            writer.write_table(batch)


def tokenize_corpus(folder: str, megabytes: str) -> dict:
    """Tokenize the reviews as the stage does."""
    import numpy as np

    from stages.tasks.classification import tokenizer as tokenizing

    path, config, began = Path(folder, f"{megabytes}.parquet"), TokenizerConfig(), perf_counter()
    tokenizer = tokenizing.fit_tokenizer(tokenizing.read_texts(path), config)
    lengths, _ = tokenizing.encode_part(tokenizer, path, Path(folder), ["x"], config.maximum_length)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"tokens": int(lengths @ np.arange(len(lengths))), "seconds": perf_counter() - began, "memory": memory}


def tokenize_speed() -> None:
    """Tokens a second of the stage's encoding, of a plain str.split loop and of scikit-learn's analyser."""
    from sklearn.feature_extraction.text import CountVectorizer

    from stages.tasks.classification import tokenizer as tokenizing

    sample = texts() * 10
    tokenizer = tokenizing.fit_tokenizer(iter([sample]), TokenizerConfig())
    analyse = CountVectorizer().build_analyzer()
    ways: dict[str, Callable[[], Iterator]] = {
        "tokenizers, to ids": lambda: tokenizing.encode(tokenizer, sample),
        "str.split, no ids": lambda: (text.lower().split() for text in sample),
        "CountVectorizer's analyser, no ids": lambda: (analyse(text) for text in sample),
    }
    speeds = {}
    for name, way in ways.items():
        began = perf_counter()
        tokens = sum(len(row) for row in way())
        speeds[name] = tokens / (perf_counter() - began)
    ours = next(iter(speeds.values()))
    for name, speed in speeds.items():
        print(f"  {name:36s} {speed / 1e6:6.2f} million tokens/s, ours / this: {ours / speed:.2f}")
