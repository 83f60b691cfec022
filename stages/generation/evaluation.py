"""A trained language model on the test part: what every character of it costs, by block and by place in a window."""

import itertools
import re
from pathlib import Path

import numpy as np
import pandas as pd

from stages.clock import clock
from stages.generation.data import encode, spelling_bits
from stages.generation.metrics import COLUMNS, figures
from stages.generation.saved import Saved
from stages.generation.splitting import content_hash
from stages.tasks import Measured

BLOCK = 1000  # characters, about: an item of the comparison
REACH, WINDOWS = 256, 256  # tokens of a window that starts from nothing, and how many of them
CONTEXT = "all text before, carried on; networks read 32 stretches, each after the 256 tokens before it"


def measure(saved: Saved) -> Measured:
    """Return what a language model did on its dataset's test part."""
    test = pd.read_parquet(Path("data/prepared", saved.about["dataset"], "test.parquet"))
    text = "".join(test["text"])
    ids, lengths = encode(saved.tokenizer, text)
    window = saved.about["window"]
    began = clock.seconds()
    costs = {seed: model.bits(ids) for seed, model in saved.replicas()}
    seconds = clock.seconds() - began
    spelled = spelling_bits(ids, lengths, window["unit"], window["characters"])
    blocks = {seed: _blocks(text, cost + spelled, lengths) for seed, cost in costs.items()}
    signature = {
        "part": "test",
        "split": content_hash(test),
        "items": len(next(iter(blocks.values()))),
        "characters": len(text),
        "unknown": int((ids == 0).sum()),
        "seeds": saved.about["seeds"],
        "vocabulary": saved.tokenizer.get_vocab_size(),
        "unit": window["unit"],
        "context": getattr(saved.module, "CONTEXT", CONTEXT),
        "bound": getattr(saved.module, "BOUND", False),
        "average": "mean over seeds",
    }
    return Measured(
        pd.concat([table.assign(seed=seed) for seed, table in blocks.items()]),
        scores={seed: _scores(table) for seed, table in blocks.items()},
        details={
            "by_position": _by_position(saved, ids, lengths),
            "signature": signature,
        },
        seconds=seconds,
        items=len(text) * len(costs),
    )


def _blocks(text: str, costs: np.ndarray, lengths: np.ndarray) -> pd.DataFrame:
    """Return a row a block of the text: id, characters, words and bits; every token is in exactly one."""
    ends = np.cumsum(lengths)
    block = (ends - 1) // BLOCK  # (tokens,)
    count = int(block[-1]) + 1
    words = np.fromiter((match.start() for match in re.finditer(r"\S+", text)), np.int64)
    sums = (
        np.bincount(block, lengths, count),
        np.bincount(block[np.searchsorted(ends, words, side="right")], minlength=count),
        np.bincount(block, costs, count),
    )
    table = pd.DataFrame(dict(zip(COLUMNS, sums, strict=True)))
    return table[table["characters"] > 0].reset_index(names="id").astype(dict.fromkeys(COLUMNS[:2], "int64"))


def _scores(table: pd.DataFrame) -> dict[str, float]:
    return {name: float(value) for name, value in figures(table[list(COLUMNS)].sum().to_numpy(float)).items()}


def _by_position(saved: Saved, ids: np.ndarray, lengths: np.ndarray) -> list[dict]:
    """Return the bits a character by the number of tokens before it, read in windows that start from nothing."""
    if getattr(saved.module, "BOUND", False):
        return []  # it reads pieces: no token has others before it
    length = min(REACH, len(ids))
    starts = np.linspace(0, len(ids) - length, min(WINDOWS, len(ids) // length)).astype(int)
    places = starts[:, None] + np.arange(length)
    costs = np.mean([model.bits_from_nothing(ids[places]) for _, model in saved.replicas()], axis=0)
    edges = [0, *(2**power for power in range(20) if 2**power < length), length]
    return [
        {
            "from": start,
            "to": end - 1,
            "bits_per_character": float(costs[:, start:end].sum() / lengths[places[:, start:end]].sum()),
        }
        for start, end in itertools.pairwise(edges)
    ]
