"""Text parts → vocabularies fitted on train alone, and ids; the test part gets its ids from `evaluate`."""

from pathlib import Path

import numpy as np

from stages.console import run
from stages.files import whole, write_json, write_text
from stages.tasks import task_module


def tokenize(dataset: str) -> None:
    """Fit a dataset's vocabularies on train, and write its parts as ids and what they are like."""
    prepared = Path("data/prepared", dataset)
    with whole(prepared / "tokens") as output:
        report, lengths = task_module(dataset, "tokenizing").tokenize(dataset, prepared, output)
    write_json(Path("reports/tokens") / f"{dataset}.json", {"dataset": dataset} | report)
    write_text(Path("reports/plots/lengths") / f"{dataset}.csv", histogram(lengths))
    tokens = sum(int(part @ np.arange(len(part))) for part in lengths.values())
    print(f"{dataset}: {tokens} tokens in {sum(int(part.sum()) for part in lengths.values())} texts")


def histogram(lengths: dict[str, np.ndarray], bins: int = 40) -> str:
    """Return CSV rows of how many of a part's texts have up to so many tokens and more than the row before.

    Args:
        lengths: by part, how many texts have 0, 1, 2, … tokens.
        bins: rows of a part at most.
    """
    width = -(-max(len(part) for part in lengths.values()) // bins)
    rows = ["part,tokens,texts"]
    for name, part in lengths.items():
        starts = np.arange(0, len(part), width)
        counts = np.add.reduceat(part, starts)
        rows += [f"{name},{start + width - 1},{count}" for start, count in zip(starts, counts, strict=True)]
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    run(tokenize)
