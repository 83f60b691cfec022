"""What `compare` has to know of sequence to sequence: its items are the test part's sources."""

from pathlib import Path

import numpy as np
import pandas as pd
from sacrebleu.significance import PairedTest

from stages.claims import Claim
from stages.params import Evaluation
from stages.seq2seq.metrics import COLUMNS, bleu, figures, streams
from stages.significance import Measure

# Of the figures the one that says something both of words and of verses, of which hardly any is written exactly.
MEASURE = Measure("phone_error_rate", "test error rate of units", "points of the error rate of units", False, 100, 1)
METRICS = {
    "word_error_rate": "Outputs wrong ↓",
    "phone_error_rate": "Units wrong ↓",
    "bleu": "BLEU",
    "chrf": "chrF",
    "exact_match": "Exact match",
}
ITEM = ["id", "source_tokens"]  # columns that must be the same for all models
LENGTH = "source_tokens"  # the column by which claims choose the longest and shortest items
BOTTLENECK = "A fixed vector is a bottleneck: attention helps on long sources"
CLAIMS = (
    Claim("Attention beats one fixed vector", "bahdanau", "encoder_decoder", "all"),
    Claim("Attention beats one fixed vector", "luong", "encoder_decoder", "all"),
    Claim(BOTTLENECK, "bahdanau", "encoder_decoder", "longest"),
    Claim(BOTTLENECK, "luong", "encoder_decoder", "longest"),
    Claim("(for comparison: attention on short sources)", "bahdanau", "encoder_decoder", "shortest"),
    Claim("(for comparison: attention on short sources)", "luong", "encoder_decoder", "shortest"),
    Claim("A network writes phones better than a window of letters", "luong", "letter_window", "all"),
    Claim("A network translates better than a table of words", "luong", "ibm1", "all"),
)

__all__ = ["CLAIMS", "ITEM", "LENGTH", "MEASURE", "METRICS", "by_item", "by_seed", "figures", "further"]


def by_seed(table: pd.DataFrame) -> np.ndarray:
    """Return every source's contributions to the figures, (seeds, sources, columns), from a table of predictions."""
    return np.stack(
        [np.insert(rows[list(COLUMNS)].to_numpy(float), 0, 1.0, axis=1) for _, rows in table.groupby("seed")]
    )


def by_item(table: pd.DataFrame) -> np.ndarray:
    """Return what each source adds to the error rate of units, the mean over seeds, (sources,): their mean is the rate.

    The closest reference, and so its length, may differ by seed.
    """
    found = table.groupby("seed")[["edits", "units"]]
    rates = [rows["edits"].to_numpy(float) / rows["units"].mean() for _, rows in found]
    return np.mean(rates, axis=0)


def further(dataset: str, tables: dict[str, pd.DataFrame], baseline: str | None, choices: Evaluation) -> dict:
    """Return sacrebleu's own paired bootstrap of BLEU (Koehn 2004): every model's first seed against the baseline's."""
    if baseline is None or len(tables) < 2:
        return {}
    test = pd.read_parquet(Path("data/prepared", dataset, "test.parquet"), columns=["targets"])
    outputs = {name: table[table["seed"] == table["seed"].iloc[0]]["output"].tolist() for name, table in tables.items()}
    systems = [(name, outputs[name]) for name in (baseline, *(name for name in tables if name != baseline))]
    references = streams([list(texts) for texts in test["targets"]])
    signatures, found = PairedTest(systems, {"BLEU": bleu()}, references, "bs", n_samples=choices.bootstrap)()
    models = {
        name: {"bleu": result.score, "mean": result.mean, "half_interval": result.ci, "p": result.p_value}
        for name, result in zip(found["System"], found["BLEU"], strict=True)
    }
    return {"paired_bleu": {"baseline": baseline, "models": models, "signature": str(signatures["BLEU"])}}
