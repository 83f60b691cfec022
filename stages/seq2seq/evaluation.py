"""A trained model of pairs on the test part: what it writes, by beam and greedily, and how far that is from right."""

from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from stages.clock import clock
from stages.params import load
from stages.replicas import side_by_side
from stages.seq2seq.data import UNKNOWN, Written
from stages.seq2seq.metrics import COLUMNS, contributions, figures, signatures
from stages.seq2seq.params import Decoding
from stages.seq2seq.saved import Saved
from stages.seq2seq.splitting import content_hash
from stages.tasks import Measured

SHOWN = 5  # examples
READABLE = 20  # tokens of an example's source at most, so that its attention can be read
BANDS = 8  # of sources by length
GREEDY = "greedy."  # before the name of a column: of greedy search


class Outputs(NamedTuple):
    """What one replica writes for the test part."""

    beam: list[list[Written]]
    greedy: list[list[Written]]
    attended: list[dict] | None  # of the chosen outputs of the beam
    seconds: float  # that the beam took


def measure(saved: Saved) -> Measured:
    """Return what a model did on its dataset's test part; its replicas write side by side."""
    test = pd.read_parquet(Path("data/prepared", saved.about["dataset"], "test.parquet"))
    params, sources = load(), test["source"].tolist()
    references = [list(texts) for texts in test["targets"]]
    rows = saved.vocabularies.encode("source", sources, cut=False)
    told = pd.DataFrame({"id": test["id"], "source_tokens": [len(row) - 1 for row in rows]})
    chosen, seeds = _chosen(told["source_tokens"].to_numpy()), saved.about["seeds"]
    outputs = side_by_side(partial(write, saved.folder, sources, chosen), seeds, params.parallel)
    tables, unit = [], saved.vocabularies.units["target"]
    for seed, written in zip(seeds, outputs, strict=True):
        marked = ((written.beam, ""), (written.greedy, GREEDY))
        found = [_table(texts, references, unit, mark) for texts, mark in marked]
        tables.append(pd.concat([told.assign(seed=seed), *found], axis=1))
    predictions = pd.concat(tables)
    return Measured(
        predictions,
        scores={seed: scores(table) for seed, table in predictions.groupby("seed")},
        details={
            "greedy": scores(predictions, GREEDY),
            "by_length": by_length(predictions),
            "cut": _cut(predictions, rows, saved.vocabularies.maximum["source"]),
            "signature": _signature(saved, test, references, params.seq2seq.decoding, rows),
        },
        seconds=sum(written.seconds for written in outputs),
        items=len(test) * len(tables),
        examples={"written": _examples(test, tables[0], chosen), "attended": outputs[0].attended},
    )


def write(folder: Path, sources: list[str], chosen: np.ndarray, seed: int) -> Outputs:
    """Have one replica of a saved model write every source, by beam and greedily, and show where `chosen` attended."""
    decoding = load().seq2seq.decoding
    [(_, model)] = Saved(folder).replicas([seed])
    began = clock.seconds()
    beam = model.translate(sources, decoding.beam, 1, decoding.length_penalty)
    seconds = clock.seconds() - began
    greedy = model.translate(sources, 1)
    return Outputs(beam, greedy, _attended(model, [(sources[row], beam[row][0].text) for row in chosen]), seconds)


def _table(written: list[list[Written]], references: list[list[str]], unit: str, mark: str) -> pd.DataFrame:
    """Return a row a source: output, ended, and what it adds to the figures; `mark` stands before every name."""
    best = [outputs[0] for outputs in written]
    added = contributions([one.text for one in best], references, unit)
    table = pd.DataFrame({"output": [one.text for one in best], "ended": [one.ended for one in best]})
    counts = pd.DataFrame(added.astype(np.int32), columns=COLUMNS)
    return pd.concat([table, counts], axis=1).add_prefix(mark)


def scores(table: pd.DataFrame, mark: str = "") -> dict[str, float]:
    """Return the figures of all rows of a table of predictions."""
    sums = table[[mark + column for column in COLUMNS]].sum().to_numpy(float)
    return {name: float(value) for name, value in figures(np.array([len(table), *sums])).items()}


def by_length(predictions: pd.DataFrame) -> list[dict]:
    """Return the figures in bands of about as many sources each, the shortest first; equal lengths stay together."""
    lengths = predictions["source_tokens"]
    share = lengths.rank(method="min", pct=True)
    band = np.ceil(share * BANDS - 1e-9)
    return [
        {"from": int(lengths[rows].min()), "to": int(lengths[rows].max()), "sources": int(rows.sum())}
        | scores(predictions[rows])
        for rows in (band == number for number in sorted(band.unique()))
    ]


def _cut(predictions: pd.DataFrame, rows: list[np.ndarray], maximum: int) -> dict[str, int]:
    """Return how many sources lost their end, and how many outputs, a seed, have none at their most tokens."""
    seeds = predictions["seed"].nunique()
    outputs = {
        name: int((~predictions[f"{mark}ended"]).sum()) / seeds for name, mark in (("beam", ""), ("greedy", GREEDY))
    }
    return {"sources": sum(len(row) > maximum for row in rows)} | outputs


def _signature(
    saved: Saved, test: pd.DataFrame, references: list[list[str]], decoding: Decoding, rows: list[np.ndarray]
) -> dict:
    """Return what a figure must be read with."""
    sizes, units = saved.vocabularies.sizes, saved.vocabularies.units
    return {
        "part": "test",
        "split": content_hash(test),
        "items": len(test),
        "references": sum(map(len, references)),
        "seeds": saved.about["seeds"],
        "vocabulary": sizes.target,
        "source_vocabulary": sizes.source,
        "unknown": sum(int(np.count_nonzero(row == UNKNOWN)) for row in rows),
        "tokens": f"{units['source']} to {units['target']}",
        "units": "characters" if units["target"] == "character" else "what white space parts",
        "beam": decoding.beam,
        "length_penalty": decoding.length_penalty,
        "average": "mean over seeds; the closest reference counts",
    } | signatures(references)


def _chosen(tokens: np.ndarray) -> np.ndarray:
    """Return the rows of a few sources that are short enough to be looked at, the same for all models."""
    readable = np.flatnonzero((tokens <= READABLE) & (tokens >= min(6, tokens.max())))
    return np.random.default_rng(0).permutation(readable)[:SHOWN]


def _examples(test: pd.DataFrame, table: pd.DataFrame, chosen: np.ndarray) -> list[dict]:
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
        for row in chosen
    ]


def _attended(model: Any, pairs: list[tuple[str, str]]) -> list[dict] | None:
    """Return where a model attended as it wrote some outputs: tokens of both sides and weights (output's, source's)."""
    if not getattr(model, "attends", False):
        return None
    found = []
    for source, output in pairs:
        read, wrote, weights = model.attention(source, output)
        found.append({"read": read, "wrote": wrote, "weights": weights.round(3).astype(float).tolist()})
    return found
