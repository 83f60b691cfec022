"""How fast texts are tokenized, and in how much memory."""

import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter

from stages.classification.params import Tokenizer

SIZES = (100, 1000)  # megabytes of text
REVIEWS = Path("data/prepared/movie_reviews/train.parquet")


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
        found = [_in_new_process("tokenize_corpus", folder, str(size)) for size in SIZES]
    for size, row in zip(SIZES, found, strict=True):
        speed = row["tokens"] / row["seconds"]
        print(f"  {size:5d} MB: {row['memory'] / 1e6:6.0f} MB peak, {speed / 1e6:.2f} million tokens/s, fit and encode")
    print(
        f"  ratio of peaks for {SIZES[1] / SIZES[0]:.0f} times the text: {found[1]['memory'] / found[0]['memory']:.2f}"
    )


def tokenize_corpus(folder: str, megabytes: str) -> dict:
    """Write the reviews over and over up to a size, then tokenize them as the stage does."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from stages import tokenize

    path, sample = Path(folder, f"{megabytes}.parquet"), texts()
    batch = pa.table({"text": sample, "label": ["x"] * len(sample)})
    repeats = int(megabytes) * 1_000_000 // sum(map(len, sample))
    with pq.ParquetWriter(path, batch.schema) as writer:
        for _ in range(repeats):
            writer.write_table(batch)
    began, choices = perf_counter(), Tokenizer()
    tokenizer = tokenize.fit(tokenize.texts_of(path), choices)
    lengths, _ = tokenize.encode_part(tokenizer, path, Path(folder), ["x"], choices)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"tokens": int(lengths @ np.arange(len(lengths))), "seconds": perf_counter() - began, "memory": memory}


def tokenize_speed() -> None:
    """Tokens a second of the stage's encoding, of a plain str.split loop and of scikit-learn's analyser."""
    from sklearn.feature_extraction.text import CountVectorizer

    from stages import tokenize

    sample = texts() * 10
    tokenizer = tokenize.fit(iter([sample]), Tokenizer())
    analyse = CountVectorizer().build_analyzer()
    ways: dict[str, Callable[[], Iterator]] = {
        "tokenizers, to ids": lambda: tokenize.encode(tokenizer, sample),
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


def _in_new_process(function: str, *arguments: str) -> dict:
    """Return what a function of this module returns, called in a process of its own, so that its peak is its own."""
    code = f"import json; from tools.bench import tokenizing; print(json.dumps(tokenizing.{function}(*{arguments!r})))"
    run = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(run.stdout.splitlines()[-1])
