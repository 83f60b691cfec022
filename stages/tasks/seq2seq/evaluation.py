"""A trained model of pairs on the test part: what it writes, by beam and greedily, and how far that is from right."""

import re
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from stages.config.dataset import Dataset
from stages.config.resolved import read_resolved
from stages.config.schema import ParallelConfig
from stages.evaluation.metric import measure
from stages.runtime.clock import clock
from stages.tasks.base import EvaluationResult
from stages.tasks.seq2seq.config import Decoding
from stages.tasks.seq2seq.metrics import METRICS
from stages.tasks.seq2seq.modeling.contract import BeamHypothesis, Translator
from stages.tasks.seq2seq.modeling.data import UNKNOWN
from stages.tasks.seq2seq.modeling.saved import Saved, SavedTranslator
from stages.tasks.seq2seq.modeling.statistics import (
    COLUMNS,
    signatures,
    sufficient_statistics,
)
from stages.tasks.seq2seq.splitter import content_hash
from stages.training.parallel import run_parallel

SHOWN = 5  # examples
READABLE = (6, 20)  # tokens of an example's source, so that its alignment can be read
BANDS = 8  # of sources by length
NAME = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]+\b")
GREEDY = "greedy."  # before the name of a column: of greedy search


class Outputs(NamedTuple):
    """What one replica writes for the test part."""

    beam: list[list[BeamHypothesis]]
    greedy: list[list[BeamHypothesis]]
    alignments: list[dict[str, Any]] | None  # of the examples
    seconds: float  # that the beam took


class Work(NamedTuple):
    """What a replica is asked to write."""

    saved: type[SavedTranslator]
    folder: Path  # of the trained model
    sources: list[Any]
    examples: np.ndarray  # rows whose alignments are shown
    decoding: Decoding


def evaluate(saved: Saved, dataset: Dataset, parallel: ParallelConfig) -> EvaluationResult:
    """Return what a model did on its dataset's test part; its replicas write side by side."""
    test = pd.read_parquet(dataset.part("test"))
    sources: list[str] = test["source"].tolist()
    ids = saved.vocabularies.encode_sources(sources, cut=False)
    lengths = pd.DataFrame({"source_tokens": [len(row) - 1 for row in ids]})
    examples = choose_examples(lengths["source_tokens"].to_numpy(), *READABLE)
    outputs, result = measure_translator(saved, dataset, test, sources, lengths, examples, parallel)
    sizes, units = saved.vocabularies.sizes, saved.vocabularies.units
    signature = result.details["signature"] | {
        "split": content_hash(test),
        "source_vocabulary": sizes.source,
        "unknown": sum(int(np.count_nonzero(row == UNKNOWN)) for row in ids),
        "tokens": f"{units['source']} to {units['target']}",
    }
    cut = result.details["cut"] | {"sources": sum(len(row) > saved.vocabularies.maximum["source"] for row in ids)}
    references = [list(texts) for texts in test["targets"]]
    details = result.details | {"signature": signature | signatures(references), "cut": cut}
    details["names"] = names(sources, references, result.predictions)
    worst = worst_rows(result.predictions[: len(test)], saved.vocabularies.maximum["source"])
    shown = {
        "written": _examples(test, result.predictions, examples),
        "alignments": outputs[0].alignments,
        "worst": _examples(test, result.predictions, worst),
    }
    return replace(result, details=details, examples=shown)


def measure_translator(
    saved: SavedTranslator,
    dataset: Dataset,
    test: pd.DataFrame,
    sources: list[Any],
    lengths: pd.DataFrame,
    examples: np.ndarray,
    parallel: ParallelConfig,
) -> tuple[list[Outputs], EvaluationResult]:
    """Return what each replica of a model writes for the test part, and its metrics.

    Args:
        saved: the model.
        dataset: its dataset.
        test: columns id and targets.
        sources: as the model reads them, one a row.
        lengths: of the sources, one column, whose name the predictions have.
        examples: rows whose alignments are to be shown.
        parallel: how replicas write side by side.
    """
    decoding = read_resolved(dataset.paths.task_params(dataset.task, "decoding"), Decoding)
    references = [list(texts) for texts in test["targets"]]
    work = Work(type(saved), saved.folder, sources, examples, decoding)
    outputs = run_parallel(partial(write_outputs, work), saved.seeds, parallel)
    unit = saved.preprocessor.units["target"]
    items = pd.concat([test[["id"]].reset_index(drop=True), lengths], axis=1)
    tables = [
        pd.concat([items.assign(seed=seed), *_tables(written, references, unit)], axis=1)
        for seed, written in zip(saved.seeds, outputs, strict=True)
    ]
    predictions = pd.concat(tables)
    return outputs, EvaluationResult(
        predictions,
        scores={int(str(seed)): scores(table) for seed, table in predictions.groupby("seed")},
        details={
            "greedy": scores(predictions, GREEDY),
            "by_length": by_length(predictions, str(lengths.columns[0])),
            "cut": _count_cut(predictions),
            "signature": _signature(saved, references, decoding),
        },
        seconds=sum(written.seconds for written in outputs),
        items=len(test) * len(tables),
    )


def write_outputs(work: Work, seed: int) -> Outputs:
    """Have one replica of a saved model write every source, by beam and greedily, and show the examples' alignments."""
    [(_, model)] = work.saved(work.folder).replicas([seed])
    began = clock.seconds()
    beam = model.translate(work.sources, work.decoding.beam, 1, work.decoding.length_penalty)
    seconds = clock.seconds() - began
    greedy = model.translate(work.sources, 1)
    pairs = [(work.sources[row], beam[row][0].text) for row in work.examples]
    return Outputs(beam, greedy, _alignments(model, pairs), seconds)


def _tables(outputs: Outputs, references: list[list[str]], unit: str) -> list[pd.DataFrame]:
    """Return for beam and greedy search a row for each source: output, ended, and its sufficient statistics."""
    tables = []
    for hypotheses, prefix in ((outputs.beam, ""), (outputs.greedy, GREEDY)):
        best = [candidates[0] for candidates in hypotheses]
        statistics = sufficient_statistics([one.text for one in best], references, unit)
        table = pd.DataFrame({"output": [one.text for one in best], "ended": [one.ended for one in best]})
        counts = pd.DataFrame(statistics.astype(np.int32), columns=list(COLUMNS))
        tables.append(pd.concat([table, counts], axis=1).add_prefix(prefix))
    return tables


def scores(table: pd.DataFrame, prefix: str = "") -> dict[str, float]:
    """Return the metrics of all rows of a table of predictions."""
    sums = table[[prefix + column for column in COLUMNS]].sum().to_numpy(float)
    return measure(METRICS, np.array([len(table), *sums]))


def by_length(predictions: pd.DataFrame, column: str) -> list[dict[str, Any]]:
    """Return the metrics in bands of about as many sources each, the shortest first; equal lengths stay together.

    `column`: of the sources' lengths.
    """
    lengths = predictions[column]
    share = lengths.rank(method="min", pct=True).to_numpy()
    band = np.ceil(share * BANDS - 1e-9)
    return [
        {"from": int(lengths[rows].min()), "to": int(lengths[rows].max()), "sources": int(rows.sum())}
        | scores(predictions[rows])
        for rows in (band == number for number in np.unique(band))
    ]


def _count_cut(predictions: pd.DataFrame) -> dict[str, float]:
    """Return how many outputs per seed were cut at their most tokens."""
    seeds = predictions["seed"].nunique()
    return {
        name: int((~predictions[f"{prefix}ended"]).sum()) / seeds for name, prefix in (("beam", ""), ("greedy", GREEDY))
    }


def _signature(saved: SavedTranslator, references: list[list[str]], decoding: Decoding) -> dict[str, Any]:
    """Return what a metric must be read with, whatever the sources are."""
    unit = saved.preprocessor.units["target"]
    return {
        "part": "test",
        "items": len(references),
        "references": sum(map(len, references)),
        "seeds": saved.seeds,
        "vocabulary": saved.preprocessor.target.get_vocab_size(),
        "units": "characters" if unit == "character" else "what white space separates",
        "beam": decoding.beam,
        "length_penalty": decoding.length_penalty,
        "average": "mean over seeds; the closest reference counts",
    }


def choose_examples(lengths: np.ndarray, shortest: int, longest: int) -> np.ndarray:
    """Return the rows of a few sources that are neither too short nor too long to be looked at, for all models."""
    readable = np.flatnonzero((lengths <= longest) & (lengths >= min(shortest, lengths.max())))
    return np.random.default_rng(0).permutation(readable)[:SHOWN]


def worst_rows(predictions: pd.DataFrame, longest: int) -> np.ndarray:
    """Return the rows of the few sources that are read whole with the most edits for each unit of the reference.

    Args:
        predictions: of one seed.
        longest: the most tokens that are read of a source, its end among them.
    """
    rate = predictions["edits"].to_numpy() / np.maximum(predictions["units"].to_numpy(), 1)
    order = np.argsort(-rate, kind="stable")
    return order[(rate[order] > 0) & (predictions["source_tokens"].to_numpy()[order] < longest)][:SHOWN]


def names(sources: list[str], references: list[list[str]], predictions: pd.DataFrame) -> dict[str, int] | None:
    """Return how many names are to be copied, `names`, and how many were, `copied`; None where there are none.

    Both are over all seeds.

    A name is a word with a capital within a sentence of the first reference, which the source has as well.
    """
    to_copy = [
        {name for name in NAME.findall(texts[0]) if re.search(rf"\b{name}\b", source)}
        for source, texts in zip(sources, references, strict=True)
    ]
    wanted = sum(map(len, to_copy)) * predictions["seed"].nunique()
    copied = sum(
        len(wanted_here & {*re.findall(r"\w+", output)})
        for _, rows in predictions.groupby("seed")
        for wanted_here, output in zip(to_copy, rows["output"], strict=True)
    )
    return {"names": wanted, "copied": copied} if wanted else None


def _examples(test: pd.DataFrame, table: pd.DataFrame, rows: np.ndarray) -> list[dict[str, Any]]:
    """Return some sources with their references and what the first seed wrote."""
    return [
        {
            "id": test["id"].iloc[row],
            "source": test["source"].iloc[row],
            "references": list(test["targets"].iloc[row]),
            "output": table["output"].iloc[row],
            "greedy": table[f"{GREEDY}output"].iloc[row],
            "edits": int(table["edits"].iloc[row]),
        }
        for row in rows
    ]


def _alignments(model: Translator, pairs: list[tuple[str, str]]) -> list[dict[str, Any]] | None:
    """Return where a model attended as it wrote some outputs: tokens of both sides and weights (output's, source's)."""
    if not model.attends:
        return None
    alignments = [model.align(source, output) for source, output in pairs]
    return [
        {"source": one.source, "output": one.output, "weights": one.weights.round(3).astype(float).tolist()}
        for one in alignments
    ]
