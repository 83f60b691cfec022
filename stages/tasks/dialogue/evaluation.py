"""A trained model of replies on the test part: what it chooses, and what it writes."""

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from stages.config.dataset import Dataset
from stages.config.resolved import read_resolved
from stages.config.schema import ParallelConfig
from stages.runtime.clock import clock
from stages.tasks.base import EvaluationResult
from stages.tasks.dialogue.modeling.saved import Saved
from stages.tasks.dialogue.modeling.statistics import hits, recalls
from stages.tasks.dialogue.modeling.training import candidates
from stages.tasks.replies import CANDIDATES
from stages.tasks.seq2seq.config import Decoding
from stages.tasks.seq2seq.modeling.contract import Translator
from stages.tasks.seq2seq.splitter import content_hash
from stages.training.parallel import run_parallel

WRITTEN = 300  # replies of test for which models write one
SHOWN = 8  # examples
BLAND = 50  # most frequent replies of train, which count as bland


class Work(NamedTuple):
    """What a replica is asked to do."""

    folder: str  # of the trained model
    test: pd.DataFrame
    decoding: Decoding


class Outcome(NamedTuple):
    """What one replica did."""

    scores: np.ndarray  # (replies, candidates), of which the first is right
    seconds: float  # that they took
    written: list[str] | None  # replies to the first turns of test; None of a model that writes none
    cost: tuple[float, float] | None  # nats and tokens of all replies, of a network that writes


def evaluate(saved: Saved, dataset: Dataset, parallel: ParallelConfig) -> EvaluationResult:
    """Return what a model did on its dataset's test part; its replicas work side by side."""
    test = pd.read_parquet(dataset.part("test"))
    decoding = read_resolved(dataset.paths.task_params(dataset.task, "decoding"), Decoding)
    work = Work(str(saved.folder), test, decoding)
    outcomes = run_parallel(partial(of_replica, work), saved.seeds, parallel)
    lengths = [len(row) - 1 for row in saved.vocabularies.encode_sources(test["source"].tolist(), cut=False)]
    items = test[["id", "conversation"]].assign(source_tokens=lengths)
    tables = [
        pd.concat([items.assign(seed=seed), hits(outcome.scores)], axis=1)
        for seed, outcome in zip(saved.seeds, outcomes, strict=True)
    ]
    bland = frequent(pd.read_parquet(dataset.part("train"), columns=["targets"])["targets"])
    return EvaluationResult(
        pd.concat(tables),
        scores={seed: recalls(table) for seed, table in zip(saved.seeds, tables, strict=True)},
        details={
            "perplexity": perplexity(outcomes),
            "writing": [variety(each.written, bland) for each in outcomes if each.written is not None],
            "signature": {
                "part": "test",
                "split": content_hash(test),
                "items": len(test),
                "conversations": int(test["conversation"].nunique()),
                "seeds": saved.seeds,
                "candidates": CANDIDATES,
                "written": WRITTEN,
                "beam": decoding.beam,
                "vocabulary": saved.vocabularies.target.get_vocab_size(),
                "history": saved.metadata["history"],
                "average": "mean over seeds",
            },
        },
        seconds=sum(outcome.seconds for outcome in outcomes),
        items=len(test) * len(tables),
        examples=_examples(test, outcomes[0]),
    )


def of_replica(work: Work, seed: int) -> Outcome:
    """Have one replica choose among all candidates, and write what it would reply."""
    from pathlib import Path

    saved, test = Saved(Path(work.folder)), work.test
    ((_, model),) = saved.replicas([seed])
    contexts, each = test["source"].tolist(), candidates(test)
    began = clock.seconds()
    scores = model.choose(contexts, each)
    seconds = clock.seconds() - began
    if not isinstance(model, Translator):
        return Outcome(scores, seconds, None, None)
    outputs = model.translate(contexts[:WRITTEN], work.decoding.beam, 1, work.decoding.length_penalty)
    written = [best[0].text for best in outputs]
    if not saved.neural:
        return Outcome(scores, seconds, written, None)
    from stages.tasks.dialogue.modeling.network import WritingChooser  # imports Keras

    assert isinstance(model, WritingChooser)
    nats, tokens = model.costs(contexts, [texts[0] for texts in each])
    return Outcome(scores, seconds, written, (float(nats.sum()), float(tokens.sum())))


def perplexity(outcomes: Sequence[Outcome]) -> list[float]:
    """Return each seed's perplexity of a reply's token, its end among them; none of models that do not write."""
    return [float(np.exp(cost[0] / cost[1])) for outcome in outcomes if (cost := outcome.cost) is not None]


def frequent(targets: pd.Series) -> set[str]:
    """Return the most frequent replies of train, case aside: those that fit everywhere."""
    return {text for text, _ in Counter(texts[0].casefold() for texts in targets).most_common(BLAND)}


def variety(written: Sequence[str], bland: set[str]) -> dict[str, float]:
    """Return the shares of different words and pairs of words (Li et al. 2016) in replies, and of bland ones.

    Returns:
        distinct_1, distinct_2, bland (the share that is among train's most frequent), and words, of a reply.
    """
    words = [text.casefold().split() for text in written]
    runs = {
        number: [tuple(each[start : start + number]) for each in words for start in range(len(each) - number + 1)]
        for number in (1, 2)
    }
    shares = {f"distinct_{number}": len({*each}) / max(len(each), 1) for number, each in runs.items()}
    return shares | {
        "bland": float(np.mean([text.casefold() in bland for text in written])),
        "words": float(np.mean([len(each) for each in words])),
    }


def _examples(test: pd.DataFrame, outcome: Outcome) -> dict[str, Any]:
    """Return some of what the first seed chose and wrote, of replies drawn for all models alike."""
    rows = np.random.default_rng(0).permutation(min(len(test), WRITTEN))[:SHOWN]
    each = candidates(test)
    return {
        "replies": [
            {
                "id": test["id"].iloc[row],
                "said": test["source"].iloc[row],
                "reply": each[row][0],
                "chosen": each[row][int(outcome.scores[row].argmax())],
                "place": int((outcome.scores[row][1:] >= outcome.scores[row][0]).sum()) + 1,
                "written": None if outcome.written is None else outcome.written[row],
            }
            for row in rows
        ]
    }
