"""A trained language model on the test part: what every character of it costs, by block and by place in a window."""

import itertools
import re
from typing import Any

import numpy as np
import pandas as pd

from stages.config.dataset import Dataset
from stages.evaluation.metric import measure
from stages.runtime.clock import clock
from stages.tasks.base import EvaluationResult
from stages.tasks.generation.metrics import METRICS, STATISTICS
from stages.tasks.generation.modeling.data import encode
from stages.tasks.generation.modeling.saved import Saved
from stages.tasks.generation.splitter import content_hash

BLOCK = 1000  # characters of a work, about: an item of the comparison
REACH, WINDOWS = 256, 256  # tokens of a window before which nothing is known, and how many of them
CONTEXT = "all text before, carried on; networks read 32 stretches, each after the 256 tokens before it"


def evaluate(saved: Saved, dataset: Dataset) -> EvaluationResult:
    """Measure a language model on its dataset's test part."""
    test = pd.read_parquet(dataset.part("test"))
    text = "".join(test["text"])
    ids, lengths = encode(saved.tokenizer, text)
    costs, upper_bound = {}, False
    began = clock.seconds()
    for seed, model in saved.replicas():
        costs[seed], upper_bound = model.token_nll_bits(ids), model.upper_bound
    seconds = clock.seconds() - began
    spelling = saved.meta.spelling_bits(ids, lengths)
    blocks = {seed: block_statistics(test, cost + spelling, lengths) for seed, cost in costs.items()}
    signature = {
        "part": "test",
        "split": content_hash(test),
        "items": len(next(iter(blocks.values()))),
        "characters": len(text),
        "unknown": int((ids == 0).sum()),
        "seeds": saved.seeds,
        "vocabulary": saved.tokenizer.get_vocab_size(),
        "unit": saved.meta.unit,
        "context": saved.parameters.CONTEXT or CONTEXT,
        "upper_bound": upper_bound,
        "average": "mean over seeds",
    }
    # Models with an upper bound generate chunks at once: their tokens have no places after others.
    by_position = [] if upper_bound else _by_position(saved, ids, lengths)
    return EvaluationResult(
        pd.concat([table.assign(seed=seed) for seed, table in blocks.items()]),
        scores={seed: _scores(table) for seed, table in blocks.items()},
        details={"by_position": by_position, "signature": signature},
        seconds=seconds,
        items=len(text) * len(costs),
    )


def block_statistics(works: pd.DataFrame, costs: np.ndarray, lengths: np.ndarray) -> pd.DataFrame:
    """Return a row for each block of a work: id, work, characters, words and bits; every token is in exactly one.

    Args:
        works: columns id and text.
        costs: of each token of all works together, (tokens,) bits.
        lengths: characters that each token stands for, (tokens,).
    """
    text, sizes = "".join(works["text"]), works["text"].str.len().to_numpy()
    ends = np.cumsum(lengths)
    work = np.searchsorted(np.cumsum(sizes), ends)  # (tokens,) where the token's last character stands
    blocks = -(-sizes // BLOCK)  # of each work
    block = (np.cumsum(blocks) - blocks)[work] + (ends - 1 - (np.cumsum(sizes) - sizes)[work]) // BLOCK
    count = int(blocks.sum())
    word_starts = np.fromiter((match.start() for match in re.finditer(r"\S+", text)), np.int64)
    sums = (
        np.bincount(block, lengths, count),
        np.bincount(block[np.searchsorted(ends, word_starts, side="right")], minlength=count),
        np.bincount(block, costs, count),
    )
    table = pd.DataFrame({"work": np.repeat(works["id"].to_numpy(), blocks)} | dict(zip(STATISTICS, sums, strict=True)))
    table = table[table["characters"] > 0].reset_index(names="id")
    return table.astype({"characters": "int64", "words": "int64"})


def _scores(blocks: pd.DataFrame) -> dict[str, float]:
    return measure(METRICS, blocks[list(STATISTICS)].sum().to_numpy(float))


def _by_position(saved: Saved, ids: np.ndarray, lengths: np.ndarray) -> list[dict[str, Any]]:
    """Return the bits per character by the number of tokens before it, in windows before which nothing is known."""
    length = min(REACH, len(ids))
    starts = np.linspace(0, len(ids) - length, min(WINDOWS, len(ids) // length)).astype(int)
    places = starts[:, None] + np.arange(length)
    costs = np.mean([model.cold_start_nll(ids[places]) for _, model in saved.replicas()], axis=0)
    edges = [0, *(2**power for power in range(20) if 2**power < length), length]
    return [
        {
            "from": start,
            "to": end - 1,
            "bits_per_character": float(costs[:, start:end].sum() / lengths[places[:, start:end]].sum()),
        }
        for start, end in itertools.pairwise(edges)
    ]
